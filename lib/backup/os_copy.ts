/**
 * Copies a database while others write to it. Imports only built-in modules: it runs in a thread that can read its
 * own few modules and the data directory, and no other file.
 */
import { backup, DatabaseSync } from "node:sqlite";
import { type Contents, readContents } from "./contents.ts";
import { chunkBytesFor, digestFile, type FileDigest } from "./digest.ts";

/** From where, and to which file, which is made for its owner alone. */
export interface CopyRequest {
  /** Path of the database to copy. */
  readonly source: string;
  /** Path of the copy, which must not exist. */
  readonly target: string;
}

/** A copy, and what is in it. */
export interface Copied extends Contents {
  /** Length, page size and digests of the copy. */
  readonly file: FileDigest & { readonly pageBytes: number };
}

const BUSY_TIMEOUT_MS = 5000;
/** Pages of one step; between steps the thread can be ended. */
const PAGES = 1024;

/**
 * Copies the database as it is now. The snapshot of one read transaction is copied, so that writers neither wait nor
 * make it begin anew, and the copy is looked over before it is described: a damaged one is never handed out as good.
 *
 * `onReleased` is called when the database is not in use any more.
 *
 * The runtime's `backup()` does not yield to the event loop (Deno 2.9.6), so this belongs into a thread of its own.
 */
export async function copyDatabase(
  { source, target }: CopyRequest,
  onReleased: () => void = () => {},
): Promise<Copied> {
  Deno.openSync(target, { write: true, createNew: true, mode: 0o600 }).close();
  const db = new DatabaseSync(source, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    db.exec("BEGIN");
    db.prepare("SELECT count(*) FROM sqlite_schema").get();
    await backup(db, target, { rate: PAGES });
    db.exec("COMMIT");
  } finally {
    db.close();
  }
  onReleased();
  return settle(target);
}

/** Makes the copy a single file that opens without others beside it, checks it and counts its contents. */
function settle(path: string): Copied {
  const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    db.exec("PRAGMA journal_mode = DELETE; PRAGMA temp_store = MEMORY");
    const damage = damageOf(db);
    if (damage !== undefined) throw new Error(`The database is damaged: ${damage}`);
    const pageBytes = Number(db.prepare("PRAGMA page_size").get()?.["page_size"]);
    const contents = readContents(db);
    db.close();
    const { size } = Deno.statSync(path);
    const file = { ...digestFile(path, chunkBytesFor(size, pageBytes)), pageBytes };
    return { file, ...contents };
  } finally {
    if (db.isOpen) db.close();
  }
}

/** What SQLite's own checks find first; undefined when they find nothing. */
export function damageOf(db: DatabaseSync): string | undefined {
  const found = db.prepare("PRAGMA integrity_check(1)").get()?.["integrity_check"];
  if (found !== "ok") return String(found);
  const orphan = db.prepare("PRAGMA foreign_key_check").get();
  return orphan ? `a row of ${orphan["table"]} belongs to none of ${orphan["parent"]}` : undefined;
}
