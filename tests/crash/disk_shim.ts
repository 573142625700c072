/** Builds and steers `disk_shim.c`, which stands between a process and its files. */
import { fileURLToPath } from "node:url";

/** Kinds of file that the shim tells apart. */
export const KINDS = { database: 1, log: 2, other: 3, directory: 4, "audit log": 5 } as const;

/** A kind of file: the database, its write-ahead log, the audit log, any other file, or a directory. */
export type Kind = keyof typeof KINDS;

/** Moments at which a process can be killed. */
export const MOMENTS = {
  "before sync": 1,
  "after sync": 2,
  "amid write": 3,
  "after write": 4,
} as const;

/** A moment in the life of a file. */
export type Moment = keyof typeof MOMENTS;

/** `errno` values of Linux. */
export const ERRNO = { EIO: 5, ENOSPC: 28, EROFS: 30 } as const;

const WORDS = [
  "writeErrno",
  "syncErrno",
  "killKind",
  "killMoment",
  "killCountdown",
  "skippedKind",
  "killed",
] as const;

/** What a shim does to its process; it can be changed while that runs. */
export class Control {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    Deno.writeFileSync(path, new Uint8Array(4 * WORDS.length), { mode: 0o600 });
  }

  /** Every write fails with this number from now on; 0: none does. */
  failWrites(errno: number): void {
    this.#set("writeErrno", errno);
  }

  /** Every sync of a file fails with this number from now on; 0: none does. */
  failSyncs(errno: number): void {
    this.#set("syncErrno", errno);
  }

  /** Kills the process at the `countdown`-th such moment from now on. */
  killAt(kind: Kind, moment: Moment, countdown: number): void {
    this.#set("killed", 0);
    this.#set("killCountdown", countdown);
    this.#set("killKind", KINDS[kind]);
    this.#set("killMoment", MOMENTS[moment]);
  }

  /** Forgets about killing. */
  spare(): void {
    this.#set("killMoment", 0);
  }

  /** Syncs of such files do nothing, and say that they did. */
  skipSyncs(kind: Kind): void {
    this.#set("skippedKind", KINDS[kind]);
  }

  /** Whether the process was killed at the moment that was set. */
  get hasKilled(): boolean {
    return this.#words().getUint32(4 * WORDS.indexOf("killed"), true) !== 0;
  }

  #words(): DataView<ArrayBuffer> {
    return new DataView(Deno.readFileSync(this.path).buffer);
  }

  #set(word: (typeof WORDS)[number], value: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    using file = Deno.openSync(this.path, { write: true });
    file.seekSync(4 * WORDS.indexOf(word), Deno.SeekMode.Start);
    file.writeSync(bytes);
  }
}

/** Compiles the shim into `dir`; undefined where there is no C compiler. */
export async function buildShim(dir: string): Promise<string | undefined> {
  const library = `${dir}/disk_shim.so`;
  const source = fileURLToPath(new URL("disk_shim.c", import.meta.url));
  try {
    const { success, stderr } = await new Deno.Command("cc", {
      args: ["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", library, source, "-ldl"],
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return library;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The environment that puts a process behind the shim. */
export function behindShim(
  library: string,
  { dir, control, trace }: { dir: string; control: Control; trace?: string },
): Record<string, string> {
  return {
    LD_PRELOAD: library,
    CRASH_DIR: dir,
    CRASH_CONTROL: control.path,
    ...(trace === undefined ? {} : { CRASH_TRACE: trace }),
  };
}
