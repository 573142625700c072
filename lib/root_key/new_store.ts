import { makeFirstKey } from "../cipher/mod.ts";
import { type ShardSet, shardsOf, storeCheck } from "../recovery/mod.ts";
import { deriveStorageKey, newKey, type RandomSource, wrapKek } from "../seal/mod.ts";
import { wipe } from "../bytes/mod.ts";
import type { Store } from "../store/mod.ts";

export interface NewStoreOptions {
  readonly store: Store;
  readonly random: RandomSource;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/**
 * Makes the store that `root` opens, with its first KEK and cipher key, in one transaction. From here on a value that proves the
 * key stands beside the data. Answers the store's id.
 *
 * @throws SpikeError `state_already_initialized` when there is a store
 */
export async function makeStore(
  root: Uint8Array,
  set: ShardSet,
  { store, random, clock }: NewStoreOptions,
): Promise<Uint8Array> {
  const storeId = random(16);
  const storageKey = deriveStorageKey(root, storeId);
  const kek = newKey(random);
  const wrapped = wrapKek(storageKey, storeId, 1, kek, random);
  const createdAtMs = clock();
  const cipherKey = makeFirstKey({ storeId, kek, kekGeneration: 1, random, createdAtMs });
  wipe(storageKey, kek);
  const shards = shardsOf(root, set, storeId);
  const commitments = shards.map(({ stamp }) => stamp.commitment);
  for (const { bytes } of shards) wipe(bytes);
  const { scheme, setId, generation, threshold, shares } = set;
  const meta = {
    storeId,
    keyCheck: storeCheck(root, { storeId, set, commitments }),
    scheme,
    shardSet: { setId, generation, threshold, shares, commitments },
    createdAtMs,
  };
  const first = { generation: 1, wrapped, createdAtMs, reservedSeals: 1, state: "active" } as const;
  await store.write(async (tx) => {
    await tx.initialise(meta, first);
    await tx.putKey(cipherKey);
  });
  return storeId;
}
