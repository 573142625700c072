import { createHash } from "node:crypto";
import { isThere, moveAside, replaceFile, writeAll } from "./os_log_files.ts";
import { splitLines } from "./line.ts";

/** How much is held: records that somebody was let through for come in all the same. */
export const HELD_BYTES = 4 * 1024 * 1024;

const PIECE = 64 * 1024;
const NEWLINE = 10;
const HELD = "held";
const LEFT = "left";
const UNPROVED = "unproved";
const MODE = 0o600;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Records of processes that ended before they had a key, in one file: nothing proves them. */
export interface Unproved {
  /** Name of the file in the directory of the logs. */
  readonly kept: string;
  /** Number of lines. */
  readonly lines: number;
  /** Total length of the lines in bytes. */
  readonly bytes: number;
}

/**
 * Records that wait, in a file beside the logs, until there is a key that proves them: one a line, without their
 * numbers. A digest in memory tells those of this process from what somebody else may have written.
 */
export class HeldRecords {
  readonly #directory: string;
  readonly #path: string;
  readonly #maxBytes: number;
  #file: Deno.FsFile | undefined;
  #digest = createHash("sha256");
  #goodBytes = 0;
  #isTorn = false;
  #isDirty = false;

  /** What an earlier process has left gets another name. */
  constructor(directory: string, maxBytes = HELD_BYTES) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
    this.#path = `${directory}/${HELD}`;
    if (isThere(this.#path)) moveAside(this.#path, `${directory}/${LEFT}`);
  }

  get isEmpty(): boolean {
    return this.#goodBytes === 0;
  }

  /** Whether records that can be summed up find no room. */
  get isFull(): boolean {
    return this.#goodBytes >= this.#maxBytes;
  }

  /** Takes records, or throws and takes none. */
  add(bodies: readonly string[]): void {
    const bytes = encoder.encode(bodies.map((body) => `${body}\n`).join(""));
    this.#file ??= Deno.openSync(this.#path, { append: true, create: true, mode: MODE });
    if (this.#isTorn) this.#file.truncateSync(this.#goodBytes);
    this.#isTorn = true;
    writeAll(this.#file, bytes);
    this.#isTorn = false;
    this.#goodBytes += bytes.length;
    this.#digest.update(bytes);
    this.#isDirty = true;
  }

  /** Brings them to the disk. */
  async sync(): Promise<void> {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    await this.#file?.syncData();
  }

  /** The records of this process, in their order; undefined when the file is not what it wrote. */
  read(): string[] | undefined {
    if (this.isEmpty) return [];
    // What is not a file any more, or too long to be this one, is not read.
    if (sizeOf(this.#path, 2 * this.#goodBytes) === undefined) return undefined;
    const bytes = Deno.readFileSync(this.#path).subarray(0, this.#goodBytes);
    const found = createHash("sha256").update(bytes).digest("hex");
    if (found !== this.#digest.copy().digest("hex")) return undefined;
    return splitLines(bytes).lines.map((line) => decoder.decode(line));
  }

  /** Forgets the records of this process: they are in the log now. */
  clear(): void {
    if (this.isEmpty) return;
    this.close();
    if (isThere(this.#path)) Deno.removeSync(this.#path);
    this.#restart();
  }

  /**
   * Gives what earlier processes have left, or what is not what this one wrote, the names of what is set aside.
   * `without` takes out what need not be kept; where nothing else is left, the file is removed.
   */
  setAside(without: (lines: readonly string[]) => readonly string[]): Unproved[] {
    const left = [...Deno.readDirSync(this.#directory)].map(({ name }) => name)
      .filter((name) => name === LEFT || name.startsWith(`${LEFT}-`)).sort();
    return left.flatMap((name) => {
      const path = `${this.#directory}/${name}`;
      if (sizeOf(path, 2 * this.#maxBytes) !== undefined && !keepOnly(path, without)) return [];
      const kept = moveAside(path, `${this.#directory}/${UNPROVED}`);
      return [{ kept: kept.slice(this.#directory.length + 1), ...countLines(kept) }];
    });
  }

  /** Drops the records of this process, because they were modified by others. */
  abandon(): void {
    this.close();
    if (isThere(this.#path)) moveAside(this.#path, `${this.#directory}/${LEFT}`);
    this.#restart();
  }

  #restart(): void {
    this.#digest = createHash("sha256");
    this.#goodBytes = 0;
    this.#isTorn = this.#isDirty = false;
  }

  /** Closes the file; what waits stays in it. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

/** Size of a file; undefined for what is none, or is longer than `max`. */
function sizeOf(path: string, max = Infinity): number | undefined {
  try {
    const { isFile, size } = Deno.lstatSync(path);
    return isFile && size <= max ? size : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Takes out of a file what need not be kept. False when nothing is left, and the file neither. */
function keepOnly(
  path: string,
  without: (lines: readonly string[]) => readonly string[],
): boolean {
  const { lines, rest } = splitLines(Deno.readFileSync(path));
  const texts = lines.map((line) => decoder.decode(line));
  const kept = without(texts);
  if (kept.length === 0 && rest.length === 0) {
    Deno.removeSync(path);
    return false;
  }
  if (kept.length < texts.length) {
    const torn = decoder.decode(rest);
    replaceFile(path, encoder.encode(kept.map((line) => `${line}\n`).join("") + torn));
  }
  return true;
}

/** Lines and bytes of a file, however long; none of what is no file. */
function countLines(path: string): Pick<Unproved, "lines" | "bytes"> {
  const bytes = sizeOf(path);
  if (bytes === undefined) return { lines: 0, bytes: 0 };
  const piece = new Uint8Array(PIECE);
  using file = Deno.openSync(path);
  let lines = 0;
  for (let read = file.readSync(piece); read !== null; read = file.readSync(piece)) {
    for (
      let at = piece.indexOf(NEWLINE);
      at >= 0 && at < read;
      at = piece.indexOf(NEWLINE, at + 1)
    ) {
      lines++;
    }
  }
  return { lines, bytes };
}
