import type { DatabaseSync, StatementSync } from "node:sqlite";
import { SpikeError } from "../error/error.ts";
import { type CommitEngine, CommitQueue, type OpenTx } from "./commit_queue.ts";
import type { Store, StoreReader } from "./port.ts";
import { closed, failedSync } from "./refusal.ts";
import { integer } from "./sqlite_column.ts";
import { guarded, isSyncFailure, translate } from "./sqlite_error.ts";
import { openForReading, openForWriting } from "./sqlite_file.ts";
import { requireLayout } from "./sqlite_layout.ts";
import { SqliteReads } from "./sqlite_read.ts";
import { MIGRATIONS } from "./sqlite_schema.ts";
import { SqliteTx, SqliteWrites } from "./sqlite_tx.ts";

/** Which file, and whether this connection may write. */
export interface SqliteOptions {
  /** Path of the database file. */
  readonly path: string;
  /** Whether the connection writes. */
  readonly mode: "read" | "write";
}

/**
 * Opens a store in one SQLite file. There may be one writer, and any number of readers on any thread; readers
 * see each commit as soon as its promise has resolved.
 *
 * A writer needs the read and write permission on the database file, a reader the read permission. SQLite manages the
 * files beside it (`-wal`, `-shm`) without further permissions.
 *
 * @throws {SpikeError} `fs_file_open_failed` for a file that cannot be opened; `store_invalid_configuration` for a
 * database of another program or of a newer version of this one; `state_integrity_check` for a damaged one
 *
 * @example
 * ```ts ignore
 * const store = openSqlite({ path: "/var/lib/spike/spike.db", mode: "write" });
 * const paths = await store.listPaths({ prefix: "tenants/", limit: 100 });
 * ```
 */
export function openSqlite(options: SqliteOptions & { readonly mode: "write" }): Store;
/** Opens the store for reading; the writer must have created the database before. */
export function openSqlite(options: SqliteOptions & { readonly mode: "read" }): StoreReader;
export function openSqlite({ path, mode }: SqliteOptions): StoreReader {
  return mode === "read" ? openReader(path) : openStore(path);
}

function openReader(path: string): StoreReader {
  const db = openForReading(path);
  const reads = closingOnFailure(db, path, () => new SqliteReads(db));
  const read = <T>(work: () => T): Promise<T> =>
    new Promise((resolve) => {
      if (!db.isOpen) throw closed();
      resolve(guarded(path, work));
    });
  return {
    meta: () => read(() => reads.meta()),
    revision: () => read(() => reads.revision()),
    keks: () => read(() => reads.keks()),
    keys: (name) => read(() => reads.keys(name)),
    key: (name, version) => read(() => reads.key(name, version)),
    keyHeads: () => read(() => reads.keyHeads()),
    keyHead: (name) => read(() => reads.keyHead(name)),
    sealedUnder: (request) => read(() => reads.sealedUnder(request)),
    head: (path) => read(() => reads.head(path)),
    secret: (path, version) => read(() => reads.secret(path, version)),
    listPaths: (request) => read(() => reads.listPaths(request)),
    expiring: (request) => read(() => reads.expiring(request)),
    policies: () => read(() => reads.policies()),
    policy: (name) => read(() => reads.policy(name)),
    mark: (name) => read(() => reads.mark(name)),
    outbox: (revision, limit) => read(() => reads.outbox(revision, limit)),
    damagedVersions: (range) => read(() => reads.damagedVersions(range)),
    auditLogs: () => read(() => reads.auditLogs()),
    close: () => {
      if (db.isOpen) db.close();
      return Promise.resolve();
    },
  };
}

/** Reads go through a connection of their own: the writing one sees what is not committed yet. */
function openStore(path: string): Store {
  const db = openForWriting(path);
  const engine = closingOnFailure(db, path, () => new SqliteEngine(db, path));
  const reader = closingOnFailure(db, path, () => openReader(path));
  const queue = new CommitQueue(engine);
  return {
    ...reader,
    write: (work) => queue.add(work),
    forgetRemoved: () => queue.between(() => engine.truncateLog()),
    close: async () => {
      await queue.close();
      await reader.close();
      if (db.isOpen) guarded(path, () => db.close());
    },
  };
}

function closingOnFailure<T>(db: DatabaseSync, path: string, work: () => T): T {
  try {
    return guarded(path, work);
  } catch (reason) {
    db.close();
    throw reason;
  }
}

class SqliteEngine implements CommitEngine {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #writes: SqliteWrites;
  /** Prepared statements: errors of `exec` carry less detail. */
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #schemaVersion: StatementSync;
  /** Number of the layout that was compared last; SQLite counts every change. */
  #comparedAt: number | undefined;
  #hasSyncFailed = false;

  constructor(db: DatabaseSync, path: string) {
    this.#db = db;
    this.#path = path;
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#schemaVersion = db.prepare("PRAGMA schema_version");
    this.#writes = new SqliteWrites(db, path, new SqliteReads(db));
  }

  begin(): number {
    if (this.#hasSyncFailed) throw failedSync(this.#path);
    return guarded(this.#path, () => {
      this.#begin.run();
      this.#requireLayout();
      return this.#writes.reads.revision();
    });
  }

  open(revision: number): OpenTx {
    guarded(this.#path, () => this.#db.exec("SAVEPOINT work"));
    const tx = new SqliteTx(this.#writes, revision);
    return {
      tx,
      keep: () => {
        tx.end();
        guarded(this.#path, () => this.#db.exec("RELEASE work"));
      },
      undo: (reason) => {
        tx.end();
        this.#undo(reason);
      },
    };
  }

  commit(revision: number): void {
    guarded(this.#path, () => {
      this.#writes.setRevision.run(revision);
      try {
        this.#commit.run();
      } catch (reason) {
        this.#hasSyncFailed = isSyncFailure(reason);
        throw reason;
      }
    });
  }

  rollback(): void {
    if (this.#db.isTransaction) guarded(this.#path, () => this.#db.exec("ROLLBACK"));
  }

  /** Moves the write-ahead log into the file and cuts it to nothing. */
  truncateLog(): void {
    guarded(this.#path, () => {
      const row = this.#db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
      if (row === undefined || integer(row, "busy") !== 0) {
        throw new SpikeError(
          "store_failure",
          `Log of database ${this.#path} is in use by a reader`,
          {
            hint: "Retry the request",
          },
        );
      }
    });
  }

  /**
   * Rejects writes to a schema that was modified outside Nexus. SQLite notices a modification only by a new schema
   * version.
   */
  #requireLayout(): void {
    const row = this.#schemaVersion.get();
    const version = row && integer(row, "schema_version");
    if (version === this.#comparedAt) return;
    requireLayout(this.#db, this.#path, MIGRATIONS);
    this.#comparedAt = version;
  }

  /** After some failures (full disk, I/O) SQLite has rolled back everything itself. */
  #undo(reason: unknown): void {
    if (!this.#db.isTransaction) throw translate(reason, this.#path);
    guarded(this.#path, () => this.#db.exec("ROLLBACK TO work; RELEASE work"));
  }
}
