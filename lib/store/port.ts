/** How the root key is shared among the keepers. The bytes of a shard do not show the scheme. */
export type ShardScheme = "gf256" | "p256";

/** The set of shards in force: what distinguishes its shards from those of other sets, never a shard. */
export interface StoredShardSet {
  /** 16 random bytes, drawn for each set. */
  readonly setId: Uint8Array;
  /** Number of the set, from 1. */
  readonly generation: number;
  /** Number of shards that rebuild the root key. */
  readonly threshold: number;
  /** Number of shards, at most 255. */
  readonly shares: number;
  /** 32 bytes for each share, by index from 1; empty when the set came without commitments. */
  readonly commitments: readonly Uint8Array[];
}

/** Meta data of a store, in the clear. */
export interface StoreMeta {
  /** Number of the stored layout; grows with every migration. */
  readonly formatVersion: number;
  /** 16 random bytes, drawn once; part of every sealed blob's additional data. */
  readonly storeId: Uint8Array;
  /** Proves a rebuilt root key before it is used. */
  readonly keyCheck: Uint8Array;
  /** Scheme of the root key's shards. */
  readonly scheme: ShardScheme;
  /** The set of shards in force. */
  readonly shardSet: StoredShardSet;
  /** Time of initialisation, milliseconds since the epoch. */
  readonly createdAtMs: number;
}

/** `active` seals and opens, `retired` only opens. Informational: the newest generation is the one that seals. */
export type KekState = "active" | "retired";

/** One generation of the key-encryption key, wrapped by a key that is never stored. */
export interface KekRow {
  /** From 1, never used twice. */
  readonly generation: number;
  /** The wrapped key. */
  readonly wrapped: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
  /** How many sealings under this key were reserved, used or not. */
  readonly reservedSeals: number;
  /** As the last rotation left it. */
  readonly state: KekState;
}

/** One version of a long-lived key, wrapped by a KEK, so that it survives every rotation of the KEK. */
export interface KeyRow {
  /** Name of the key, such as `cipher/default`. */
  readonly name: string;
  /** From 1. */
  readonly version: number;
  /** Generation of the key that wraps it. */
  readonly kekGeneration: number;
  /** The wrapped key. */
  readonly wrapped: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
  /** How many sealings under this key were reserved, used or not. */
  readonly reservedSeals: number;
}

/** What a store keeps once for a path. */
export interface HeadRow {
  /** Path of the secret. */
  readonly path: string;
  /** Revision of the write transaction that stored this head. */
  readonly revision: number;
  /** Number of the current version, 0 when there is none. */
  readonly current: number;
  /** Only the highest version number of the path is left; listings omit it. */
  readonly isPurged: boolean;
  /** Milliseconds since the epoch, from when the path reads as absent; null for never. */
  readonly expiresMs: number | null;
  /** Generation of the key that sealed the head. */
  readonly kekGeneration: number;
  /** The sealed head. */
  readonly sealed: Uint8Array;
}

/** One version of a path. The value is sealed under a data key of its own. */
export interface VersionRow {
  /** From 1. */
  readonly version: number;
  /** Generation of the key that wraps the data key. */
  readonly kekGeneration: number;
  /** The wrapped data key. */
  readonly wrappedKey: Uint8Array;
  /** The sealed value. */
  readonly sealed: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
}

/** How one version's data key is wrapped. */
export type Wrapping = Pick<VersionRow, "kekGeneration" | "wrappedKey">;

/** A policy. Its name is in the clear, the rest is sealed. */
export interface PolicyRow {
  /** Name in the clear. */
  readonly name: string;
  /** Revision of the write transaction that stored it. */
  readonly revision: number;
  /** Generation of the key that sealed it. */
  readonly kekGeneration: number;
  /** The sealed record. */
  readonly sealed: Uint8Array;
}

/** What a store keeps once for a named cipher key. Its name is in the clear, the rest is sealed. */
export type KeyHeadRow = PolicyRow;

/** What a KEK seals for a path: its head, or the data key of one of its versions. */
export type SealKind = "head" | "version";

/** A page of what is sealed under one KEK generation. */
export interface SealedRequest {
  /** Whether to list heads or versions. */
  readonly kind: SealKind;
  /** Generation of the KEK. */
  readonly generation: number;
  /** `at` of the last place of the page before, 0 for the first page. */
  readonly after: number;
  /** Longest page, at least 1. */
  readonly limit: number;
}

/** Something that is sealed under a KEK. */
export interface SealedPlace {
  /** Path of the secret. */
  readonly path: string;
  /** 0 for a head. */
  readonly version: number;
  /** Position in an order that the store defines. */
  readonly at: number;
}

/** All policies as of one moment. */
export interface PolicyRows {
  /** Revision of the last transaction that stored or removed a policy, 0 before the first. */
  readonly revision: number;
  /** By name, bytewise ascending. */
  readonly rows: readonly PolicyRow[];
}

/** Result of a lookup of one version: a head, and the row of the version where it exists. */
export interface SecretRows {
  /** Head of the path. */
  readonly head: HeadRow;
  /** Undefined where the path does not have this version. */
  readonly version: VersionRow | undefined;
}

