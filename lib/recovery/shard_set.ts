import { SpikeError } from "../api/error.ts";
import { derivedCoefficients, shardCommitment, split } from "../shamir/mod.ts";
import { keyCheckValue } from "../seal/mod.ts";
import type { Scheme, ShardStamp } from "./stamp.ts";

/** Everything about one split of a root key that may be stored; never the shards themselves. */
export interface ShardSet {
  readonly scheme: Scheme;
  /** 16 random bytes. */
  readonly setId: Uint8Array;
  readonly generation: number;
  readonly threshold: number;
  readonly shares: number;
}

/** A shard with its stamp, ready to be handed to the keeper at position `stamp.index`. */
export interface StampedShard {
  readonly bytes: Uint8Array;
  readonly stamp: ShardStamp;
}

/**
 * All shards of a set. Coefficients derive from the root key and the set, so the same set always gives the
 * same shards: a re-push, a keeper that was away and a shard on paper agree. The caller wipes the shards.
 *
 * @param rootKey 32 bytes
 * @param storeId 16 bytes, once a store exists
 */
export function shardsOf(rootKey: Uint8Array, set: ShardSet, storeId?: Uint8Array): StampedShard[] {
  const { scheme, setId, generation, threshold, shares } = set;
  if (scheme !== "gf256") {
    throw new SpikeError(
      "store_invalid_configuration",
      `Shards of scheme ${scheme} cannot be made`,
    );
  }
  const check = keyCheckValue(rootKey, setId);
  const shards = split({
    secret: rootKey,
    threshold,
    shares,
    coefficients: derivedCoefficients(rootKey, { scheme, setId, generation, threshold, shares }),
    // Whether one shard may be the key itself was decided when the settings were read.
    allowThresholdOne: true,
  });
  return shards.map(({ index, bytes }) => ({
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
