import { constantTimeEqual } from "../bytes/bytes.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { boundLeaf, leafOf } from "./leaf.ts";
import { type Header, type Line, MARK_DIGITS, parseLine, splitLines } from "./line.ts";
import { type Before, headerMessage, type Mac, recordMessage } from "./line_mac.ts";
import { bitsSet, Frontier, type Hash, isEqual } from "./merkle.ts";
import { movesIn } from "./moves.ts";
import { headOf } from "./record_head.ts";

/** What a log file holds, as far as it takes to go on writing it. */
export interface Scanned {
  readonly header: Header;
  readonly frontier: Frontier;
  /** Of the last transaction recorded, in this file or before it. */
  readonly revision: number;
  /** See `movesIn`. */
  readonly life: string;
  /** Whether a record or the header is of format 2. */
  readonly isProved: boolean;
  /** Records after the newest checkpoint. */
  readonly unsigned: number;
  /** What the next record stands behind. */
  readonly before: Before;
  /** Whether a checkpoint was ever signed. */
  readonly isSigned: boolean;
  /** Length of what is proved; anything after that was torn, changed or added. */
  readonly wholeBytes: number;
  /** The first whole line that is not proved. */
  readonly aside?: {
    readonly line: number;
    readonly lines: number;
    /** It has zero bytes, as a failure of power leaves them. */
    readonly hasHole: boolean;
  };
}

/** A file that cannot be gone on with: from which line on, and why. */
export interface Unusable {
  /** Line number in the file, from 1. */
  readonly line: number;
  /** Why the log cannot be continued. */
  readonly reason:
    | "no header"
    | "a line that is none"
    | "a record that was changed"
    | "another root"
    | "records are missing";
}

/** A tree head that the file has to lead to, where it is long enough. */
export interface Expected {
  /** Number of leaves. */
  readonly size: number;
  /** Root hash, 32 bytes. */
  readonly root: Uint8Array;
}

/** What it takes to trust a file. */
export interface Trust {
  readonly log: string;
  readonly hash: Hash;
  /** Undefined for a note that the log's key has not signed. */
  readonly openCheckpoint: (note: string) => Checkpoint | undefined;
  readonly mac: Mac;
  readonly expected?: Expected | undefined;
}

/**
 * Reads a log file from its beginning, and answers how far it is proved: by the newest signed checkpoint that fits the
 * tree, and after that by the MAC of each record. What follows is not adopted, whatever it is; when a signed checkpoint
 * or `expected` counts more records than are proved, the file was damaged or cut.
 */
export function scanFile(bytes: Uint8Array, trust: Trust): Scanned | Unusable {
  const { lines } = splitLines(bytes);
  const first = lines[0] && parseLine(lines[0]);
  if (first?.kind !== "header") return { line: 1, reason: "no header" };
  const { header } = first;
  if (header.log !== trust.log || !isTree(header) || !isProvedHeader(header, trust)) {
    return { line: 1, reason: "no header" };
  }
  const walk = new Walk(lines, header, trust);
  const signed = walk.toNewestCheckpoint();
  if (header.mac === undefined && header.first > 0 && signed.line === 1) {
    return { line: 1, reason: "no header" };
  }
  const end = walk.throughProved(signed);
  return walk.missing(end) ?? {
    header,
    frontier: end.frontier,
    revision: end.revision,
    life: end.life,
    isProved: end.isProved,
    unsigned: end.unsigned,
    before: end.before,
    isSigned: header.first > 0 || signed.line > 1,
    wholeBytes: lines.slice(0, end.line).reduce((sum, { length }) => sum + length + 1, 0),
    ...(end.line < lines.length ? { aside: asideOf(lines, end.line) } : {}),
  };
}

function asideOf(lines: readonly Uint8Array[], from: number) {
  const hasHole = lines[from]?.includes(0) === true;
  return { line: from + 1, lines: lines.length - from, hasHole };
}

/** A header of the older format is not proved: it may name roots that no tree of its size has. */
function isTree({ first, roots }: Header): boolean {
  return roots.length === bitsSet(first);
}

function isProvedHeader(header: Header, { mac }: Trust): boolean {
  if (header.mac === undefined) return true;
  return constantTimeEqual(mac(headerMessage(header)), header.mac);
}

/** The state of a log before a line. */
interface State {
  /** How many lines were taken. */
  readonly line: number;
  readonly frontier: Frontier;
  readonly revision: number;
  readonly life: string;
  readonly isProved: boolean;
  readonly unsigned: number;
  readonly before: Before;
}

/** Goes through the lines of one file, first on the tree alone, then on MACs. */
class Walk {
  readonly #lines: readonly Uint8Array[];
  readonly #trust: Trust;
  readonly #start: State;