/** An audit record that was committed with a transaction and waits to be appended to the log. */
export interface OutboxRow {
  /** Revision of the transaction that it records. */
  readonly revision: number;
  /** The protected audit record. */
  readonly record: Uint8Array;
}

/** An audit log that belongs to this store. Stored so that a missing log is noticed. */
export interface AuditLogRow {
  /** Hex, 16 bytes. */
  readonly log: string;
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
  /** The newest signed checkpoint that was stored; empty before the first. */
  readonly checkpoint: string;
}

/** A page of paths, bytewise ascending. */
export interface ListRequest {
  /** Only paths that start with this text. */
  readonly prefix?: string;
  /** Only paths greater than this one. */
  readonly after?: string;
  /** At least 1. A shorter page is the last one. */
  readonly limit: number;
}

/** A path in a listing. */
export interface ListedPath {
  /** Path of the secret. */
  readonly path: string;
  /** As in its head row. */
  readonly expiresMs: number | null;
}

/** Paths from one to another, both included. */
export interface PathRange {
  /** First path of the range. */
  readonly from: string;
  /** Last path of the range. */
  readonly to: string;
}

/** A query for paths that expire. */
export interface ExpiringRequest {
  /** Only paths that expire at this time or before, milliseconds since the epoch. */
  readonly untilMs: number;
  /** At least 1. */
  readonly limit: number;
}

/** Paths that expire, soonest first, and their total number. */
export interface Expiring {
  /** Number of all paths that match, at least the number listed. */
  readonly count: number;
  /** The first `limit` paths by expiry. */
  readonly paths: readonly (ListedPath & { readonly expiresMs: number })[];
}

/**
 * The reading side of a store. It sees committed writes only; several may be open at once, on several
 * threads. Rows and their bytes belong to the caller: changing them changes nothing stored.
 *
 * A method that returns several rows does not fail for one row with a column of the wrong type: a number then reads as
 * -1 and bytes read as empty, which the sealed part of the row contradicts.
 *
 * @throws {SpikeError} every method rejects with `store_failure` when the storage does not answer, and with
 * `state_integrity_check` when it is damaged
 */
export interface StoreReader {
  /** Undefined until the store is initialised. */
  meta(): Promise<StoreMeta | undefined>;
  /** Revision of the last committed write transaction, 0 before the first. */
  revision(): Promise<number>;
  /** All generations, ascending. */
  keks(): Promise<readonly KekRow[]>;
  /** All versions of the long-lived key `name`, or of all of them, by name and version. */
  keys(name?: string): Promise<readonly KeyRow[]>;
  /** One version of the long-lived key `name`. */
  key(name: string, version: number): Promise<KeyRow | undefined>;
  /** The heads of all named cipher keys, by name, bytewise ascending. */
  keyHeads(): Promise<readonly KeyHeadRow[]>;
  /** The head of one named cipher key; undefined when the key does not exist. */
  keyHead(name: string): Promise<KeyHeadRow | undefined>;
  /** What is sealed under one KEK generation. A page shorter than the limit is the last one. */
  sealedUnder(request: SealedRequest): Promise<readonly SealedPlace[]>;
  /** The head of `path`, without any version. */
  head(path: string): Promise<HeadRow | undefined>;
  /** Head and version in one look-up; `version` 0 is the version that the head row names as current. */
  secret(path: string, version: number): Promise<SecretRows | undefined>;
  /** A page of paths, without those that were purged. Never reads a sealed blob. */
  listPaths(request: ListRequest): Promise<readonly ListedPath[]>;
  /** Paths that expire. The cost does not depend on the number of other paths. */
  expiring(request: ExpiringRequest): Promise<Expiring>;
  /** Every policy. */
  policies(): Promise<PolicyRows>;
  /** One policy; undefined when it does not exist. */
  policy(name: string): Promise<PolicyRow | undefined>;
  /** The mark with this name. Marks are stored in the clear and not authenticated: never a secret, never a proof. */
  mark(name: string): Promise<Uint8Array | undefined>;
  /** Records that wait to be appended to the audit log, by revision, starting after `revision`. */
  outbox(revision: number, limit: number): Promise<readonly OutboxRow[]>;
  /** Paths that have a version whose own number or whose key generation is not a valid number. */
  damagedVersions(range: PathRange): Promise<readonly string[]>;
  /** All audit logs of this store, by name. */
  auditLogs(): Promise<readonly AuditLogRow[]>;
  /** Closes the connection; later calls reject with `store_failure`. */
  close(): Promise<void>;
}

/** What initialises an empty store. */
export type InitialMeta = Omit<StoreMeta, "formatVersion">;

/** The part of the meta data that a refresh, a reshare or a root rotation replaces. */
export type MetaChange = Partial<Pick<StoreMeta, "keyCheck" | "scheme" | "shardSet">>;

/**
 * One write transaction. It sees its own writes; other readers see them after the commit.
 * Using it after its function has settled is a bug and throws.
 */
