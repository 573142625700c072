import { dirname, join } from "node:path";
import { SpikeError } from "../../lib/api/error.ts";

/** What went wrong, for a message. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Writes a new file that nobody else may read and waits until it is on the disk. */
export async function writePrivately(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  let rest = bytes;
  while (rest.length > 0) rest = rest.subarray(await file.write(rest));
  await file.sync();
}

/** Removes a file; one that is not there is fine. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * Writes output to a file that only its owner may read: whole or not at all, since it comes about under another
 * name. A link is followed; what is no plain file, such as a pipe, is written to as it is.
 *
 * @throws SpikeError `fs_file_open_failed`
 */
export async function writeOutput(given: string, bytes: Uint8Array): Promise<void> {
  try {
    const there = await statIfThere(given);
    if (there !== undefined && !there.isFile) return await writeInto(given, bytes);
    await replaceFile(there === undefined ? given : await Deno.realPath(given), bytes);
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound;
    const why = isMissing ? "there is no such directory" : reasonOf(error);
    throw new SpikeError(
      "fs_file_open_failed",
      `File ${JSON.stringify(given)} cannot be written: ${why}`,
      { hint: "Check that its directory exists and that you may write there", cause: error },
    );
  }
}

async function statIfThere(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function writeInto(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true });
  let rest = bytes;
  while (rest.length > 0) rest = rest.subarray(await file.write(rest));
}

async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const draft = join(dirname(path), `.spike.${crypto.randomUUID()}.draft`);
  try {
    await writePrivately(draft, bytes);
    await Deno.rename(draft, path);
  } catch (error) {
    await removeIfThere(draft);
    throw error;
  }
}
