import type { DatabaseSync, StatementSync } from "node:sqlite";
import { SpikeError } from "../error/error.ts";
import type {
  AuditLogRow,
  HeadRow,
  InitialMeta,
  KekRow,
  KeyHeadRow,
  KeyRow,
  MetaChange,
  PolicyRow,
  SecretRows,
  StoreMeta,
  StoreTx,
  VersionRow,
  Wrapping,
} from "./port.ts";
import { repeatedVersion, unknownKek, unknownKey } from "./refusal.ts";
import { requireMeta } from "./rows.ts";
import { integer } from "./sqlite_column.ts";
import { guarded, isConstraint } from "./sqlite_error.ts";
import { asked, BOUNDED_SEALS, type SqliteReads } from "./sqlite_read.ts";

/** The statements that write, prepared once for the writing connection. */
export class SqliteWrites {
  readonly reads: SqliteReads;
  readonly path: string;
  readonly putMeta: StatementSync;
  readonly putKek: StatementSync;
  readonly reserveSeals: StatementSync;
  readonly putKey: StatementSync;
  readonly reserveKeySeals: StatementSync;
  readonly putHead: StatementSync;
  readonly insertVersion: StatementSync;
  readonly rewrapVersion: StatementSync;
  readonly versionNumbers: StatementSync;
  readonly overwriteVersion: StatementSync;
  readonly deleteVersion: StatementSync;
  readonly putPolicy: StatementSync;
  readonly deletePolicy: StatementSync;
  readonly removeKek: StatementSync;
  readonly putKeyHead: StatementSync;
  readonly putOutbox: StatementSync;
  readonly clearOutbox: StatementSync;
  readonly putAuditLog: StatementSync;
  readonly setPolicyRevision: StatementSync;
  readonly putMark: StatementSync;
  readonly deleteMark: StatementSync;
  readonly setRevision: StatementSync;

  constructor(db: DatabaseSync, path: string, reads: SqliteReads) {
    this.path = path;
    this.reads = reads;
    this.putMeta = db.prepare("INSERT OR REPLACE INTO meta VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    this.putKek = db.prepare(
      `INSERT INTO keks VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (generation) DO UPDATE SET wrapped = excluded.wrapped, state = excluded.state,
         reserved_seals = max(reserved_seals, excluded.reserved_seals)`,
    );
    this.reserveSeals = db.prepare(
      `UPDATE keks SET reserved_seals = ${BOUNDED_SEALS} + ? WHERE generation = ?
       RETURNING reserved_seals`,
    );
    this.putKey = db.prepare(
      `INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (name, version) DO UPDATE SET kek_generation = excluded.kek_generation,
         wrapped = excluded.wrapped, reserved_seals = max(reserved_seals, excluded.reserved_seals)`,
    );
    this.reserveKeySeals = db.prepare(
      `UPDATE keys SET reserved_seals = ${BOUNDED_SEALS} + ? WHERE name = ? AND version = ?
       RETURNING reserved_seals`,
    );
    this.putHead = db.prepare(
      `INSERT INTO heads (path, revision, current, kek_generation, sealed, purged, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (path) DO UPDATE SET revision = excluded.revision, current = excluded.current,
         kek_generation = excluded.kek_generation, sealed = excluded.sealed,
         purged = excluded.purged, expires_at = excluded.expires_at`,
    );
    this.insertVersion = db.prepare("INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?)");
    this.rewrapVersion = db.prepare(
      `UPDATE versions SET kek_generation = ?, wrapped_key = ? WHERE path = ? AND version = ?
       RETURNING path, version`,
    );
    this.versionNumbers = db.prepare("SELECT version FROM versions WHERE path = ?");
    this.overwriteVersion = db.prepare(
      `UPDATE versions SET wrapped_key = zeroblob(length(wrapped_key)),
         sealed = zeroblob(length(sealed))
       WHERE path = ? AND version = ? RETURNING path, version`,
    );
    this.deleteVersion = db.prepare(
      "DELETE FROM versions WHERE path = ? AND version = ? RETURNING path, version",
    );
    this.putPolicy = db.prepare(
      `INSERT INTO policies VALUES (?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET revision = excluded.revision,
         kek_generation = excluded.kek_generation, sealed = excluded.sealed`,
    );
    this.removeKek = db.prepare(
      "DELETE FROM keks WHERE generation = ?1 AND generation < (SELECT max(generation) FROM keks)",
    );
    this.putKeyHead = db.prepare(
      `INSERT INTO key_heads VALUES (?, ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET revision = excluded.revision,
         kek_generation = excluded.kek_generation, sealed = excluded.sealed`,
    );
    this.deletePolicy = db.prepare("DELETE FROM policies WHERE name = ?");
    this.putOutbox = db.prepare("INSERT OR REPLACE INTO audit_outbox VALUES (?, ?)");
    this.clearOutbox = db.prepare("DELETE FROM audit_outbox WHERE revision <= ?");
    this.putAuditLog = db.prepare(
      `INSERT INTO audit_logs VALUES (?, ?, ?)
       ON CONFLICT (log) DO UPDATE SET checkpoint = excluded.checkpoint`,
    );
    this.setPolicyRevision = db.prepare("UPDATE counter SET policy_revision = ?");
    this.putMark = db.prepare(
      "INSERT INTO marks VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    );
    this.deleteMark = db.prepare("DELETE FROM marks WHERE name = ?");
    this.setRevision = db.prepare("UPDATE counter SET revision = ?");
  }
}

/** A transaction on the writing connection, between a savepoint and its release. */
export class SqliteTx implements StoreTx {
  readonly #writes: SqliteWrites;
  #hasEnded = false;

