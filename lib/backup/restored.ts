import type { BackupManifest } from "./manifest.ts";

/** Name of the mark of a store's last restore. Its member `restores` counts them. */
export const RESTORED_MARK = "restored";
/** Name of the mark about the last backup that arrived. */
export const BACKUP_MARK = "backup";
/** What a restoration leaves beside the database, until Nexus has recorded it. */
export const RESTORED_FILE = "restored.json";

/** The backup that a store was restored from. */
export interface Restored {
  /** How often this store was restored, this time included. */
  readonly restores: number;
  /** Milliseconds since the epoch. */
  readonly restoredAtMs: number;
  /** Id of the restored store, lower-case hex. */
  readonly storeId: string;
  /** When the backup was made, milliseconds since the epoch. */
  readonly createdAtMs: number;
  /** Revision of the store in the backup. */
  readonly revision: number;
  /** Of the database file, hex. */
  readonly sha256: string;
}

/** The note that a restore leaves for Nexus. */
export function restoredFrom(
  { store, file, createdAtMs }: BackupManifest,
  restoredAtMs: number,
): Restored {
  return {
    restores: store.restores + 1,
    restoredAtMs,
    storeId: store.id,
    createdAtMs,
    revision: store.revision,
    sha256: file.sha256,
  };
}

/** The last backup that its recipient confirmed to have received whole. */
export interface LastBackup {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** Revision of the store in the backup. */
  readonly revision: number;
  /** Length of the database file. */
  readonly bytes: number;
  /** SHA-256 of the database file, lower-case hex. */
  readonly sha256: string;
}

const FORMAT = 1;

/** As a mark or a file has it. */
export function encodeNote(note: Restored | LastBackup): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ format: FORMAT, ...note })}\n`);
}

/** Decodes the note of a restore that {@linkcode encodeNote} made; undefined for everything else. */
export function decodeRestored(bytes: Uint8Array): Restored | undefined {
  const given = decode(bytes);
  const numbers = ["restores", "restoredAtMs", "createdAtMs", "revision"];
  const isOne = numbers.every((name) => isCount(given[name])) &&
    /^[0-9a-f]{32}$/.test(String(given["storeId"])) && isDigest(given["sha256"]);
  return isOne ? given as unknown as Restored : undefined;
}

/** Decodes the note of a backup that {@linkcode encodeNote} made; undefined for everything else. */
export function decodeLastBackup(bytes: Uint8Array): LastBackup | undefined {
  const given = decode(bytes);
  const isOne = ["atMs", "revision", "bytes"].every((name) => isCount(given[name])) &&
    isDigest(given["sha256"]);
  return isOne ? given as unknown as LastBackup : undefined;
}

function decode(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const { format, ...given } = Object(JSON.parse(new TextDecoder().decode(bytes)));
    return format === FORMAT ? given : {};
  } catch {
    return {};
  }
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isDigest(value: unknown): boolean {
  return typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
}
