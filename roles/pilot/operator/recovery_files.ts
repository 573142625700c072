import { dirname } from "node:path";
import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import { fileFault } from "../../../lib/error/os_file_fault.ts";
import { makeOwnDirectory } from "../../../lib/file/own_place.ts";
import { removeIfThere, writePrivately } from "../terminal/private_file.ts";

/** Everything that an export leaves behind. */
const IS_OF_EXPORT = /^(spike\.recovery.*\.txt(\.age)?|manifest\.json)$/;
const IS_CUSTODIAN = /^custodian-\d+$/;

/** One file of an export. */
export interface ExportFile {
  /** Relative to the directory, perhaps in a custodian's own one. */
  readonly path: string;
  /** Zeroed once they are written. */
  readonly bytes: Uint8Array;
}

/** Where a custodian's own files go. */
export function custodianDirectory(index: number): string {
  return `custodian-${index}`;
}

/**
 * Refuses a directory that holds files of an earlier export: they may be the only ones that open a backup.
 *
 * @throws SpikeError `entity_conflict`, and as {@linkcode writeExport}
 */
export async function requireNoExport(directory: string): Promise<void> {
  const found = await reading(directory, () => filesOfExports(directory));
  const [first] = found;
  if (first === undefined) return;
  const more = found.length === 1 ? "" : ` and ${found.length - 1} more`;
  throw new SpikeError("entity_conflict", `An export already exists: ${first}${more}`, {
    hint:
      "Nothing was written. Move it away, set SPIKE_PILOT_RECOVERY_DIR to another directory, or replace " +
      "it with --force",
  });
}

/** What the system has against reading a directory. */
async function reading<T>(directory: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw unusable(directory, error);
  }
}

/**
 * Writes the files of an export, each readable for its owner alone. Files of an earlier export are touched only when
 * all new ones are on the disk, so that a full disk leaves the old set whole; then what is not of the new one goes, so
 * that no two sets lie side by side. Answers the paths.
 *
 * @throws SpikeError `fs_directory_creation_failed` or `fs_file_open_failed`
 */
export async function writeExport(
  directory: string,
  files: readonly ExportFile[],
): Promise<string[]> {
  const placed = files.map(({ path, bytes }) => ({ path: `${directory}/${path}`, bytes }));
  for (const each of new Set([directory, ...placed.map(({ path }) => dirname(path))])) {
    await prepareDirectory(each);
  }
  try {
    await writeDrafts(placed);
    for (const { path } of placed) await Deno.rename(draftOf(path), path);
    const present = new Set(placed.map(({ path }) => path));
    for (const path of await filesOfExports(directory)) {
      if (!present.has(path)) await removeIfThere(path);
    }
    return [...present];
  } catch (error) {
    throw new SpikeError(
      "fs_file_open_failed",
      `Recovery shards cannot be written to ${JSON.stringify(directory)}: ${fileFault(error)}`,
      { cause: error },
    );
  }
}

async function prepareDirectory(directory: string): Promise<void> {
  try {
    makeOwnDirectory(directory);
    // One that was there before may be open to others.
    await Deno.chmod(directory, 0o700);
  } catch (error) {
    throw unusable(directory, error);
  }
}

function unusable(directory: string, cause: unknown): SpikeError {
  if (cause instanceof SpikeError) return cause;
  return new SpikeError(
    "fs_directory_creation_failed",
    `Directory ${quoteValue(directory)} cannot be used: ${fileFault(cause)}`,
    { hint: "Set SPIKE_PILOT_RECOVERY_DIR to a directory that you may write", cause },
  );
}

/** Writes all drafts, or leaves none. */
async function writeDrafts(files: readonly ExportFile[]): Promise<void> {
  const begun: string[] = [];
  try {
    for (const { path, bytes } of files) {
      const draft = draftOf(path);
      await removeIfThere(draft);
      begun.push(draft);
      await writePrivately(draft, bytes);
    }
  } catch (error) {
    for (const draft of begun) await removeIfThere(draft);
    throw error;
  } finally {
    for (const { bytes } of files) bytes.fill(0);
  }
}

function draftOf(path: string): string {
  return path.replace(/([^/]+?)(\.txt(\.age)?|\.json)$/, ".$1.draft");
}

async function filesOfExports(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const { name, isDirectory } of await entriesOf(directory)) {
    if (IS_OF_EXPORT.test(name)) found.push(`${directory}/${name}`);
    if (!isDirectory || !IS_CUSTODIAN.test(name)) continue;
    for (const inner of await entriesOf(`${directory}/${name}`)) {
      if (IS_OF_EXPORT.test(inner.name)) found.push(`${directory}/${name}/${inner.name}`);
    }
  }
  return found.sort();
}

async function entriesOf(directory: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(directory));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
