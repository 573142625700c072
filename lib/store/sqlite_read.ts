import type { DatabaseSync, StatementSync } from "node:sqlite";
import type {
  AuditLogRow,
  Expiring,
  ExpiringRequest,
  HeadRow,
  KekRow,
  KeyHeadRow,
  KeyRow,
  ListedPath,
  ListRequest,
  OutboxRow,
  PathRange,
  PolicyRow,
  PolicyRows,
  SealedPlace,
  SealedRequest,
  SecretRows,
  StoreMeta,
  Wrapping,
} from "./port.ts";
import { isBefore } from "./order.ts";
import { misdirected, missingCounter } from "./refusal.ts";
import { requireLimit } from "./rows.ts";
import {
  allRows,
  bytes,
  firstRow,
  integer,
  label,
  leniently,
  maybeLeniently,
  oneInteger,
  type Row,
  text,
} from "./sqlite_column.ts";
import { AMONG_OTHERS, headOf, kekOf, keyOf, metaOf, policyOf, versionOf } from "./sqlite_row.ts";

const HEAD = "h.path, h.revision, h.current, h.purged, h.expires_at, h.kek_generation, h.sealed";
/** What a listing reads: no page of the table, and no path that was purged. */
const LISTED = "SELECT path, expires_at FROM heads INDEXED BY heads_listed WHERE purged = 0";
const POLICY = "p.name, p.revision, p.kek_generation, p.sealed";
/**
 * Reserved seals as they are read. No valid count approaches 2^52. A modified count stays a number that the sealing
 * code can reject, so that opening with the key of the row still works. A value that is not a count reads as used up.
 */
export const BOUNDED_SEALS = `CASE WHEN typeof(reserved_seals) = 'integer' AND reserved_seals >= 0
   THEN min(reserved_seals, ${2 ** 52}) ELSE ${2 ** 52} END`;
