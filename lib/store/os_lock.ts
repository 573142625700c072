import { SpikeError } from "../error/error.ts";

/** Name of the lock file inside the data directory. Its content means nothing. */
export const LOCK_FILE = "spike.lock";

/** A held lock. The operating system also releases it when the process ends, however it ends. */
export interface DataDirectoryLock extends Disposable {
  /** Releases the lock; a second call does nothing. */
  release(): void;
}

/**
 * Takes the exclusive lock of a data directory, before anything in it is opened.
 *
 * @throws {SpikeError} `store_failure` when another process holds the lock; `fs_file_open_failed` when the lock file
 * cannot be opened
 */
export function lockDataDirectory(dir: string): DataDirectoryLock {
  const path = `${dir}/${LOCK_FILE}`;
  const file = openLockFile(path);
  if (!file.tryLockSync(true)) {
    file.close();
    throw new SpikeError("store_failure", `Another process has locked data directory ${dir}`, {
      hint: "Stop the other Nexus, or set another data directory",
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
      hint: "Create the data directory and make the user that runs spike its owner",
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
