import { Frontier, type Hash, leafHash } from "./merkle.ts";
import { type Header, MARK_DIGITS, parseLine, splitLines } from "./line.ts";

/** What a log file holds, as far as it takes to go on writing it. */
export interface Scanned {
  readonly header: Header;
  readonly frontier: Frontier;
  /** Of the last transaction recorded, in this file or before it. */
  readonly revision: number;
  /** Records after the newest checkpoint. */
  readonly unsigned: number;
  /** Whether a checkpoint was ever signed. */
  readonly isSigned: boolean;
  /** Length of what is whole; anything after that was being written when the process ended. */
  readonly wholeBytes: number;
  /** The first line with a hole in it: the power failed before all of the file was on the disk. */
  readonly holeAtLine?: number;
}

/** A file that cannot be gone on with: from which line on, and why. */
export interface Unusable {
  readonly line: number;
  readonly reason:
    | "no header"
    | "a line that is none"
    | "a record that was changed"
    | "another root"
    | "records are missing";
}

/** A tree head that the file has to lead to, where it is long enough. */
export interface Expected {
  readonly size: number;
  readonly root: Uint8Array;
}

const decoder = new TextDecoder();

/**
 * Reads a log file from its beginning. What follows the last newline was never answered for and does not count. Of
 * what comes before it, a line with a zero byte, which no line has, is a part of the file that a failure of power kept
 * from the disk: it and all after it may have been lost like that, unless a tree head that was on the disk counts it.
 * Any other line that does not fit is damage and nothing else.
 */
export function scanFile(
  bytes: Uint8Array,
  hash: Hash,
  expected: Expected | undefined,
): Scanned | Unusable {
  const { lines } = splitLines(bytes);
  const first = lines[0] && parseLine(lines[0]);
  if (first?.kind !== "header") return { line: 1, reason: "no header" };
  const { header } = first;
  const frontier = new Frontier(header.first, header.roots, hash);
  let { revision } = header;
  let unsigned = 0;
  let isSigned = header.first > 0;
  const isOther = () =>
    frontier.size === expected?.size && frontier.root().toHex() !== expected.root.toHex();
  if (isOther()) return { line: 1, reason: "another root" };
  let wholeBytes = (lines[0]?.length ?? 0) + 1;
  const scanned = () => ({ header, frontier, revision, unsigned, isSigned, wholeBytes });
  for (const [i, bytes] of lines.entries()) {
    if (i === 0) continue;
    const hasHole = bytes.includes(0) && frontier.size >= (expected?.size ?? 0);
    if (hasHole) return { ...scanned(), holeAtLine: i + 1 };
    const line = parseLine(bytes);
    if (line.kind === "checkpoint") [unsigned, isSigned] = [0, true];
    else if (line.kind === "dropped") frontier.append(line.leaf);
    else if (line.kind === "record") {
      const leaf = leafHash(line.bytes, hash);
      if (leaf.subarray(0, MARK_DIGITS / 2).toHex() !== line.mark) {
        return { line: i + 1, reason: "a record that was changed" };
      }
      frontier.append(leaf);
      unsigned++;
      revision = revisionIn(line.bytes) ?? revision;
    } else return { line: i + 1, reason: "a line that is none" };
    if (isOther()) return { line: i + 1, reason: "another root" };
    wholeBytes += bytes.length + 1;
  }
  return scanned();
}

/** Members come in a fixed order, so that the few records which move the revision are told by their beginning. */
const MOVES =
  /^\{"format":1,"n":\d+,"kind":(?:"change","time":\d+,"revision":(\d+)|"notice","time":\d+,"event":"store_rolled_back","detail":\{"from":\d+,"to":(\d+)\})/;
const START_BYTES = 200;

function revisionIn(record: Uint8Array): number | undefined {
  const [, changed, rolledBackTo] = MOVES.exec(decoder.decode(record.subarray(0, START_BYTES))) ??
    [];
  const revision = changed ?? rolledBackTo;
  return revision === undefined ? undefined : Number(revision);
}
