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
 * while: that takes no right to read, and makes the file again where it was removed.
 */
export class SinkFile {
  readonly #path: string;
  readonly #uid: number | undefined;
  readonly #now: () => number;
  #file: Deno.FsFile | undefined;
  #lookedAtMs = 0;

  constructor(path: string, { uid, now = () => performance.now() }: SinkFileOptions = {}) {
    this.#path = path;
    this.#uid = uid;
    this.#now = now;
  }

  writeSync(bytes: Uint8Array): number {
    const nowMs = this.#now();
    if (!this.#file || nowMs - this.#lookedAtMs >= LOOK_MS) {
      this.#look();
      this.#lookedAtMs = nowMs;
    }
    // There is one: looking throws where none can be opened.
    return this.#file?.writeSync(bytes) ?? 0;
  }

  /** The next bytes go to what the name stands for then. */
  reopen(): void {
    this.#lookedAtMs = -Infinity;
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #look(): void {
    // A pipe or a device cannot be rotated, and opening it anew may wait for a reader.
    if (this.#file && !this.#file.statSync().isFile) return;
    const next = this.#open();
    const [was, is] = [this.#file?.statSync(), next.statSync()];
    if (was?.dev === is.dev && was.ino === is.ino) return next.close();
    this.#file?.close();
    this.#file = next;
  }

  #open(): Deno.FsFile {
    const file = Deno.openSync(this.#path, { append: true, create: true, mode: FILE_MODE });
    const { uid } = file.statSync();
    if (this.#uid === undefined || uid === null || uid === this.#uid || uid === 0) return file;
    file.close();
    throw new Error(`file ${this.#path} belongs to user ${uid}`);
  }
}
