import { LockedKeyring, newKey, ordinarySlots, osRandom, wrapKek } from "../seal/mod.ts";
import type { KeySlots } from "../seal/mod.ts";
import type { Store } from "../store/port.ts";
import { type DefaultKeyOptions, loadDefaultKey } from "./default_key.ts";

/** Instant that test clocks show. */
export const NOW_MS = 1_767_323_045_123;

/** An initialised store with one KEK, and what loading its default key takes. */
export async function worldOver(store: Store) {
  const storeId = osRandom(16);
  const kek = newKey(osRandom);
  const keyring = new LockedKeyring(ordinarySlots(4), storeId);
  keyring.put(1, kek);
  keyring.use(1);
  const wrapped = wrapKek(osRandom(32), storeId, 1, kek, osRandom);
  const shardSet = { setId: osRandom(16), generation: 1, threshold: 2, shares: 3, commitments: [] };
  await store.write((tx) =>
    tx.initialise(
      { storeId, keyCheck: osRandom(32), scheme: "gf256", shardSet, createdAtMs: NOW_MS },
      { generation: 1, wrapped, createdAtMs: NOW_MS, reservedSeals: 0, state: "active" },
    )
  );
  const load = async (options: Partial<DefaultKeyOptions> = {}) => {
    const slots: KeySlots = ordinarySlots(4);
    const damaged: number[] = [];
    const onDamage = (version: number) => void damaged.push(version);
    const all = { store, keyring, slots, random: osRandom, clock: () => NOW_MS, onDamage };
    const current = await loadDefaultKey({ ...all, ...options });
    return { current, damaged, slots, key: slots.slot(0).toHex() };
  };
  return { store, keyring, load };
}

/** What an empty slot holds, in hex. */
export const EMPTY = "00".repeat(32);
