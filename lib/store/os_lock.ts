import { SpikeError } from "../error/error.ts";

/** Name of the lock file inside the data directory. Its content means nothing. */
export const LOCK_FILE = "spike.lock";

/** A held lock. The operating system frees it too when the process dies, however it dies. */
export interface DataDirectoryLock extends Disposable {
  /** Releases the lock; a second call does nothing. */
  release(): void;
}

/**
 * Takes the exclusive lock of a data directory, before anything in it is opened. Throws `store_failure` when
 * another process holds it and `fs_file_open_failed` when the directory cannot be used.
 */
export function lockDataDirectory(dir: string): DataDirectoryLock {
  const path = `${dir}/${LOCK_FILE}`;
  const file = openLockFile(path);
  if (!file.tryLockSync(true)) {
    file.close();
    throw new SpikeError("store_failure", `Another process holds data directory ${dir}`, {
      hint: "Stop the other Nexus, or name another data directory",
    });
  }
  const release = once(() => file.close());
  return { release, [Symbol.dispose]: release };
}

function openLockFile(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
  } catch (cause) {
    throw new SpikeError("fs_file_open_failed", `Lock file ${path} cannot be opened`, {
      hint: "Make the data directory, and give it to the user that runs spike",
      cause,
    });
  }
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    work();
  };
}
