import { constantTimeEqual, wipe } from "../bytes/mod.ts";
import { deriveBytes, encodeTuple } from "../seal/mod.ts";
import type { ShardSet } from "./shard_set.ts";

/** Number of the tuple's layout. */
const FORMAT = 1;
const LABEL = "spike/v1/store-check";

/** What a store holds in the clear about its root key and the shard set. */
export interface CheckedStore {
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  /** The set in force. */
  readonly set: ShardSet;
  /** 32 bytes for each share, by index from 1. */
  readonly commitments: readonly Uint8Array[];
}

/**
 * The key-check value that stands beside the data: it proves a rebuilt root key and, at the same time, that what
 * the stored shard set was written by a holder of that key. Otherwise an edited threshold would make
 * Nexus hand out other shards than were agreed on; with a threshold of one, the key itself.
 *
 * HKDF-SHA-256 (RFC 5869) of the root key, salt = store id, info = tuple of everything that is bound.
 */
export function storeCheck(rootKey: Uint8Array, store: CheckedStore): Uint8Array {
  const { scheme, setId, generation, threshold, shares } = store.set;
  const info = encodeTuple([
    FORMAT,
    LABEL,
    scheme,
    setId,
    generation,
    threshold,
    shares,
    ...store.commitments,
  ]);
  return deriveBytes(rootKey, store.storeId, info, 32);
}

/** Whether `rootKey` is the store's key and `store` is as its holder wrote it, compared in constant time. */
export function matchesStoreCheck(
  rootKey: Uint8Array,
  store: CheckedStore,
  expected: Uint8Array,
): boolean {
  const actual = storeCheck(rootKey, store);
  const matches = constantTimeEqual(actual, expected);
  wipe(actual);
  return matches;
}