  constructor(lines: readonly Uint8Array[], header: Header, trust: Trust) {
    const { first, roots, revision, life, mac } = header;
    this.#lines = lines;
    this.#trust = trust;
    const frontier = new Frontier(first, roots, trust.hash);
    const isProved = mac !== undefined;
    const rest = { unsigned: 0, before: undefined };
    this.#start = { line: 1, frontier, revision, life, isProved, ...rest };
  }

  /** The state after the newest checkpoint that is signed and fits the tree: all before it is what was written. */
  toNewestCheckpoint(): State {
    const fitting: { state: State; note: string }[] = [];
    let state = this.#copy(this.#start);
    for (const bytes of this.#lines.slice(1)) {
      const line = parseLine(bytes);
      const next = this.#after(state, line);
      if (!next) break;
      state = next;
      if (line.kind === "checkpoint") fitting.push({ state: this.#copy(state), note: line.note });
    }
    const signed = fitting.findLast(({ state, note }) => this.#fits(state.frontier, note));
    return signed?.state ?? this.#start;
  }

  /** The state after the last line that is proved by its own MAC or signature. */
  throughProved(from: State): State {
    let state = this.#copy(from);
    for (const bytes of this.#lines.slice(from.line)) {
      const line = parseLine(bytes);
      if (!this.#isProved(state, line)) break;
      const next = this.#after(state, line);
      if (!next) break;
      state = next;
    }
    return state;
  }

  /** Why a file that is proved up to here is not whole. */
  missing(end: State): Unusable | undefined {
    const { expected } = this.#trust;
    const { size } = end.frontier;
    const damaged = this.#damageAt(end);
    if (damaged) return damaged;
    if (!expected || expected.size < this.#start.frontier.size) return undefined;
    if (expected.size > size) return { line: 1, reason: "records are missing" };
    return this.#otherRoot(expected);
  }

  /**
   * Where a signed checkpoint stands behind what is proved and does not fit it. One behind a hole says nothing: both
   * may have been on their way to the disk when the power failed.
   */
  #damageAt({ line, frontier }: State): Unusable | undefined {
    const [stop, ...behind] = this.#lines.slice(line);
    if (!stop || stop.includes(0)) return undefined;
    const counts = [stop, ...behind].map((bytes) => {
      const read = parseLine(bytes);
      if (read.kind !== "checkpoint" || this.#fits(frontier, read.note)) return 0;
      return this.#trust.openCheckpoint(read.note)?.size ?? 0;
    });
    if (!counts.some((count) => count >= frontier.size && count > 0)) return undefined;
    const { kind } = parseLine(stop);
    if (kind === "checkpoint") return { line: line + 1, reason: "another root" };
    const isRecord = kind === "record";
    return {
      line: line + 1,
      reason: isRecord ? "a record that was changed" : "a line that is none",
    };
  }

  #otherRoot(expected: Expected): Unusable | undefined {
    let state = this.#copy(this.#start);
    while (state.frontier.size < expected.size) {
      const next = this.#after(state, parseLine(this.#lines[state.line] as Uint8Array));
      if (!next) break;
      state = next;
    }
    const isSame = isEqual(state.frontier.root(), expected.root);
    return isSame ? undefined : { line: state.line, reason: "another root" };
  }

  #copy(state: State): State {
    return { ...state, frontier: state.frontier.copy() };
  }

  #fits(tree: Frontier, note: string): boolean {
    const checkpoint = this.#trust.openCheckpoint(note);
    return checkpoint?.size === tree.size && isEqual(checkpoint.root, tree.root());
  }

  #isProved({ frontier, before }: State, line: Line): boolean {
    const { log, mac, hash } = this.#trust;
    if (line.kind === "checkpoint") return this.#fits(frontier, line.note);
    if (line.kind !== "record" || line.mac === undefined) return false;
    const message = recordMessage(log, frontier, before, leafOf(line.bytes, hash));
    return constantTimeEqual(mac(message), line.mac);
  }

  /** Takes a line; undefined where it cannot stand there. Changes the state's tree. */
  #after(state: State, line: Line): State | undefined {
    const { frontier } = state;
    const { hash } = this.#trust;
    const next = { ...state, line: state.line + 1 };
    if (line.kind === "checkpoint") return { ...next, unsigned: 0, before: undefined };
    if (line.kind === "dropped") frontier.append(line.leaf);
    else if (line.kind === "droppedBound") frontier.append(boundLeaf(line.of, line.digest, hash));
    else if (line.kind !== "record") return undefined;
    else {
      const leaf = leafOf(line.bytes, hash);
      const isWhole = leaf.subarray(0, MARK_DIGITS / 2).toHex() === line.mark &&
        headOf(line.bytes)?.n === frontier.size;
      if (!isWhole) return undefined;
      frontier.append(leaf);
      const { revision = state.revision, life = state.life } = movesIn(line.bytes);
      const isProved = state.isProved || line.mac !== undefined;
      const unsigned = state.unsigned + 1;
      return { ...next, revision, life, isProved, unsigned, before: line.mac };
    }
    return next;
  }
}
