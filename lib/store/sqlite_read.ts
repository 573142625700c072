import type { DatabaseSync, StatementSync } from "node:sqlite";
import type {
  AuditLogRow,
  Expiring,
  ExpiringRequest,
  HeadRow,
  KekRow,
  KekState,
  KeyHeadRow,
  KeyRow,
  ListedPath,
  ListRequest,
  OutboxRow,
  PolicyRow,
  PolicyRows,
  SealedPlace,
  SealedRequest,
  SecretRows,
  ShardScheme,
  StoreMeta,
  VersionRow,
  Wrapping,
} from "./port.ts";
import { isBefore } from "./order.ts";
import { misdirected, missingCounter } from "./refusal.ts";
import { requireLimit } from "./rows.ts";
import { bytes, integer, maybeInteger, oneInteger, type Row, text } from "./sqlite_column.ts";

const HEAD = "h.path, h.revision, h.current, h.purged, h.expires_at, h.kek_generation, h.sealed";
/** What a listing reads: no page of the table, and no path that was purged. */
const LISTED = "SELECT path, expires_at FROM heads INDEXED BY heads_listed WHERE purged = 0";
const POLICY = "p.name, p.revision, p.kek_generation, p.sealed";
const COMMITMENT_BYTES = 32;
/**
 * Reserved seals as they are read: no honest count comes near 2^52. One that was edited stays a number, which whoever
 * seals can judge, so that it does not keep those from the row's key who only open.
 */
export const BOUNDED_SEALS = `min(reserved_seals, ${2 ** 52})`;

const KEY =
  `name, version, kek_generation, wrapped, created_at, ${BOUNDED_SEALS} AS reserved_seals`;

/** Every table whose rows are sealed or wrapped under a KEK; all of them name its generation. */
export const SEALED_TABLES = ["heads", "versions", "policies", "keys", "key_heads"] as const;

