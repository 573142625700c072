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

/** What loading the default key takes. */
export interface DefaultKeyOptions {
  readonly store: Store;
  readonly keyring: Keyring;
  /** Version n goes into slot n - 1. */
  readonly slots: KeySlots;
  readonly random: RandomSource;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Called for a version whose row is not what was stored; its slot stays empty. */
  readonly onDamage: (version: number) => void;
}

/**
 * Puts the versions of the default key into their slots and answers the newest one. A store without the key is
 * given its first version: 32 random bytes, wrapped by the current KEK, so that what was encrypted outlives every
 * rotation of keys above. A damaged row is never replaced, since it may still be put right from a backup.
 */
export async function loadDefaultKey(options: DefaultKeyOptions): Promise<number> {
  const { store } = options;
  const stored = await store.keys(DEFAULT_KEY);
  const rows = stored.length > 0 ? stored : await store.write((tx) => makeFirst(tx, options));
  for (const row of rows) {
    if (!place(row, options)) options.onDamage(row.version);
  }
  return Math.max(...rows.map(({ version }) => version));
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