  constructor(writes: SqliteWrites, readonly revision: number) {
    this.#writes = writes;
  }

  /** Makes every later use throw. */
  end(): void {
    this.#hasEnded = true;
  }

  meta(): Promise<StoreMeta | undefined> {
    return this.#do(({ reads }) => reads.meta());
  }

  keks(): Promise<readonly KekRow[]> {
    return this.#do(({ reads }) => reads.keks());
  }

  keys(name?: string): Promise<readonly KeyRow[]> {
    return this.#do(({ reads }) => reads.keys(name));
  }

  key(name: string, version: number): Promise<KeyRow | undefined> {
    return this.#do(({ reads }) => reads.key(name, version));
  }

  keyHead(name: string): Promise<KeyHeadRow | undefined> {
    return this.#do(({ reads }) => reads.keyHead(name));
  }

  keyHeads(): Promise<readonly KeyHeadRow[]> {
    return this.#do(({ reads }) => reads.keyHeads());
  }

  head(path: string): Promise<HeadRow | undefined> {
    return this.#do(({ reads }) => reads.head(path));
  }

  secret(path: string, version: number): Promise<SecretRows | undefined> {
    return this.#do(({ reads }) => reads.secret(path, version));
  }

  policy(name: string): Promise<PolicyRow | undefined> {
    return this.#do(({ reads }) => reads.policy(name));
  }

  mark(name: string): Promise<Uint8Array | undefined> {
    return this.#do(({ reads }) => reads.mark(name));
  }

