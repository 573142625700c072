import { DatabaseSync } from "node:sqlite";
import { SpikeError } from "../error/error.ts";
import { guarded } from "./sqlite_error.ts";
import { identify, type Identity, migrate } from "./sqlite_schema.ts";
import { requireWhole } from "./sqlite_whole.ts";

const BUSY_TIMEOUT_MS = 5000;
/** Owner only: read and write. */
const FILE_MODE = 0o600;

/**
 * Opens the connection that writes. Creates the file when it is absent, migrates an older format, and rejects, without
 * changing it, a database that is of another program, damaged, or newer than this program.
 */
export function openForWriting(path: string): DatabaseSync {
  return guarded(path, () => {
    makePrivate(path);
    requireWhole(path);
    const found = inspect(path);
    return configured(connect(path, false), (db) => {
      db.exec("PRAGMA secure_delete = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      db.exec("PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON");
      db.exec("PRAGMA temp_store = MEMORY");
      migrate(db, found.formatVersion);
      // Removes what a crash left in the log, see `Store.forgetRemoved`.
      db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    });
  });
}

/** Opens a connection that reads. The writer must have created the database before. */
export function openForReading(path: string): DatabaseSync {
  return guarded(path, () => {
    const db = connect(path, true);
    return configured(db, () => {
      db.exec(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY",
      );
      if (identify(db, path).isEmpty) throw notMadeYet(path);
    });
  });
}

function connect(path: string, readOnly: boolean): DatabaseSync {
  try {
    return new DatabaseSync(path, { readOnly, timeout: BUSY_TIMEOUT_MS });
  } catch (cause) {
    throw cannotOpen(path, cause);
  }
}

/** Hands `db` out only when `configure` succeeds. */
function configured(db: DatabaseSync, configure: (db: DatabaseSync) => void): DatabaseSync {
  try {
    configure(db);
    return db;
  } catch (reason) {
    db.close();
    throw reason;
  }
}

/** Uses a connection that cannot write, so that a rejected file stays unchanged. */
function inspect(path: string): Identity {
  const db = connect(path, true);
  try {
    return identify(db, path);
  } finally {
    db.close();
  }
}

/** SQLite gives its journals the mode of the database file. */
function makePrivate(path: string): void {
  try {
    Deno.openSync(path, { read: true, write: true, create: true, mode: FILE_MODE }).close();
    const mode = Deno.statSync(path).mode ?? FILE_MODE;
    if ((mode & 0o077) !== 0) Deno.chmodSync(path, FILE_MODE);
  } catch (cause) {
    throw cannotOpen(path, cause);
  }
}

function cannotOpen(path: string, cause: unknown): SpikeError {
  return new SpikeError("fs_file_open_failed", `Database ${path} cannot be opened`, {
    hint: "Check the owner and the mode of the file and its directory",
    cause,
  });
}

function notMadeYet(path: string): SpikeError {
  return new SpikeError("store_invalid_configuration", `Database ${path} is empty`, {
    hint: "The writer creates it; open it for writing first",
  });
}
