import { dirname, join } from "node:path";
import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import { fileFault } from "../../../lib/error/os_file_fault.ts";
import { findOutput, type OutputPlace } from "../../../lib/file/output_place.ts";

/** Writes a new file that nobody else may read and waits until it is on the disk. */
export async function writePrivately(path: string, bytes: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 });
  await writeWhole(file, bytes);
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
 * name. A link of this user or of root is followed; what is no plain file, such as a pipe, is written to as it is.
 *
 * @throws SpikeError `fs_file_open_failed`
 */
export async function writeOutput(given: string, bytes: Uint8Array): Promise<void> {
  try {
    const place = findOutput(given);
    if (isSpecial(place)) return await writeInto(place, bytes);
    await replaceFile(place.path, bytes);
  } catch (error) {
    throw notWritten(given, error);
  }
}

/**
 * Writes output as above, but to a name that no file has yet.
 *
 * @throws SpikeError `entity_conflict` where there is a file, which is left as it is; `fs_file_open_failed`
 */
export async function writeNewOutput(path: string, bytes: Uint8Array): Promise<void> {
  try {
    const place = findOutput(path);
    if (isSpecial(place)) return await writeInto(place, bytes);
    await writePrivately(path, bytes);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw notWritten(path, error);
    throw new SpikeError("entity_conflict", `File ${quoteValue(path)} already exists`, {
      hint: "Choose another name or remove the file first",
      cause: error,
    });
  }
}

/** Output that comes about piece by piece. */
export interface Draft {
  write(piece: Uint8Array): Promise<void>;
  /** Makes it what the file's name stands for, once it is on the disk. */
  keep(): Promise<void>;
  /** Forgets it; the name stands for what it stood for before. */
  discard(): Promise<void>;
}

/**
 * Begins output to a file that only its owner may read. It comes about under another name, so that nobody ever finds a
 * part of it under its own; what is no plain file, such as a pipe, is written to as it is.
 *
 * @throws SpikeError `fs_file_open_failed`
 */
export async function draftOutput(given: string): Promise<Draft> {
  try {
    const place = findOutput(given);
    return isSpecial(place) ? await writingInto(place) : await drafting(place.path);
  } catch (error) {
    throw notWritten(given, error);
  }
}

async function drafting(path: string): Promise<Draft> {
  const name = join(dirname(path), `.spike.${crypto.randomUUID()}.draft`);
  const file = await Deno.open(name, { write: true, createNew: true, mode: 0o600 });
  return {
    write: (piece) => writingTo(path, () => writeWhole(file, piece)),
    keep: () =>
      writingTo(path, async () => {
        await file.sync();
        file.close();
        await Deno.rename(name, path);
      }),
    discard: async () => {
      file.close();
      await removeIfThere(name);
    },
  };
}

async function writingInto(place: OutputPlace): Promise<Draft> {
  const { path } = place;
  const file = await openSpecial(place);
  const close = () => Promise.resolve(file.close());
  return {
    write: (piece) => writingTo(path, () => writeWhole(file, piece)),
    keep: close,
    discard: close,
  };
}

async function writeWhole(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  let rest = bytes;
  while (rest.length > 0) rest = rest.subarray(await file.write(rest));
}

async function writingTo(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw notWritten(path, error);
  }
}

function notWritten(path: string, error: unknown): SpikeError {
  if (error instanceof SpikeError) return error;
  const isMissing = error instanceof Deno.errors.NotFound;
  const why = isMissing ? "there is no such directory" : fileFault(error);
  return new SpikeError(
    "fs_file_open_failed",
    `File ${quoteValue(path)} cannot be written: ${why}`,
    { hint: "Check that its directory exists and is writable", cause: error },
  );
}

/** What is written into as it is; a directory cannot be, which the opening says. */
function isSpecial({ facts }: OutputPlace): boolean {
  return facts?.kind === "other" || facts?.kind === "directory";
}

/** Between looking and opening somebody could have put another thing there. */
async function openSpecial({ path, facts }: OutputPlace): Promise<Deno.FsFile> {
  const file = await Deno.open(path, { write: true });
  const { isFile, uid } = await file.stat();
  if (!isFile && uid === facts?.uid) return file;
  file.close();
  throw new SpikeError("fs_file_open_failed", `File ${quoteValue(path)} changed in the meantime`, {
    hint: "Nothing was written to it",
  });
}

async function writeInto(place: OutputPlace, bytes: Uint8Array): Promise<void> {
  using file = await openSpecial(place);
  await writeWhole(file, bytes);
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
