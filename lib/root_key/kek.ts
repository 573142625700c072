import { SpikeError } from "../error/error.ts";
import { deriveStorageKey, newKey, type RandomSource, wrapKek } from "../seal/mod.ts";
import { wipe } from "../bytes/mod.ts";
import type { SharedPage } from "../shared_page/page.ts";
import type { Store } from "../store/mod.ts";
import type { KeyMemory } from "./key_memory.ts";

/** What changes of key-encryption keys work with. */
export interface KekOptions {
  readonly memory: KeyMemory;
  readonly store: Store;
  readonly page: SharedPage;
  readonly random: RandomSource;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/**
 * Makes a new KEK generation, which seals from here on, and answers its number. To be called in turn with everything
 * that handles the root key. If the fate of the commit is unknown, the next start finds out and takes the newest.
 *
 * @throws SpikeError `root_key_missing` unless ready, `state_not_ready` when too many generations are held
 */
export async function addKek({ memory, store, page, random, clock }: KekOptions): Promise<number> {
  const ring = memory.keyring;
  requireRoom(ring.generations());
  const storageKey = deriveStorageKey(memory.root, ring.storeId);
  const kek = newKey(random);
  try {
    const generation = await store.write(async (tx) => {
      const rows = await tx.keks();
      const next = Math.max(...rows.map((row) => row.generation)) + 1;
      for (const row of rows) await tx.putKek({ ...row, state: "retired" });
      const wrapped = wrapKek(storageKey, ring.storeId, next, kek, random);
      const made = { generation: next, wrapped, createdAtMs: clock(), reservedSeals: 0 };
      await tx.putKek({ ...made, state: "active" });
      return next;
    });
    if (!memory.isCurrent(ring)) {
      throw new SpikeError("state_not_ready", "This Nexus has no root key yet");
    }
    ring.put(generation, kek);
    ring.use(generation);
    // Before anything is sealed under it: a thread that reads such a row finds the key that opens it.
    page.publish(ring.layout());
    return generation;
  } finally {
    wipe(storageKey, kek);
  }
}

/**
 * Removes a KEK generation under which nothing is left, its key first: a write that comes later in the store's queue
 * cannot seal under it. False when something is left. To be called in turn with everything that handles the root key.
 *
 * @throws SpikeError `root_key_missing` unless ready
 */
export async function removeKek(
  { memory, store, page }: Pick<KekOptions, "memory" | "store" | "page">,
  generation: number,
): Promise<boolean> {
  const ring = memory.keyring;
  try {
    return await store.write(async (tx) => {
      if (!await tx.removeKek(generation)) return false;
      if (ring.generations().includes(generation)) ring.drop(generation);
      return true;
    });
  } finally {
    if (memory.isCurrent(ring)) page.publish(ring.layout());
  }
}

/** Well below the slots of the page, so that a renewal that is overdue always has room. */
const MOST_KEKS = 8;

function requireRoom(generations: readonly number[]): void {
  if (generations.length < MOST_KEKS) return;
  throw new SpikeError(
    "state_not_ready",
    `There are ${generations.length} generations of the key-encryption key, the most that are allowed`,
    { hint: "Wait until older ones are removed; the log names the rows that still need them" },
  );
}
