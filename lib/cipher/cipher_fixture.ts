import { LockedKeyring, newKey, ordinarySlots, osRandom, wrapKek } from "../seal/mod.ts";
import type { KeySlots } from "../seal/mod.ts";
import type { Store } from "../store/port.ts";
import { type DefaultKeyOptions, loadDefaultKey, makeFirstKey } from "./default_key.ts";

/** Instant that test clocks show. */
export const NOW_MS = 1_767_323_045_123;

/** An initialised store with one KEK and, unless it is to be missing, its default key. */
export async function worldOver(store: Store, hasKey = true) {
  const storeId = osRandom(16);
  const kek = newKey(osRandom);
  const keyring = new LockedKeyring(ordinarySlots(4), storeId);
  keyring.put(1, kek);
  keyring.use(1);
  const wrapped = wrapKek(osRandom(32), storeId, 1, kek, osRandom);
  const shardSet = { setId: osRandom(16), generation: 1, threshold: 2, shares: 3, commitments: [] };
  const createdAtMs = NOW_MS;
  const first = makeFirstKey({ storeId, kek, kekGeneration: 1, random: osRandom, createdAtMs });
  await store.write(async (tx) => {
    await tx.initialise(
      { storeId, keyCheck: osRandom(32), scheme: "gf256", shardSet, createdAtMs },
      { generation: 1, wrapped, createdAtMs, reservedSeals: 0, state: "active" },
    );
    if (hasKey) await tx.putKey(first);
  });
  const load = async (options: Partial<DefaultKeyOptions> = {}) => {
    const slots: KeySlots = ordinarySlots(4);
    const damaged: number[] = [];
    const onDamage = (version: number) => void damaged.push(version);
    const all = { store, keyring, slots, onDamage };
    const current = await loadDefaultKey({ ...all, ...options });
    return { current, damaged, slots, key: slots.slot(0).toHex() };
  };
  return { store, keyring, load };
}

/** What an empty slot holds, in hex. */
export const EMPTY = "00".repeat(32);
