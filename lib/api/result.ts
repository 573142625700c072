/** Answers that servers make and clients read, each derived from the definition of its operation. */
import type { ResultOf } from "./operation/mod.ts";

/** As `T`, with every member and every list read-only. */
export type Fixed<T> = T extends Uint8Array ? T
  : T extends readonly (infer E)[] ? readonly Fixed<E>[]
  : T extends object ? { readonly [K in keyof T]: Fixed<T[K]> }
  : T;

/** A page of the present audit log: its id, and records in ascending order, each the JSON line that was written. */
export type AuditPage = Fixed<ResultOf<"audit.tail">>;

/** What verifies an audit log: its id, public keys, and a signed checkpoint (empty before the first). */
export type AuditKeys = Fixed<ResultOf<"audit.export">>;

/**
 * One generation of the key-encryption key. The active one seals, retired ones only open. `createdTime` is RFC 3339;
 * `sealings` is how often it may have sealed, rounded up.
 */
export type KekInfo = Fixed<ResultOf<"operator.kek.list">>["keks"][number];

/**
 * Progress of a restore. `generation` is that of the collected shards, present when it differs from the one in
 * force.
 */
export type RestoreProgress = Fixed<ResultOf<"operator.restore">>;

/**
 * The shard sets that a store knows: `manifest` recognizes the shards in force, and `isProved` says that it was made
 * from the root key and not from the store alone. `past` holds earlier sets, newest first; `opens` says whether
 * enough shards of that set still rebuild the root key.
 */
export type ShardSets = Fixed<ResultOf<"operator.manifest">>;

/** Kinds of shard changes: new shards of the same root key, the same with other numbers, or a new root key. */
export type ShardChangeKind = "refresh" | "reshare" | "rotate-root";

/**
 * Result of a shard change. `promoted` lists the keepers whose new shard is in force; the others get theirs as soon as
 * they answer. `keks` counts the key-encryption keys that were rewrapped.
 */
export type ShardChanged = Fixed<ResultOf<`operator.${ShardChangeKind}`>>;

/**
 * The current version of a secret after a change, 0 when there is nothing to read; servers of the original leave it
 * out. `missing` lists the named versions that never existed; absent when there are none or the caller did not ask.
 */
export type Written = Fixed<
  Pick<ResultOf<"secret.put">, "version"> & Partial<Pick<ResultOf<"secret.put">, "missing">>
>;
