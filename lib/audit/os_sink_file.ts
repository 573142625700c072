import { closeSync, fstatSync, openSync, type Stats, writeSync } from "node:fs";

/** How the file of a sink is watched. */
export interface SinkFileOptions {
  /** User of this process: a file of somebody else, other than root, is not written to. Absent: whose it is does not count. */
  readonly uid?: number;
  /** Milliseconds, for measuring. */
  readonly now?: () => number;
}

const FILE_MODE = 0o600;
/** How long records may go to a file that was renamed or removed. */
const LOOK_MS = 1_000;

/**
 * A file that bytes are appended to. Whether its name still stands for it is found out by opening it anew once in a
 * while: that takes no right to read, and makes the file again where it was removed. Of its own files the runtime
 * tells nothing without that right, so it is one of Node's.
 */
export class SinkFile {
  readonly #path: string;
  readonly #uid: number | undefined;
  readonly #now: () => number;
  #file: number | undefined;
  #lookedAtMs = 0;

  constructor(path: string, { uid, now = () => performance.now() }: SinkFileOptions = {}) {
    this.#path = path;
    this.#uid = uid;
    this.#now = now;
  }

  writeSync(bytes: Uint8Array): number {
    const nowMs = this.#now();
    if (this.#file === undefined || nowMs - this.#lookedAtMs >= LOOK_MS) {
      this.#look();
      this.#lookedAtMs = nowMs;
    }
    return this.#file === undefined ? 0 : writeSync(this.#file, bytes);
  }

  /** The next bytes go to what the name stands for then. */
  reopen(): void {
    this.#lookedAtMs = -Infinity;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #look(): void {
    const was = this.#file === undefined ? undefined : fstatSync(this.#file);
    // A pipe or a device cannot be rotated, and opening it anew may wait for a reader.
    if (was && !was.isFile()) return;
    const next = this.#open();
    const is = fstatSync(next);
    if (was?.dev === is.dev && was.ino === is.ino) return closeSync(next);
    this.close();
    this.#file = next;
  }

  #open(): number {
    const file = openSync(this.#path, "a", FILE_MODE);
    const { uid }: Stats = fstatSync(file);
    if (this.#uid === undefined || uid === this.#uid || uid === 0) return file;
    closeSync(file);
    throw new Error(`file ${this.#path} belongs to user ${uid}`);
  }
}
