import {
  type Keyring,
  type KeySlots,
  newKey,
  type RandomSource,
  unwrapDataKey,
  wipe,
  wrapDataKey,
} from "../seal/mod.ts";
import { isDamage } from "../secret/damage.ts";
import type { KeyRow, Store, StoreTx } from "../store/port.ts";

/** Name of the key that callers use who name none. */
export const DEFAULT_KEY = "cipher/default";

/** Revision of a store whose one transaction was the one that initialised it. */
const REVISION_OF_NEW = 1;

/** What loading the default key takes. */
export interface DefaultKeyOptions {
  readonly store: Store;
  readonly keyring: Keyring;
  /** Version n goes into slot n - 1. */
  readonly slots: KeySlots;
  readonly random: RandomSource;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Called for a version whose row is not there, or not what was stored; its slot stays empty. */
  readonly onDamage: (version: number, reason: "missing" | "altered") => void;
}

/**
 * Puts the versions of the default key into their slots and answers the newest one, 0 when there is none. A store
 * that was just made is given the first version: 32 random bytes, wrapped by the current KEK, so that what was
 * encrypted outlives every rotation of keys above. A row that was damaged, or removed later on, is never replaced,
 * since it may still be put right from a backup.
 */
export async function loadDefaultKey(options: DefaultKeyOptions): Promise<number> {
  const { store, onDamage } = options;
  let rows = await store.keys(DEFAULT_KEY);
  if (rows.length === 0 && await isJustMade(store)) {
    rows = await store.write((tx) => makeFirst(tx, options));
  }
  if (rows.length === 0) onDamage(1, "missing");
  for (const row of rows) {
    if (!place(row, options)) onDamage(row.version, "altered");
  }
  return Math.max(0, ...rows.map(({ version }) => version));
}

/**
 * Whether nothing was written since the store was initialised. The counter alone could have been put back; whoever
 * empties the store, too, has left nothing to protect but what was encrypted.
 */
async function isJustMade(store: Store): Promise<boolean> {
  if (await store.revision() !== REVISION_OF_NEW) return false;
  const [keys, paths, { rows }] = await Promise.all([
    store.keys(),
    store.listPaths({ limit: 1 }),
    store.policies(),
  ]);
  return keys.length === 0 && paths.length === 0 && rows.length === 0;
}

async function makeFirst(
  tx: StoreTx,
  { keyring, random, clock }: DefaultKeyOptions,
): Promise<readonly KeyRow[]> {
  const kekGeneration = keyring.currentKek;
  const key = newKey(random);
  try {
    const place = placeOf(keyring, { version: 1, kekGeneration });
    const wrapped = wrapDataKey(keyring.kek(kekGeneration), place, key, random);
    await tx.reserveSeals(kekGeneration, 1);
    await tx.putKey({
      name: DEFAULT_KEY,
      version: 1,
      kekGeneration,
      wrapped,
      createdAtMs: clock(),
      reservedSeals: 0,
    });
  } finally {
    wipe(key);
  }
  return await tx.keys(DEFAULT_KEY);
}

/** False for a row that is not what was stored. */
function place(row: KeyRow, { keyring, slots }: DefaultKeyOptions): boolean {
  if (row.version > slots.count) return false;
  try {
    const key = unwrapDataKey(keyring.kek(row.kekGeneration), placeOf(keyring, row), row.wrapped);
    slots.slot(row.version - 1).set(key);
    wipe(key);
    return true;
  } catch (reason) {
    if (isDamage(reason)) return false;
    throw reason;
  }
}

function placeOf(
  { storeId }: Keyring,
  { version, kekGeneration }: Pick<KeyRow, "version" | "kekGeneration">,
) {
  return { storeId, table: "key", path: DEFAULT_KEY, version, kekGeneration } as const;
}
