import { type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import type { LogKey, Verify } from "./note.ts";
import { type Header, type Line, MARK_DIGITS, parseLine, splitLines } from "./line.ts";
import { boundLeaf, leafOf } from "./leaf.ts";
import { Frontier, type Hash, isEqual } from "./merkle.ts";
import { headOf } from "./record_head.ts";
import type { LogFault } from "./log_fault.ts";
import { Drops } from "./verify_drops.ts";
import { Revisions } from "./verify_revisions.ts";

/** Result of a verification. */
export interface Verified {
  /** Name of the log: 32 hex digits. */
  readonly log: string;
  /** Records in the log. */
  readonly size: number;
  /** Records whose text was dropped after its time; their hashes are part of the tree. */
  readonly dropped: number;
  /** Number of checkpoints that the key signed and that match the tree. */
  readonly checkpoints: number;
  /** Records that a signed checkpoint vouches for. */
  readonly signed: number;
  /** Number of records after the newest checkpoint: not signed yet, so not tamper-evident without the keys of Nexus. */
  readonly unsigned: number;
  /** Records of format 1, which prove less; absent without any. */
  readonly older?: {
    readonly records: number;
    /** Dropped records that are not proved to be requests. */
    readonly dropped: number;
  };
  /** Checkpoints held by the verifier that the log was compared with. */
  readonly held: number;
  /** What is wrong; empty for an intact log. */
  readonly findings: readonly LogFault[];
  /** Bytes after the last newline, where there are any: a line that was being written, and was never answered for. */
  readonly tornBytes?: number;
  /** The newest checkpoint in the log. */
  readonly newest?: string;
}

/** Inputs of a verification. */
export interface VerifyOptions {
  /** The public key that was exported and kept. */
  readonly key: LogKey;
  /** Checkpoints that the verifier kept; their signatures were checked. */
  readonly held?: readonly Checkpoint[];
  readonly hash: Hash;
  readonly verify: Verify;
  /** Gets each record that was not dropped and is not known to have been changed. */
  readonly onRecord?: (n: number, bytes: Uint8Array) => void;
  /** Gets each leaf, in order. */
  readonly onLeaf?: (leaf: Uint8Array) => void;
  /** Maximum number of findings. Default 100. */
  readonly limit?: number;
}

const LIMIT = 100;

/**
 * Verifies a log from its files, given in the order of their names. It needs no store and no secret key.
 *
 * @example
 * ```ts ignore
 * const verifier = new LogVerifier({ key, held: [checkpoint], hash: nativeHash, verify });
 * for (const { path } of files) verifier.file(path, await Deno.readFile(path));
 * const { findings } = verifier.end();
 * ```
 */
export class LogVerifier {
  readonly #options: VerifyOptions;
  readonly #held: Map<number, Checkpoint[]>;
  readonly #findings: LogFault[] = [];
  readonly #drops = new Drops();
  readonly #revisions = new Revisions();
  #older = 0;
  /** Whether records from here on bind their kind. */
  #isBound = false;
  #tree: Frontier;
  #size = 0;
  #dropped = 0;
  #checkpoints = 0;
  #signed = 0;
  #compared = 0;
  #newest: string | undefined;
  /** Records that a checkpoint counts and that were not there: which ones, the next record tells. */
  #missing: { readonly from: number; readonly size: number; readonly line: number } | undefined;
  /** Whether roots can still be compared: not once a record is known to be wrong, until a file begins anew. */
  #isComparable = true;
  #file = "";
  #line = 0;
  #rest = new Uint8Array();

  /** Starts a verification; feed it the files in order. */
  constructor(options: VerifyOptions) {
    this.#options = options;
    this.#tree = new Frontier(0, [], options.hash);
    this.#held = new Map();
    for (const held of options.held ?? []) {
      if (held.log !== options.key.log) continue;
      this.#held.set(held.size, [...(this.#held.get(held.size) ?? []), held]);
    }
  }

  /** Adds the next file as a whole. */
  file(name: string, bytes: Uint8Array): void {
    this.begin(name);
    this.feed(bytes);
  }

  /** Begins the next file; {@linkcode feed} adds its pieces. */
  begin(name: string): void {
    this.#settleMissing(undefined);
    // A file is whole before the next one begins.
    if (this.#rest.length > 0) this.#lose("the file breaks off amid a line");
    this.#file = name;
    this.#line = 0;
    this.#rest = new Uint8Array();
  }

  /** Adds the next piece of a file. */
  feed(piece: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? piece : joined(this.#rest, piece);
    const { lines, rest } = splitLines(bytes);
    this.#rest = rest.slice();
    for (const text of lines) {
      const line = parseLine(text);
      if (++this.#line === 1) this.#begin(line);
      else this.#take(line);
    }
  }

  /** Ends the verification and returns its result. */
  end(): Verified {
    this.#settleMissing(undefined);
    for (const finding of this.#drops.unfounded(this.#signed)) this.#keep(finding);
    for (const size of this.#held.keys()) {
      if (size > this.#size) {
        this.#find(`the log ends here, but the checkpoint held has ${size} records`, size - 1);
      }
    }
    return {
      log: this.#options.key.log,
      size: this.#size,
      dropped: this.#dropped,
      checkpoints: this.#checkpoints,
      signed: this.#signed,
      unsigned: this.#size - this.#signed,
      ...(this.#older + this.#drops.unbound === 0 ? {} : {
        older: { records: this.#older + this.#drops.unbound, dropped: this.#drops.unbound },
      }),
      held: this.#compared,
      findings: this.#findings,
      ...(this.#rest.length === 0 ? {} : { tornBytes: this.#rest.length }),
      ...(this.#newest === undefined ? {} : { newest: this.#newest }),
    };
  }

  #begin(line: Line): void {
    if (line.kind !== "header") return this.#find("the file does not begin with its header");
    const { header } = line;
    if (header.log !== this.#options.key.log) {
      return this.#find(`the file is of log ${header.log}`);
    }
    if (header.first > this.#size) {
      this.#find("records are missing", header.first - 1);
    } else if (header.first < this.#size) {
      this.#find(`the file begins with record ${header.first} again`);
    } else if (this.#isComparable && !isSameTree(header, this.#tree)) {
      this.#find("the header of the file names another tree than the records before it");
    }
    if (header.first !== this.#size || !this.#isComparable) this.#adopt(header);
    this.#drops.begin(this.#file, header.first);
    if (header.mac) this.#isBound = true;
    if (header.first === 0 && header.mac) this.#revisions.begin(header.revision);
  }

  /** Goes on from what a file says of those before it; its own checkpoints tell whether that is true. */
  #adopt({ first, roots }: Header): void {
    try {
      this.#tree = new Frontier(first, roots, this.#options.hash);
      this.#size = first;
      this.#isComparable = true;
    } catch {
      this.#find("the header of the file names no tree");
      this.#isComparable = false;
    }
  }

  #take(line: Line): void {
    switch (line.kind) {
      case "record":
        return this.#record(line.mark, line.bytes);
      case "dropped":
        this.#dropped++;
        if (this.#isBound) this.#find("a record was dropped without its kind");
        this.#drops.take(this.#size, this.#line, undefined);
        return this.#leaf(line.leaf);
      case "droppedBound":
        this.#dropped++;
        this.#isBound = true;
        this.#drops.take(this.#size, this.#line, line.of);
        return this.#leaf(boundLeaf(line.of, line.digest, this.#options.hash));
      case "checkpoint":
        return this.#checkpoint(line.note);
      default:
        return this.#lose("a line was changed into one that is none");
    }
  }

  #record(mark: string, bytes: Uint8Array): void {
    const leaf = leafOf(bytes, this.#options.hash);
    const { n, format } = headOf(bytes) ?? {};
    this.#settleMissing(n);
    if (leaf.subarray(0, MARK_DIGITS / 2).toHex() !== mark) {
      this.#lose("the record was changed");
      return this.#leaf(leaf);
    }
    if (n !== undefined && n > this.#size) {
      this.#lose(n - this.#size === 1 ? "the record is missing" : "records are missing", n - 1);
      this.#size = n;
    } else if (n !== this.#size) {
      // It takes no place of its own: what follows tells whether another one lost its place to it.
      return this.#lose(
        `a record stands here that says it is number ${n}: inserted, or out of order`,
      );
    }
    if (format === 1) this.#older++;
    if (format === 2) this.#isBound = true;
    this.#drops.notice(this.#size, bytes);
    for (const what of this.#revisions.take(bytes)) this.#find(what);
    this.#options.onRecord?.(this.#size, bytes);
    this.#leaf(leaf);
  }

  #leaf(leaf: Uint8Array): void {
    this.#options.onLeaf?.(leaf);
    this.#tree.append(leaf);
    this.#size++;
    for (const held of this.#held.get(this.#size) ?? []) {
      this.#compared++;
      if (this.#isComparable && !isEqual(held.root, this.#tree.root())) {
        this.#find("the checkpoint held names another tree up to here", undefined, this.#signed);
      }
    }
  }

  #checkpoint(note: string): void {
    const { key, verify } = this.#options;
    const checkpoint = openCheckpoint(note, key, verify);
    if (!checkpoint) return this.#find("a checkpoint is not signed by the key");
    if (!this.#isComparable) return;
    if (checkpoint.size === this.#tree.size && isEqual(checkpoint.root, this.#tree.root())) {
      this.#checkpoints++;
      this.#signed = this.#size;
      this.#newest = note;
      return;
    }
    this.#isComparable = false;
    if (checkpoint.size > this.#size) {
      this.#missing = { from: this.#signed, size: checkpoint.size, line: this.#line };
    } else {
      this.#find("one of these records is not what was signed", this.#size - 1, this.#signed);
    }
  }

  #settleMissing(next: number | undefined): void {
    if (!this.#missing) return;
    const { from, size, line } = this.#missing;
    const [isExact, here] = [next === size, this.#line];
    this.#missing = undefined;
    this.#line = line;
    this.#find(
      `${size - this.#size === 1 ? "a record is" : "records are"} missing before the checkpoint`,
      size - 1,
      isExact ? this.#size : from,
    );
    this.#line = here;
    if (isExact) this.#size = size;
  }

  /** A finding after which roots say nothing until the next file. */
  #lose(what: string, to?: number): void {
    this.#find(what, to);
    this.#isComparable = false;
  }

  #find(what: string, to?: number, from = this.#size): void {
    const range = to === undefined || to <= from ? {} : { to };
    this.#keep({ record: from, ...range, file: this.#file, line: this.#line, what });
  }

  #keep(finding: LogFault): void {
    if (this.#findings.length < (this.#options.limit ?? LIMIT)) this.#findings.push(finding);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}

function isSameTree({ roots }: Header, tree: Frontier): boolean {
  return roots.length === tree.roots.length &&
    roots.every((root, i) => isEqual(root, tree.roots[i] as Uint8Array));
}
