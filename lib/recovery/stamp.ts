import { constantTimeEqual } from "../bytes/mod.ts";
import { type Scheme, shardCommitment } from "../shamir/mod.ts";

export type { Scheme } from "../shamir/mod.ts";

/** What travels with a shard, so that shards of different sets are never mixed. Holds nothing secret. */
export interface ShardStamp {
  /** How the root key was split. */
  readonly scheme: Scheme;
  /** 16 bytes; absent until a Nexus with a store of its own has pushed the shard. */
  readonly storeId?: Uint8Array;
  /** 16 random bytes: one split of one root key. */
  readonly setId: Uint8Array;
  /** From 1; grows with every refresh of the same store. */
  readonly generation: number;
  /** Shards that rebuild the root key. */
  readonly threshold: number;
  /** Shards in the set. */
  readonly shares: number;
  /** The share's x: position of its keeper, from 1. */
  readonly index: number;
  /** 32 bytes: SHA-256 over (label, set id, index, shard). */
  readonly commitment: Uint8Array;
  /** 32 bytes: key-check value of the root key under the set id; lets a first start recognise the key. */
  readonly check?: Uint8Array;
}

/**
 * Identifies the split that a shard belongs to. The check value is part of it, so that a keeper that forges one
 * stands alone and does not speak for the others.
 */
export function setKey(stamp: ShardStamp): string {
  const { scheme, setId, generation, threshold, shares, check } = stamp;
  return [scheme, setId.toHex(), generation, threshold, shares, check?.toHex() ?? ""].join(":");
}

/** Whether `bytes` are the shard that `stamp` was made for. */
export function isCommitted(stamp: ShardStamp, bytes: Uint8Array): boolean {
  const commitment = shardCommitment(stamp.setId, stamp.index, bytes);
  return constantTimeEqual(commitment, stamp.commitment);
}

/** Whether two optional ids are both there and equal. */
export function isSameId(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && constantTimeEqual(a, b);
}
