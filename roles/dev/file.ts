import { type ErrorCode, SpikeError } from "../../lib/error/error.ts";

/**
 * Does `work` on files that somebody named; what the operating system has against it becomes a failure to show.
 *
 * @throws SpikeError `code`, whose message is `what` and the system's reason
 */
export async function onFiles<T>(
  code: ErrorCode,
  what: string,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isOfSystem = error instanceof Error && !(error instanceof SpikeError) &&
      "code" in error && typeof error.code === "string" && /^E[A-Z0-9]+$/.test(error.code);
    if (!isOfSystem) throw error;
    throw new SpikeError(code, `${what}: ${error.message}`, {
      hint: "Use a writable directory",
      cause: error,
    });
  }
}

/** Writes a file for its owner alone and puts it in place in one step. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const beside = `${path}.new`;
  await removeFile(beside);
  await Deno.writeTextFile(beside, text, { mode: 0o600, createNew: true });
  await Deno.rename(beside, path);
}

/** The file's text, or undefined when there is no such file. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Removes a file that may be gone already. */
export async function removeFile(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Whether there is anything of that name. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Makes a directory that only its owner can enter, or takes one that is there already and is so.
 *
 * @throws SpikeError `fs_file_open_failed` when it belongs to somebody else or is a link: in a shared directory
 *   anybody could have put it there
 */
export async function ownDirectory(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { mode: 0o700 });
    return;
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  const info = await Deno.lstat(path);
  if (!info.isDirectory || info.uid !== Deno.uid()) {
    throw new SpikeError("fs_file_open_failed", `${path} is not a directory of this user`, {
      hint: "Move it away, or set XDG_RUNTIME_DIR to a directory of your own",
    });
  }
  await Deno.chmod(path, 0o700);
}

/** An exclusive lock that ends with the process, however it ends; undefined when another one holds it. */
export function tryLock(path: string): Deno.FsFile | undefined {
  const file = Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
  if (file.tryLockSync(true)) return file;
  file.close();
  return undefined;
}
