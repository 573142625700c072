import {
  derivedCoefficients,
  type Shard,
  shardCommitment,
  split,
  splitP256,
} from "../shamir/mod.ts";
import { keyCheckValue } from "../seal/mod.ts";
import type { Scheme, ShardStamp } from "./stamp.ts";

/** Everything about one split of a root key that may be stored; never the shards themselves. */
export interface ShardSet {
  /** How the root key was split. */
  readonly scheme: Scheme;
  /** 16 random bytes. */
  readonly setId: Uint8Array;
  /** From 1; grows with every change of the shards. */
  readonly generation: number;
  /** Shards that rebuild the root key. */
  readonly threshold: number;
  /** Shards in the set. */
  readonly shares: number;
}

/** A shard with its stamp, ready to be handed to the keeper at position `stamp.index`. */
export interface StampedShard {
  /** 32 bytes. The owner wipes them. */
  readonly bytes: Uint8Array;
  /** Set and position of the shard. */
  readonly stamp: ShardStamp;
}

// Whether one shard may be the key itself was decided when the settings were read.
const allowThresholdOne = true;

/** How the shards of a set come from the root key. */
const SPLIT: Readonly<Record<Scheme, (rootKey: Uint8Array, set: ShardSet) => Shard[]>> = {
  gf256: (secret, { setId, generation, threshold, shares }) => {
    const set = { scheme: "gf256", setId, generation, threshold, shares } as const;
    const coefficients = derivedCoefficients(secret, set);
    return split({ secret, threshold, shares, coefficients, allowThresholdOne });
  },
  // Fixed by SPIKE in Go: neither the set's id nor its generation has a part in these.
  p256: (secret, { threshold, shares }) =>
    splitP256({ secret, threshold, shares, allowThresholdOne }),
};

/**
 * All shards of a set. Coefficients derive from the root key (and with gf256 from the set), so the same set always
 * gives the same shards: a re-push, a keeper that was offline and a shard on paper agree. The caller wipes the shards.
 *
 * @param rootKey 32 bytes
 * @param storeId 16 bytes, once a store exists
 */
export function shardsOf(rootKey: Uint8Array, set: ShardSet, storeId?: Uint8Array): StampedShard[] {
  const { scheme, setId, generation, threshold, shares } = set;
  const check = keyCheckValue(rootKey, setId);
  return SPLIT[scheme](rootKey, set).map(({ index, bytes }) => ({
    bytes,
    stamp: {
      scheme,
      setId,
      generation,
      threshold,
      shares,
      index,
      check,
      commitment: shardCommitment(setId, index, bytes),
      ...(storeId ? { storeId } : {}),
    },
  }));
}
