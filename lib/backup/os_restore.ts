import { SpikeError } from "../error/error.ts";
import { quoteValue } from "../text/quote.ts";
import { fileFault } from "../error/os_file_fault.ts";
import { writeAll } from "../audit/os_log_files.ts";
import { makeOwnDirectory } from "../file/own_place.ts";
import { LOCK_FILE, lockDataDirectory } from "../store/os_lock.ts";
import { Digester } from "./digest.ts";
import type { BackupManifest } from "./manifest.ts";
import { encodeNote, RESTORED_FILE, restoredFrom } from "./restored.ts";

/** What to put where. The backup was verified. */
export interface RestoreRequest {
  /** Path of the backup's database. */
  readonly file: string;
  /** Its manifest, verified. */
  readonly manifest: BackupManifest;
  /** The data directory; made when it is not there. */
  readonly directory: string;
  /** Name of the database in it. */
  readonly database: string;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

const PIECE_BYTES = 1024 * 1024;
const AUDIT = "audit";

/** What a directory may hold: the audit logs of the store, a lock, and leftovers of an interrupted restore. */
function allowed(database: string): Set<string> {
  return new Set([AUDIT, LOCK_FILE, RESTORED_FILE, draftOf(database)]);
}

function draftOf(database: string): string {
  return `${database}.restoring`;
}

/**
 * Puts a backup into an empty data directory, for its owner alone. The database gets its name once all of it is on the
 * disk; before that, a repetition starts over. The audit logs of the store may be there: Nexus continues them.
 *
 * @throws SpikeError `store_failure` while a Nexus runs there, `entity_conflict` when the directory is not empty,
 *   `state_integrity_check` when the file changed after it was verified
 */
export function restoreBackup(request: RestoreRequest): void {
  const { directory, database, manifest, nowMs } = request;
  makeDirectory(directory);
  using _lock = lockDataDirectory(directory);
  requireEmpty(directory, database);
  const draft = `${directory}/${draftOf(database)}`;
  copyTo(draft, request);
  const note = encodeNote(restoredFrom(manifest, nowMs));
  writeDurably(`${directory}/${RESTORED_FILE}`, (file) => writeAll(file, note));
  Deno.renameSync(draft, `${directory}/${database}`);
  syncDirectory(directory);
}

/**
 * Rejects a data directory that holds anything but what a restore may replace.
 *
 * @throws SpikeError `entity_conflict`
 */
export function requireEmpty(directory: string, database: string): void {
  const fine = allowed(database);
  let other: string | undefined;
  try {
    other = [...Deno.readDirSync(directory)].map(({ name }) => name).sort()
      .find((name) => !fine.has(name));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw unusable(directory, error);
  }
  if (other === undefined) return;
  throw new SpikeError(
    "entity_conflict",
    `Directory ${quoteValue(directory)} is not empty: it has ${quoteValue(other)}`,
    {
      hint:
        "Nothing was changed. Move the other files away; the directory audit can stay, Nexus continues its logs",
    },
  );
}

function makeDirectory(directory: string): void {
  try {
    makeOwnDirectory(directory);
  } catch (error) {
    if (error instanceof SpikeError) throw error;
    throw unusable(directory, error);
  }
}

function unusable(directory: string, cause: unknown): SpikeError {
  return new SpikeError(
    "fs_directory_creation_failed",
    `Directory ${quoteValue(directory)} cannot be used: ${fileFault(cause)}`,
    { hint: "Run this as the user that runs Nexus", cause },
  );
}

/** Between the verification and this the file may have changed, so it is hashed once more on its way. */
function copyTo(
  draft: string,
  { file: source, manifest: { file: expected } }: RestoreRequest,
): void {
  const digester = new Digester(expected.chunkBytes);
  writeDurably(draft, (file) => {
    using from = Deno.openSync(source, { read: true });
    const piece = new Uint8Array(PIECE_BYTES);
    for (let read = from.readSync(piece); read !== null; read = from.readSync(piece)) {
      digester.update(piece.subarray(0, read));
      writeAll(file, piece.subarray(0, read));
    }
  });
  if (digester.end().sha256 === expected.sha256) return;
  Deno.removeSync(draft);
  throw new SpikeError("state_integrity_check", "The backup changed while it was read", {
    hint: "Nothing was restored; verify it again",
  });
}

function writeDurably(path: string, write: (file: Deno.FsFile) => void): void {
  using file = Deno.openSync(path, { write: true, create: true, truncate: true, mode: 0o600 });
  Deno.chmodSync(path, 0o600);
  write(file);
  file.syncSync();
}

function syncDirectory(path: string): void {
  using directory = Deno.openSync(path, { read: true });
  directory.syncSync();
}