export interface StoreTx {
  /** Revision of this transaction: greater than that of every transaction before it. */
  readonly revision: number;
  /** As {@linkcode StoreReader.meta}. */
  meta(): Promise<StoreMeta | undefined>;
  /** As {@linkcode StoreReader.keks}. */
  keks(): Promise<readonly KekRow[]>;
  /** As {@linkcode StoreReader.keys}. */
  keys(name?: string): Promise<readonly KeyRow[]>;
  /** As {@linkcode StoreReader.key}. */
  key(name: string, version: number): Promise<KeyRow | undefined>;
  /** As {@linkcode StoreReader.keyHead}. */
  keyHead(name: string): Promise<KeyHeadRow | undefined>;
  /** As {@linkcode StoreReader.keyHeads}. */
  keyHeads(): Promise<readonly KeyHeadRow[]>;
  /** As {@linkcode StoreReader.head}. */
  head(path: string): Promise<HeadRow | undefined>;
  /** As {@linkcode StoreReader.secret}. */
  secret(path: string, version: number): Promise<SecretRows | undefined>;
  /** As {@linkcode StoreReader.policy}. */
  policy(name: string): Promise<PolicyRow | undefined>;
  /** As {@linkcode StoreReader.mark}. */
  mark(name: string): Promise<Uint8Array | undefined>;

  /**
   * Stores the meta data and the first key.
   *
   * @throws {SpikeError} `state_already_initialized` unless the store is empty
   */
  initialise(meta: InitialMeta, kek: KekRow): Promise<void>;
  /**
   * Replaces the given members.
   *
   * @throws {SpikeError} `state_not_ready` before the store is initialised
   */
  changeMeta(change: MetaChange): Promise<void>;
  /** Inserts the generation, or replaces its wrapping and state; its reserved seals never shrink. */
  putKek(kek: KekRow): Promise<void>;
  /**
   * Removes a generation. Does nothing and returns false when a stored row is sealed or wrapped under it, or when it is
   * the newest one.
   */
  removeKek(generation: number): Promise<boolean>;
  /** Adds `count` to the reserved seals of a generation and returns the new total. */
  reserveSeals(generation: number, count: number): Promise<number>;
  /** Inserts a version of a long-lived key, or replaces its wrapping; its reserved seals never shrink. */
  putKey(key: KeyRow): Promise<void>;
  /** Adds `count` to the reserved seals of one version of a long-lived key and returns the new total. */
  reserveKeySeals(name: string, version: number, count: number): Promise<number>;

  /** Inserts or replaces the head of a named cipher key. */
  putKeyHead(row: KeyHeadRow): Promise<void>;

  /** Inserts or replaces the head of `row.path`. */
  putHead(row: HeadRow): Promise<void>;
  /**
   * Inserts a version; the head of the path must exist.
   *
   * @throws {SpikeError} `state_integrity_check` for a number that is stored already, which means that an older head was
   * restored
   */
  insertVersion(path: string, row: VersionRow): Promise<void>;
  /** How the data key of a version is wrapped, without its value. */
  wrapping(path: string, version: number): Promise<Wrapping | undefined>;
  /** Replaces the wrapping of one version's data key; false when the version does not exist. */
  rewrapVersion(
    path: string,
    version: number,
    wrapping: Wrapping,
  ): Promise<boolean>;
  /** Removes versions; numbers that do not exist are ignored. */
  deleteVersions(path: string, versions: readonly number[]): Promise<void>;
  /** As `deleteVersions`, but overwrites wrapped keys and values first. `all` means every version. */
  destroyVersions(path: string, versions: readonly number[] | "all"): Promise<void>;

  /** Inserts or replaces the policy of `row.name`. */
  putPolicy(row: PolicyRow): Promise<void>;
  /** Removes a policy; false when it does not exist. */
  deletePolicy(name: string): Promise<boolean>;

  /** Inserts or replaces a mark; without a value it is removed. */
  putMark(name: string, value: Uint8Array | undefined): Promise<void>;
  /** Stores the audit record of this transaction; each transaction has one. */
  putOutbox(record: Uint8Array): Promise<void>;
  /** Removes the records up to `revision`, once the log contains them. */
  clearOutbox(revision: number): Promise<void>;
  /** Inserts an audit log, or replaces its checkpoint. */
  putAuditLog(row: AuditLogRow): Promise<void>;
}

/**
 * A store that can be written. There is one writer per store; the caller holds the lock of the data directory.
 *
 * Lifecycle: opened → (initialised once) → read and written → closed. `close` completes the queued writes first; later
 * writes are rejected.
 */
export interface Store extends StoreReader {
  /**
   * Runs `work` as one transaction, in the order of the calls and one at a time. Resolves once its effects are durable;
   * several queued transactions share one commit. When `work` rejects, only its own effects are undone, and the promise
   * rejects with the same reason. `work` must not wait for another `write` of the same store, nor for anything slow: all
   * later transactions wait for it.
   */
  write<T>(work: (tx: StoreTx) => Promise<T>): Promise<T>;
  /** Once it resolves, the files of the store no longer contain what committed writes removed or overwrote. */
  forgetRemoved(): Promise<void>;
}
