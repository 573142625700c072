import type { DatabaseSync } from "node:sqlite";

/**
 * Identity and revision of a store. Of two backups of one store, the one with more restores, then revisions, is newer.
 */
export interface StoreState {
  /** Lower-case hex. */
  readonly id: string;
  /** Number of the stored layout. */
  readonly format: number;
  /** Of its last transaction. */
  readonly revision: number;
  /** How often it was restored from a backup. Revisions continue from that of the backup. */
  readonly restores: number;
}

/** How much is in a database. */
export interface Counts {
  /** Purged ones included. */
  readonly paths: number;
  /** Versions of secrets, deleted and destroyed ones included. */
  readonly versions: number;
  /** Access policies. */
  readonly policies: number;
  /** Named keys of the encryption service. */
  readonly cipherKeys: number;
  /** Generations of the key-encryption key. */
  readonly keks: number;
}

/** The shard set whose root key opens a database, with commitments to its shards. */
export interface RecoverySet {
  /** Scheme of the shards: `gf256` or `p256`. */
  readonly scheme: string;
  /** Lower-case hex. */
  readonly setId: string;
  /** Generation of the shard set, from 1. */
  readonly generation: number;
  /** Shards that rebuild the root key. */
  readonly threshold: number;
  /** Shards in the set. */
  readonly shares: number;
  /** Which root key it is of: 1 is the first one, and each rotation adds one. */
  readonly rootEpoch: number;
  /** SHA-256 of each shard with its place, lower-case hex, from index 1; empty for a set without commitments. */
  readonly commitments: readonly string[];
}

/** What a manifest states about a database. No key is needed to read it. */
export interface Contents {
  /** Identity and revision of the store. */
  readonly store: StoreState;
  /** Numbers of rows. */
  readonly counts: Counts;
  /** The shard set that opens the database. */
  readonly recovery: RecoverySet;
}

const COMMITMENT_DIGITS = 64;

/** Reads from a database what its manifest states. Throws for one that was never initialized. */
export function readContents(db: DatabaseSync): Contents {
  const meta = db.prepare(
    `SELECT lower(hex(store_id)) AS id, scheme, lower(hex(set_id)) AS set_id,
            set_generation, threshold, shares, lower(hex(commitments)) AS commitments FROM meta`,
  ).get();
  if (!meta) throw new Error("The database holds no store");
  const count = (sql: string): number => Number(Object.values(db.prepare(sql).get() ?? {})[0] ?? 0);
  return {
    store: {
      id: String(meta["id"]),
      format: count("PRAGMA user_version"),
      revision: count("SELECT revision FROM counter"),
      restores: numberIn(markOf(db, "restored"), "restores", 0),
    },
    counts: {
      paths: count("SELECT count(*) FROM heads"),
      versions: count("SELECT count(*) FROM versions"),
      policies: count("SELECT count(*) FROM policies"),
      cipherKeys: count("SELECT count(*) FROM key_heads"),
      keks: count("SELECT count(*) FROM keks"),
    },
    recovery: {
      scheme: String(meta["scheme"]),
      setId: String(meta["set_id"]),
      generation: Number(meta["set_generation"]),
      threshold: Number(meta["threshold"]),
      shares: Number(meta["shares"]),
      rootEpoch: numberIn(markOf(db, "recovery"), "rootEpoch", 1),
      commitments: String(meta["commitments"]).match(new RegExp(`.{${COMMITMENT_DIGITS}}`, "g")) ??
        [],
    },
  };
}

function markOf(db: DatabaseSync, name: string): Uint8Array | undefined {
  const value = db.prepare("SELECT value FROM marks WHERE name = ?").get(name)?.["value"];
  return value instanceof Uint8Array ? value : undefined;
}

/** Marks are JSON in the clear; one that is absent or is not JSON is ignored. */
function numberIn(mark: Uint8Array | undefined, member: string, otherwise: number): number {
  if (!mark) return otherwise;
  try {
    const value = JSON.parse(new TextDecoder().decode(mark))[member];
    return Number.isSafeInteger(value) && value >= 0 ? value : otherwise;
  } catch {
    return otherwise;
  }
}