/** The statements that read, prepared once for a connection. */
export class SqliteReads {
  readonly #db: DatabaseSync;
  readonly #revision: StatementSync;
  readonly #keks: StatementSync;
  readonly #head: StatementSync;
  readonly #secret: StatementSync;
  readonly #pathsFrom: StatementSync;
  readonly #pathsAfter: StatementSync;
  readonly #policies: StatementSync;
  readonly #policy: StatementSync;
  readonly #key: StatementSync;
  readonly #keyHead: StatementSync;
  readonly #wrapping: StatementSync;
  readonly #outbox: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#revision = db.prepare("SELECT revision FROM counter");
    this.#keks = db.prepare(
      `SELECT generation, wrapped, created_at, ${BOUNDED_SEALS} AS reserved_seals, state
       FROM keks ORDER BY generation`,
    );
    this.#head = db.prepare(`SELECT ${HEAD} FROM heads h WHERE h.path = ?`);
    this.#secret = db.prepare(
      `SELECT ${HEAD}, v.path AS version_path, v.version, v.kek_generation AS wrap_generation, v.wrapped_key,
              v.sealed AS value, v.created_at
       FROM heads h LEFT JOIN versions v
         ON v.path = h.path AND v.version = CASE WHEN ?2 = 0 THEN h.current ELSE ?2 END
       WHERE h.path = ?1`,
    );
    this.#pathsFrom = db.prepare(`${LISTED} AND path >= ? ORDER BY path LIMIT ?`);
    this.#pathsAfter = db.prepare(`${LISTED} AND path > ? ORDER BY path LIMIT ?`);
    // One statement, so that the revision is that of the rows.
    this.#policies = db.prepare(
      `SELECT c.policy_revision, ${POLICY} FROM counter c LEFT JOIN policies p ORDER BY p.name`,
    );
    this.#policy = db.prepare(`SELECT ${POLICY} FROM policies p WHERE p.name = ?`);
    this.#key = db.prepare(`SELECT ${KEY} FROM keys WHERE name = ? AND version = ?`);
    this.#wrapping = db.prepare(
      `SELECT path, version, kek_generation, wrapped_key FROM versions
       WHERE path = ? AND version = ?`,
    );
    this.#keyHead = db.prepare(`SELECT ${POLICY} FROM key_heads p WHERE p.name = ?`);
    this.#outbox = db.prepare(
      "SELECT revision, record FROM audit_outbox WHERE revision > ? ORDER BY revision LIMIT ?",
    );
  }

  revision(): number {
    const row = this.#revision.get();
    if (row === undefined) throw missingCounter();
    return integer(row, "revision");
  }

  /** Rare, so not prepared ahead. */
  meta(): StoreMeta | undefined {
    const row = this.#db.prepare("SELECT * FROM meta").get();
    const formatVersion = oneInteger(this.#db, "PRAGMA user_version", "user_version");
    return row && metaOf(row, formatVersion);
  }

  keks(): KekRow[] {
    return this.#keks.all().map(kekOf);
  }

  /** Rare, so not prepared ahead. */
  keys(name?: string): KeyRow[] {
    return this.#db.prepare(
      `SELECT ${KEY} FROM keys WHERE ?1 IS NULL OR name = ?1 ORDER BY name, version`,
    ).all(name ?? null).map(keyOf);
  }

  key(name: string, version: number): KeyRow | undefined {
    const row = this.#key.get(name, version);
    return row && keyOf(asked(row, { name, version }));
  }

  /** Rare, so not prepared ahead. */
  keyHeads(): KeyHeadRow[] {
    return this.#db.prepare(`SELECT ${POLICY} FROM key_heads p ORDER BY p.name`).all().map(
      policyOf,
    );
  }

  keyHead(name: string): KeyHeadRow | undefined {
    const row = this.#keyHead.get(name);
    return row && policyOf(asked(row, { name }));
  }

  /** Rare, so not prepared ahead. Rows have no order of their own that is cheaper than that of their ids. */
  sealedUnder({ kind, generation, after, limit }: SealedRequest): SealedPlace[] {
    requireLimit({ limit });
    const [table, version] = kind === "head" ? ["heads", "0"] : ["versions", "version"];
    return this.#db.prepare(
      `SELECT path, ${version} AS version, rowid AS at FROM ${table}
       WHERE kek_generation = ? AND rowid > ? ORDER BY rowid LIMIT ?`,
    ).all(generation, after, limit).map((row) => ({
      path: text(row, "path"),
      version: integer(row, "version"),
      at: integer(row, "at"),
    }));
  }

  wrapping(path: string, version: number): Wrapping | undefined {
    const row = this.#wrapping.get(path, version);
    if (row === undefined) return undefined;
    asked(row, { path, version });
    return {
      kekGeneration: integer(row, "kek_generation"),
      wrappedKey: bytes(row, "wrapped_key"),
    };
  }

  /**
   * Whether anything stored is sealed or wrapped under a generation. Before it says no, it looks at every row: an index
   * that was damaged would have data lost for good whose key is then removed.
   */
  isKekInUse(generation: number): boolean {
    const isNamedBy = (place: string) =>
      this.#db.prepare(`SELECT 1 FROM ${place} WHERE kek_generation = ? LIMIT 1`).get(generation);
    return SEALED_TABLES.some((table) => isNamedBy(table)) ||
      SEALED_TABLES.some((table) => isNamedBy(`${table} NOT INDEXED`));
  }

  head(path: string): HeadRow | undefined {
    const row = this.#head.get(path);
    return row && headOf(asked(row, { path }));
  }

  secret(path: string, version: number): SecretRows | undefined {
    const row = this.#secret.get(path, version);
    if (row === undefined) return undefined;
    const head = headOf(asked(row, { path }));
    if (row.version === null) return { head, version: undefined };
    asked(row, { version_path: path, version: version === 0 ? head.current : version });
    return { head, version: versionOf(row) };
  }

  /** The index is read from the first path on; what no longer has the prefix ends the page. */
  listPaths(request: ListRequest): ListedPath[] {
    requireLimit(request);
    const { prefix = "", after, limit } = request;
    const isInside = after !== undefined && !isBefore(after, prefix);
    const rows = isInside ? this.#pathsAfter.all(after, limit) : this.#pathsFrom.all(prefix, limit);
    const paths = rows.map((row) => ({
      path: text(row, "path"),
      expiresMs: maybeInteger(row, "expires_at"),
    }));
    const end = paths.findIndex(({ path }) => !path.startsWith(prefix));
    return end < 0 ? paths : paths.slice(0, end);
  }

  /** Rare, so not prepared ahead. */
  expiring(request: ExpiringRequest): Expiring {
    requireLimit(request);
    const { untilMs, limit } = request;
    const rows = this.#db.prepare(
      `SELECT path, expires_at, (SELECT count(*) FROM heads WHERE expires_at <= ?1) AS count
       FROM heads WHERE expires_at <= ?1 ORDER BY expires_at, path LIMIT ?2`,
    ).all(untilMs, limit);
    const [first] = rows;
    return {
      count: first ? integer(first, "count") : 0,
      paths: rows.map((row) => ({
        path: text(row, "path"),
        expiresMs: integer(row, "expires_at"),
      })),
    };
  }

  policies(): PolicyRows {
    const rows = this.#policies.all();
    const [first] = rows;
    if (first === undefined) throw missingCounter();
    return {
      revision: integer(first, "policy_revision"),
      rows: rows.filter(({ name }) => name !== null).map(policyOf),
    };
  }

  policy(name: string): PolicyRow | undefined {
    const row = this.#policy.get(name);
    return row && policyOf(asked(row, { name }));
  }

  /** Rare, so not prepared ahead. */
  mark(name: string): Uint8Array | undefined {
    const row = this.#db.prepare("SELECT name, value FROM marks WHERE name = ?").get(name);
    return row && bytes(asked(row, { name }), "value");
  }

  outbox(revision: number, limit: number): OutboxRow[] {
    return this.#outbox.all(revision, limit).map((row) => ({
      revision: integer(row, "revision"),
      record: bytes(row, "record"),
    }));
  }

  /** Rare, so not prepared ahead. */
  auditLogs(): AuditLogRow[] {
    return this.#db.prepare("SELECT log, created_at, checkpoint FROM audit_logs ORDER BY log").all()
      .map((row) => ({
        log: text(row, "log"),
        createdAtMs: integer(row, "created_at"),
        checkpoint: text(row, "checkpoint"),
      }));
  }
}