/** Whether a column holds what this program never stores. Texts and bytes come after all numbers. */
const isMisshapen = (column: string) =>
  `(${column} IS NULL OR ${column} < 0 OR ${column} > ${Number.MAX_SAFE_INTEGER}
    OR typeof(${column}) <> 'integer')`;

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
      `SELECT c.policy_revision, p.rowid AS at, ${POLICY} FROM counter c LEFT JOIN policies p ORDER BY p.name`,
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
    const row = firstRow(this.#revision);
    if (row === undefined) throw missingCounter();
    return integer(row, "revision");
  }

  /** Rare, so not prepared ahead. */
  meta(): StoreMeta | undefined {
    const row = firstRow(this.#db.prepare("SELECT * FROM meta"));
    const formatVersion = oneInteger(this.#db, "PRAGMA user_version", "user_version");
    return row && metaOf(row, formatVersion);
  }

  keks(): KekRow[] {
    return allRows(this.#keks).map(kekOf);
  }

  /** Rare, so not prepared ahead. */
  keys(name?: string): KeyRow[] {
    const statement = this.#db.prepare(
      `SELECT ${KEY} FROM keys WHERE ?1 IS NULL OR name = ?1 ORDER BY name, version`,
    );
    return allRows(statement, name ?? null).map((row) => keyOf(row, AMONG_OTHERS));
  }

  key(name: string, version: number): KeyRow | undefined {
    const row = firstRow(this.#key, name, version);
    return row && keyOf(asked(row, { name, version }));
  }

  /** Rare, so not prepared ahead. */
  keyHeads(): KeyHeadRow[] {
    const statement = this.#db.prepare(`SELECT ${POLICY} FROM key_heads p ORDER BY p.name`);
    return allRows(statement).map((row) => policyOf(row, AMONG_OTHERS));
  }

  keyHead(name: string): KeyHeadRow | undefined {
    const row = firstRow(this.#keyHead, name);
    return row && policyOf(asked(row, { name }));
  }

  /** Rare, so not prepared ahead. Rows have no order of their own that is cheaper than that of their ids. */
  sealedUnder({ kind, generation, after, limit }: SealedRequest): SealedPlace[] {
    requireLimit({ limit });
    const [table, version] = kind === "head" ? ["heads", "0"] : ["versions", "version"];
    const statement = this.#db.prepare(
      `SELECT path, ${version} AS version, rowid AS at FROM ${table}
       WHERE kek_generation = ? AND rowid > ? AND rowid <= ${Number.MAX_SAFE_INTEGER}
       ORDER BY rowid LIMIT ?`,
    );
    return allRows(statement, generation, after, limit).map((row) => ({
      path: label(row, "path"),
      version: leniently(row, "version"),
      at: integer(row, "at"),
    }));
  }

  wrapping(path: string, version: number): Wrapping | undefined {
    const row = firstRow(this.#wrapping, path, version);
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
      SEALED_TABLES.some((table) => isNamedBy(`${table} NOT INDEXED`)) ||
      SEALED_TABLES.some((table) => this.#hasUnknownKek(table));
  }

  /** A row with a damaged generation may need any key. */
  #hasUnknownKek(table: string): boolean {
    const statement = this.#db.prepare(
      `SELECT 1 FROM ${table} WHERE ${isMisshapen("kek_generation")} LIMIT 1`,
    );
    return statement.get() !== undefined;
  }

  head(path: string): HeadRow | undefined {
    const row = firstRow(this.#head, path);
    return row && headOf(asked(row, { path }));
  }

  secret(path: string, version: number): SecretRows | undefined {
    const row = firstRow(this.#secret, path, version);
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
    const rows = isInside
      ? allRows(this.#pathsAfter, after, limit)
      : allRows(this.#pathsFrom, prefix, limit);
    // SQLite sorts blobs after all texts.
    const end = rows.findIndex(({ path }) => typeof path !== "string" || !path.startsWith(prefix));
    return (end < 0 ? rows : rows.slice(0, end)).map((row) => ({
      path: text(row, "path"),
      expiresMs: maybeLeniently(row, "expires_at"),
    }));
  }

  /** Rare, so not prepared ahead. */
  expiring(request: ExpiringRequest): Expiring {
    requireLimit(request);
    const { untilMs, limit } = request;
    // A time before the epoch is damage, which a read of the row reports.
    const expires = "expires_at BETWEEN 0 AND ?1";
    const rows = this.#db.prepare(
      `SELECT path, expires_at, (SELECT count(*) FROM heads WHERE ${expires}) AS count
       FROM heads WHERE ${expires} ORDER BY expires_at, path LIMIT ?2`,
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
    const rows = allRows(this.#policies);
    const [first] = rows;
    if (first === undefined) throw missingCounter();
    return {
      revision: leniently(first, "policy_revision"),
      rows: rows.filter(({ at }) => at !== null).map((row) => policyOf(row, AMONG_OTHERS)),
    };
  }

  policy(name: string): PolicyRow | undefined {
    const row = firstRow(this.#policy, name);
    return row && policyOf(asked(row, { name }));
  }

  /** Rare, so not prepared ahead. */
  mark(name: string): Uint8Array | undefined {
    const row = this.#db.prepare("SELECT name, value FROM marks WHERE name = ?").get(name);
    return row && bytes(asked(row, { name }), "value");
  }

  outbox(revision: number, limit: number): OutboxRow[] {
    return allRows(this.#outbox, revision, limit).map((row) => ({
      revision: leniently(row, "revision"),
      record: bytes(row, "record"),
    }));
  }

  /** Rare, so not prepared ahead. */
  auditLogs(): AuditLogRow[] {
    const sql = "SELECT log, created_at, checkpoint FROM audit_logs ORDER BY log";
    return allRows(this.#db.prepare(sql)).map((row) => ({
      log: label(row, "log"),
      createdAtMs: leniently(row, "created_at"),
      checkpoint: label(row, "checkpoint"),
    }));
  }

  /** Rare, so not prepared ahead. */
  damagedVersions({ from, to }: PathRange): string[] {
    const statement = this.#db.prepare(
      `SELECT DISTINCT path FROM versions WHERE path >= ? AND path <= ?
         AND (${isMisshapen("version")} OR ${isMisshapen("kek_generation")})`,
    );
    return allRows(statement, from, to).map((row) => label(row, "path"));
  }
}

/** The row, if it is the one asked for: an index that was damaged can lead to another one, and that is whole. */
export function asked(row: Row, wanted: Readonly<Record<string, string | number>>): Row {
  for (const column in wanted) {
    if (row[column] !== wanted[column]) throw misdirected(Object.values(wanted));
  }
  return row;
}
