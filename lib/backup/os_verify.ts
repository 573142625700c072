import { DatabaseSync } from "node:sqlite";
import { SpikeError } from "../error/error.ts";
import { readFileAtMost } from "../input/os_bounded_file.ts";
import { quoteValue } from "../text/quote.ts";
import { fileFault } from "../error/os_file_fault.ts";
import { formatKey, type LogKey } from "../audit/note.ts";
import { nativeVerifier } from "../audit/os_sign.ts";
import { identify } from "../store/sqlite_schema.ts";
import { digestFile, type FileDigest } from "./digest.ts";
import { type BackupManifest, MAX_MANIFEST_BYTES, openManifest } from "./manifest.ts";
import { findWrong, ownersOf } from "./structure.ts";

/** Something that is not as it was written, and where. */
export interface BackupFault {
  /** Page, file or table that is wrong. */
  readonly where: string;
  /** What is wrong with it. */
  readonly what: string;
}

/** What vouches for a backup. */
export type Origin =
  /** A key that the verifier pinned has signed its manifest. */
  | "pinned"
  /** Only the key that the manifest itself names. Anyone who can write the files can make such a pair. */
  | "unpinned";

/** The outcome. */
export interface BackupVerified {
  /** Absent when there is nothing that could be read as one. */
  readonly manifest?: BackupManifest;
  /** What vouches for the manifest. */
  readonly origin: Origin;
  /** Empty for an unchanged backup. */
  readonly findings: readonly BackupFault[];
}

/** The files, and the keys whose signatures are accepted. */
export interface VerifyRequest {
  /** Path of the backup's database. */
  readonly file: string;
  /** Path of its manifest. */
  readonly manifest: string;
  /** Public keys that were pinned. Without them the manifest's own key is taken. */
  readonly keys?: readonly LogKey[];
}

/** More places are counted, and not named. */
const NAMED = 20;

/** Compares a backup with its manifest, byte for byte, and checks its contents. Needs no decryption key. */
export function verifyBackup({ file, manifest: path, keys }: VerifyRequest): BackupVerified {
  const origin = keys === undefined ? "unpinned" : "pinned";
  let manifest: BackupManifest;
  const findings: BackupFault[] = [];
  try {
    const opened = openManifest(readNote(path), nativeVerifier());
    manifest = opened.manifest;
    if (!opened.isSigned) findings.push(inManifest("it is not what was signed"));
  } catch (error) {
    if (!(error instanceof SpikeError) || error.code !== "data_invalid_input") throw error;
    return { origin, findings: [inManifest(error.message)] };
  }
  findings.push(...pinnedBy(keys, manifest.key), ...compareFile(file, manifest));
  if (findings.length === 0) findings.push(...lookInside(file, manifest));
  return { manifest, origin, findings };
}

/**
 * Reads a manifest's file.
 *
 * @throws SpikeError `fs_file_open_failed`, `data_invalid_input` for a file that is not a manifest
 */
export function readNote(path: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileAtMost(path, MAX_MANIFEST_BYTES, "The manifest");
  } catch (cause) {
    if (cause instanceof SpikeError) throw cause;
    throw new SpikeError(
      "fs_file_open_failed",
      `Manifest ${quoteValue(path)} cannot be read: ${fileFault(cause)}`,
      { hint: "A backup has it beside its database; pass its path with --manifest", cause },
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new SpikeError("data_invalid_input", "The manifest is not text", { cause });
  }
}

function inManifest(what: string): BackupFault {
  return { where: "manifest", what };
}

function pinnedBy(keys: readonly LogKey[] | undefined, { log, publicKey }: LogKey): BackupFault[] {
  if (keys === undefined) return [];
  const known = keys.find((key) => key.log === log);
  if (known?.publicKey.toHex() === publicKey.toHex()) return [];
  return [inManifest(
    known
      ? `it is signed by another key than the one that was pinned for log ${log}`
      : `it is signed by ${formatKey({ log, publicKey })}, which is none of the keys given`,
  )];
}

function compareFile(path: string, { file: expected }: BackupManifest): BackupFault[] {
  let found: FileDigest;
  try {
    found = digestFile(path, expected.chunkBytes);
  } catch (cause) {
    throw new SpikeError(
      "fs_file_open_failed",
      `Backup ${quoteValue(path)} cannot be read: ${fileFault(cause)}`,
      { cause },
    );
  }
  const length = found.bytes === expected.bytes ? [] : [{
    where: "file",
    what: `it has ${found.bytes} bytes, the manifest says ${expected.bytes}`,
  }];
  const common = Math.min(found.chunks.length, expected.chunks.length);
  const changed = Array.from({ length: common }, (_, i) => i)
    .filter((i) => found.chunks[i] !== expected.chunks[i]);
  const places = changed.slice(0, NAMED).map((i) => describeChunk(path, expected, i));
  if (changed.length > NAMED) {
    places.push({ where: "file", what: `${changed.length - NAMED} more places were changed` });
  }
  const isSame = found.sha256 === expected.sha256 || length.length + places.length > 0;
  const whole = { where: "file", what: "its SHA-256 is not the one in the manifest" };
  return [...length, ...places, ...(isSame ? [] : [whole])];
}

function describeChunk(path: string, { pageBytes, chunkBytes }: BackupManifest["file"], i: number) {
  const first = i * chunkBytes / pageBytes + 1;
  const count = chunkBytes / pageBytes;
  const pages = Array.from({ length: count }, (_, page) => first + page);
  const owners = withDatabase(path, (db) => ownersOf(db, pages.slice(0, NAMED))) ?? [];
  const where = count === 1 ? `page ${first}` : `pages ${first} to ${first + count - 1}`;
  return {
    where: owners.length === 0 ? where : `${where} (${owners.join(", ")})`,
    what: `changed, from byte ${i * chunkBytes} on`,
  };
}

function lookInside(path: string, manifest: BackupManifest): BackupFault[] {
  const what = withDatabase(path, (db) => {
    identify(db, path);
    return findWrong(db, manifest);
  }, (reason) => [reason]);
  return (what ?? []).map((each) => ({ where: "database", what: each }));
}

function withDatabase<T>(
  path: string,
  use: (db: DatabaseSync) => T,
  onFailure: (reason: string) => T | undefined = () => undefined,
): T | undefined {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly: true });
    db.exec("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY");
    return use(db);
  } catch (error) {
    return onFailure(reasonOf(error));
  } finally {
    db?.close();
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