/** The row, if it is the one asked for: an index that was damaged can lead to another one, and that is whole. */
export function asked(row: Row, wanted: Readonly<Record<string, string | number>>): Row {
  for (const column in wanted) {
    if (row[column] !== wanted[column]) throw misdirected(Object.values(wanted));
  }
  return row;
}

function headOf(row: Row): HeadRow {
  return {
    path: text(row, "path"),
    revision: integer(row, "revision"),
    current: integer(row, "current"),
    isPurged: integer(row, "purged") === 1,
    expiresMs: maybeInteger(row, "expires_at"),
    kekGeneration: integer(row, "kek_generation"),
    sealed: bytes(row, "sealed"),
  };
}

function policyOf(row: Row): PolicyRow {
  return {
    name: text(row, "name"),
    revision: integer(row, "revision"),
    kekGeneration: integer(row, "kek_generation"),
    sealed: bytes(row, "sealed"),
  };
}

function versionOf(row: Row): VersionRow {
  return {
    version: integer(row, "version"),
    kekGeneration: integer(row, "wrap_generation"),
    wrappedKey: bytes(row, "wrapped_key"),
    sealed: bytes(row, "value"),
    createdAtMs: integer(row, "created_at"),
  };
}

function kekOf(row: Row): KekRow {
  return {
    generation: integer(row, "generation"),
    wrapped: bytes(row, "wrapped"),
    createdAtMs: integer(row, "created_at"),
    reservedSeals: integer(row, "reserved_seals"),
    state: oneOf<KekState>(text(row, "state"), "active", "retired"),
  };
}

function keyOf(row: Row): KeyRow {
  return {
    name: text(row, "name"),
    version: integer(row, "version"),
    kekGeneration: integer(row, "kek_generation"),
    wrapped: bytes(row, "wrapped"),
    createdAtMs: integer(row, "created_at"),
    reservedSeals: integer(row, "reserved_seals"),
  };
}

function metaOf(row: Row, formatVersion: number): StoreMeta {
  return {
    formatVersion,
    storeId: bytes(row, "store_id"),
    keyCheck: bytes(row, "key_check"),
    scheme: oneOf<ShardScheme>(text(row, "scheme"), "gf256", "p256"),
    shardSet: {
      setId: bytes(row, "set_id"),
      generation: integer(row, "set_generation"),
      threshold: integer(row, "threshold"),
      shares: integer(row, "shares"),
      commitments: commitmentsOf(bytes(row, "commitments")),
    },
    createdAtMs: integer(row, "created_at"),
  };
}

function commitmentsOf(joined: Uint8Array): Uint8Array[] {
  const count = joined.length / COMMITMENT_BYTES;
  return Array.from(
    { length: count },
    (_, i) => joined.slice(i * COMMITMENT_BYTES, (i + 1) * COMMITMENT_BYTES),
  );
}

/** The table's CHECK allows these two only. */
function oneOf<T extends string>(value: string, first: T, second: T): T {
  return value === first ? first : second;
}
