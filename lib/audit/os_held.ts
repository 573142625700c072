import { createHash } from "node:crypto";
import { isThere, moveAside, writeAll } from "./os_log_files.ts";
import { splitLines } from "./line.ts";

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
  #file: Deno.FsFile | undefined;
  #digest = createHash("sha256");
  #goodBytes = 0;
  #isTorn = false;
  #isDirty = false;

  /** What an earlier process has left gets another name. */
  constructor(directory: string) {
    this.#directory = directory;
    this.#path = `${directory}/${HELD}`;
    if (isThere(this.#path)) moveAside(this.#path, `${directory}/${LEFT}`);
  }

  get isEmpty(): boolean {
    return this.#goodBytes === 0;
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
    const bytes = Deno.readFileSync(this.#path).subarray(0, this.#goodBytes);
    const found = createHash("sha256").update(bytes).digest("hex");
    if (found !== this.#digest.copy().digest("hex")) return undefined;
    return splitLines(bytes).lines.map((line) => decoder.decode(line));
  }

  /** Forgets the records of this process: they are in the log now. */
  clear(): void {
    if (this.isEmpty) return;
    this.close();
    Deno.removeSync(this.#path);
    this.#restart();
  }

  /** Gives what earlier processes have left, or what is not what this one wrote, the names of what is set aside. */
  setAside(): Unproved[] {
    const left = [...Deno.readDirSync(this.#directory)].map(({ name }) => name)
      .filter((name) => name === LEFT || name.startsWith(`${LEFT}-`)).sort();
    return left.map((name) => {
      const path = `${this.#directory}/${name}`;
      const bytes = Deno.readFileSync(path);
      const kept = moveAside(path, `${this.#directory}/${UNPROVED}`);
      const { lines } = splitLines(bytes);
      return {
        kept: kept.slice(this.#directory.length + 1),
        lines: lines.length,
        bytes: bytes.length,
      };
    });
  }

  /** Gives up the records of this process, which somebody else has changed. */
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
