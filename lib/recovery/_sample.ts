/** Root keys, sets and stamped shards for tests: made from small numbers, so that a failure can be repeated. */
import type { Candidate } from "./rebuild.ts";
import { type ShardSet, shardsOf, type StampedShard } from "./shard_set.ts";

/** 32 bytes that depend on `seed`. */
export function sampleKey(seed = 1): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => (seed * 37 + i * 11 + 1) & 0xff);
}

/** 16 bytes that depend on `seed`. */
export function sampleId(seed = 1): Uint8Array {
  return Uint8Array.from({ length: 16 }, (_, i) => (seed * 53 + i * 7 + 3) & 0xff);
}

/** A set with threshold 2 and 3 shares, with the members of `change` replaced. */
export function sampleSet(change: Partial<ShardSet> = {}): ShardSet {
  return {
    scheme: "gf256",
    setId: sampleId(9),
    generation: 1,
    threshold: 2,
    shares: 3,
    ...change,
  };
}

/** The shards of a sample set, stamped with `storeId` if one is given. */
export function sampleShards(
  options: { key?: Uint8Array; set?: ShardSet; storeId?: Uint8Array } = {},
): StampedShard[] {
  return shardsOf(options.key ?? sampleKey(), options.set ?? sampleSet(), options.storeId);
}

/** What the keepers at the stamps' positions would answer. */
export function candidatesOf(
  shards: readonly StampedShard[],
  options: { isStamped?: boolean } = {},
): Candidate[] {
  return shards.map(({ bytes, stamp }) => ({
    keeper: stamp.index,
    bytes: bytes.slice(),
    ...(options.isStamped === false ? {} : { stamp }),
  }));
}
