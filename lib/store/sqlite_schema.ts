import type { DatabaseSync } from "node:sqlite";
import { SpikeError } from "../error/error.ts";
import { oneInteger } from "./sqlite_column.ts";
import { requireLayout } from "./sqlite_layout.ts";

/** "SPIK": in the file's header, so that no other program's database is taken for ours. */
export const APPLICATION_ID = 0x5350494b;

/**
 * Steps of the stored layout. Step n leads to format version n; a released step never changes.
 *
 * Tables have rowids on purpose: a listing then reads an index alone, never a page with sealed bytes.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (
    id             INTEGER PRIMARY KEY CHECK (id = 1),
    store_id       BLOB    NOT NULL CHECK (length(store_id) = 16),
    key_check      BLOB    NOT NULL CHECK (length(key_check) = 32),
    scheme         TEXT    NOT NULL CHECK (scheme IN ('gf256', 'p256')),
    set_id         BLOB    NOT NULL CHECK (length(set_id) = 16),
    set_generation INTEGER NOT NULL CHECK (set_generation >= 1),
    threshold      INTEGER NOT NULL CHECK (threshold >= 1),
    shares         INTEGER NOT NULL CHECK (shares BETWEEN threshold AND 255),
    commitments    BLOB    NOT NULL CHECK (length(commitments) IN (0, 32 * shares)),
    created_at     INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE counter (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    revision INTEGER NOT NULL
  ) STRICT;
  INSERT INTO counter (id, revision) VALUES (1, 0);

  CREATE TABLE keks (
    generation     INTEGER PRIMARY KEY CHECK (generation >= 1),
    wrapped        BLOB    NOT NULL,
    created_at     INTEGER NOT NULL,
    reserved_seals INTEGER NOT NULL CHECK (reserved_seals >= 0),
    state          TEXT    NOT NULL CHECK (state IN ('active', 'retired'))
  ) STRICT;

  CREATE TABLE heads (
    path           TEXT    PRIMARY KEY,
    revision       INTEGER NOT NULL,
    current        INTEGER NOT NULL CHECK (current >= 0),
    kek_generation INTEGER NOT NULL,
    sealed         BLOB    NOT NULL
  ) STRICT;

  CREATE TABLE versions (
    path           TEXT    NOT NULL REFERENCES heads (path),
    version        INTEGER NOT NULL CHECK (version >= 1),
    kek_generation INTEGER NOT NULL,
    wrapped_key    BLOB    NOT NULL,
    sealed         BLOB    NOT NULL,
    created_at     INTEGER NOT NULL,
    PRIMARY KEY (path, version)
  ) STRICT;
  `,
  `
  CREATE TABLE keys (
    name           TEXT    NOT NULL,
    version        INTEGER NOT NULL CHECK (version >= 1),
    kek_generation INTEGER NOT NULL,
    wrapped        BLOB    NOT NULL,
    created_at     INTEGER NOT NULL,
    reserved_seals INTEGER NOT NULL CHECK (reserved_seals >= 0),
    PRIMARY KEY (name, version)
  ) STRICT;
  `,
  `
  CREATE TABLE policies (
    name           TEXT    PRIMARY KEY,
    revision       INTEGER NOT NULL,
    kek_generation INTEGER NOT NULL,
    sealed         BLOB    NOT NULL
  ) STRICT;
  ALTER TABLE counter ADD COLUMN policy_revision INTEGER NOT NULL DEFAULT 0;
  `,
  `
  CREATE TABLE marks (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
  ) STRICT;
  `,
  `
  CREATE INDEX heads_by_kek ON heads (kek_generation);
  CREATE INDEX versions_by_kek ON versions (kek_generation);

  CREATE TABLE key_heads (
    name           TEXT    PRIMARY KEY,
    revision       INTEGER NOT NULL,
    kek_generation INTEGER NOT NULL,
    sealed         BLOB    NOT NULL
  ) STRICT;
  `,
  `
  ALTER TABLE heads ADD COLUMN purged INTEGER NOT NULL DEFAULT 0 CHECK (purged IN (0, 1));
  ALTER TABLE heads ADD COLUMN expires_at INTEGER;
  CREATE INDEX heads_listed ON heads (path, expires_at) WHERE purged = 0;
  CREATE INDEX heads_expiring ON heads (expires_at) WHERE expires_at IS NOT NULL;
  `,
  `
  CREATE TABLE audit_outbox (
    revision INTEGER PRIMARY KEY,
    record   BLOB    NOT NULL
  ) STRICT;

  CREATE TABLE audit_logs (
    log        TEXT    PRIMARY KEY CHECK (length(log) = 32),
    created_at INTEGER NOT NULL,
    checkpoint TEXT    NOT NULL
  ) STRICT;
  `,
];

/** Layout that this program writes. */
export const FORMAT_VERSION = MIGRATIONS.length;

/** What a database file is: ours in a layout this program knows, or nothing yet. */
export interface Identity {
  readonly isEmpty: boolean;
  /** 0 when empty. */
  readonly formatVersion: number;
}

/**
 * Identifies a database without changing it.
 *
 * @throws {SpikeError} `store_invalid_configuration` for a database of another program and for a format newer than this
 * program; `state_integrity_check` for one whose schema is not that of its format
 */
export function identify(db: DatabaseSync, path: string): Identity {
  const applicationId = oneInteger(db, "PRAGMA application_id", "application_id");
  const formatVersion = oneInteger(db, "PRAGMA user_version", "user_version");
  const tables = oneInteger(db, "SELECT count(*) AS tables FROM sqlite_schema", "tables");
  const isEmpty = applicationId === 0 && formatVersion === 0 && tables === 0;
  if (isEmpty) return { isEmpty, formatVersion };
  if (applicationId !== APPLICATION_ID) {
    throw new SpikeError(
      "store_invalid_configuration",
      `Database ${path} belongs to another program (application id ${applicationId})`,
      { hint: "Set another data directory, or import an original database with the importer" },
    );
  }
  if (formatVersion < 1 || formatVersion > FORMAT_VERSION) {
    throw new SpikeError(
      "store_invalid_configuration",
      `Database ${path} has format ${formatVersion}, this program knows 1 to ${FORMAT_VERSION}`,
      { hint: "Run the version of spike that wrote it, or a newer one; nothing was changed" },
    );
  }
  requireLayout(db, path, MIGRATIONS.slice(0, formatVersion));
  return { isEmpty, formatVersion };
}

/** Brings a database from `from` to the layout of this program, in one transaction. */
export function migrate(db: DatabaseSync, from: number): void {
  if (from === FORMAT_VERSION) return;
  db.exec("BEGIN IMMEDIATE");
  try {
    for (const step of MIGRATIONS.slice(from)) db.exec(step);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.exec(`PRAGMA user_version = ${FORMAT_VERSION}`);
    db.exec("COMMIT");
  } catch (reason) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw reason;
  }
}