  initialise(meta: InitialMeta, kek: KekRow): Promise<void> {
    return this.#do((writes) => {
      requireMeta(meta);
      if (writes.reads.meta()) {
        throw new SpikeError("state_already_initialized", "Store is already initialised");
      }
      putMeta(writes, meta);
      putKek(writes, kek);
    });
  }

  changeMeta(change: MetaChange): Promise<void> {
    return this.#do((writes) => {
      const before = writes.reads.meta();
      if (before === undefined) throw new SpikeError("state_not_ready", "Store is not initialised");
      const meta = { ...before, ...change };
      requireMeta(meta);
      putMeta(writes, meta);
    });
  }

  putKek(kek: KekRow): Promise<void> {
    return this.#do((writes) => putKek(writes, kek));
  }

  removeKek(generation: number): Promise<boolean> {
    return this.#do(({ reads, removeKek }) =>
      !reads.isKekInUse(generation) && Number(removeKek.run(generation).changes) > 0
    );
  }

  reserveSeals(generation: number, count: number): Promise<number> {
    return this.#do((writes) => {
      const row = writes.reserveSeals.get(count, generation);
      if (row === undefined) throw unknownKek(generation);
      return integer(row, "reserved_seals");
    });
  }

  putKey(key: KeyRow): Promise<void> {
    return this.#do((writes) => {
      const { name, version, kekGeneration, wrapped, createdAtMs, reservedSeals } = key;
      writes.putKey.run(name, version, kekGeneration, wrapped, createdAtMs, reservedSeals);
    });
  }

  reserveKeySeals(name: string, version: number, count: number): Promise<number> {
    return this.#do((writes) => {
      const row = writes.reserveKeySeals.get(count, name, version);
      if (row === undefined) throw unknownKey(name, version);
      return integer(row, "reserved_seals");
    });
  }

  putKeyHead(row: KeyHeadRow): Promise<void> {
    return this.#do((writes) => {
      writes.putKeyHead.run(row.name, row.revision, row.kekGeneration, row.sealed);
    });
  }

  putHead(row: HeadRow): Promise<void> {
    return this.#do((writes) => {
      const { path, revision, current, kekGeneration, sealed, isPurged, expiresMs } = row;
      const purged = isPurged ? 1 : 0;
      writes.putHead.run(path, revision, current, kekGeneration, sealed, purged, expiresMs);
    });
  }

  insertVersion(path: string, row: VersionRow): Promise<void> {
    return this.#do((writes) => {
      const { version, kekGeneration, wrappedKey, sealed, createdAtMs } = row;
      try {
        writes.insertVersion.run(path, version, kekGeneration, wrappedKey, sealed, createdAtMs);
      } catch (reason) {
        const isThere = isConstraint(reason) && writes.reads.secret(path, version)?.version;
        throw isThere ? repeatedVersion(path, version, reason) : reason;
      }
    });
  }

  wrapping(path: string, version: number): Promise<Wrapping | undefined> {
    return this.#do(({ reads }) => reads.wrapping(path, version));
  }

  rewrapVersion(path: string, version: number, wrapping: Wrapping): Promise<boolean> {
    return this.#do((writes) => {
      const { kekGeneration, wrappedKey } = wrapping;
      const row = writes.rewrapVersion.get(kekGeneration, wrappedKey, path, version);
      return row !== undefined && asked(row, { path, version }) === row;
    });
  }

  deleteVersions(path: string, versions: readonly number[]): Promise<void> {
    return this.#do((writes) => {
      for (const version of versions) touch(writes.deleteVersion, path, version);
    });
  }

  destroyVersions(path: string, versions: readonly number[] | "all"): Promise<void> {
    return this.#do((writes) => {
      const numbers = versions === "all"
        ? writes.versionNumbers.all(path).map((row) => integer(row, "version"))
        : versions;
      for (const version of numbers) {
        touch(writes.overwriteVersion, path, version);
        touch(writes.deleteVersion, path, version);
      }
    });
  }

  putPolicy(row: PolicyRow): Promise<void> {
    return this.#do((writes) => {
      writes.putPolicy.run(row.name, row.revision, row.kekGeneration, row.sealed);
      writes.setPolicyRevision.run(this.revision);
    });
  }

  deletePolicy(name: string): Promise<boolean> {
    return this.#do((writes) => {
      const isThere = Number(writes.deletePolicy.run(name).changes) > 0;
      if (isThere) writes.setPolicyRevision.run(this.revision);
      return isThere;
    });
  }

  putMark(name: string, value: Uint8Array | undefined): Promise<void> {
    return this.#do((writes) => {
      if (value === undefined) writes.deleteMark.run(name);
      else writes.putMark.run(name, value);
    });
  }

  putOutbox(record: Uint8Array): Promise<void> {
    return this.#do((writes) => void writes.putOutbox.run(this.revision, record));
  }

  clearOutbox(revision: number): Promise<void> {
    return this.#do((writes) => void writes.clearOutbox.run(revision));
  }

  putAuditLog({ log, createdAtMs, checkpoint }: AuditLogRow): Promise<void> {
    return this.#do((writes) => void writes.putAuditLog.run(log, createdAtMs, checkpoint));
  }

  #do<T>(work: (writes: SqliteWrites) => T): Promise<T> {
    return new Promise((resolve) => {
      if (this.#hasEnded) throw new Error("Transaction is over");
      resolve(guarded(this.#writes.path, () => work(this.#writes)));
    });
  }
}

function putMeta(writes: SqliteWrites, meta: InitialMeta): void {
  const { setId, generation, threshold, shares, commitments } = meta.shardSet;
  writes.putMeta.run(
    meta.storeId,
    meta.keyCheck,
    meta.scheme,
    setId,
    generation,
    threshold,
    shares,
    joined(commitments),
    meta.createdAtMs,
  );
}

/** Runs a statement on one version, if it exists. A transaction that touched another row is not committed. */
function touch(statement: StatementSync, path: string, version: number): void {
  const row = statement.get(path, version);
  if (row) asked(row, { path, version });
}

function putKek(writes: SqliteWrites, kek: KekRow): void {
  const { generation, wrapped, createdAtMs, reservedSeals, state } = kek;
  writes.putKek.run(generation, wrapped, createdAtMs, reservedSeals, state);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
