import { SpikeError } from "../error/error.ts";
import {
  type Keyring,
  type KeySlots,
  newKey,
  type RandomSource,
  RENEW_AT,
  unwrapDataKey,
  wrapDataKey,
} from "../seal/mod.ts";
import { wipe } from "../bytes/mod.ts";
import type { SealBudget } from "../secret/mod.ts";
import { isDamage } from "../seal/damage.ts";
import type { KeyRow, Store } from "../store/port.ts";
import { ENCRYPTION_BLOCK } from "./budget.ts";
import { wrapKeyRow } from "./key_wrap.ts";
import { reserveBlock } from "./key_writer.ts";

/** Row name of the key that is used when a request does not name one. */
export const DEFAULT_KEY = "cipher/default";

/** Dependencies of {@linkcode loadDefaultKey}. */
export interface DefaultKeyOptions {
  /** Holds the rows of the key. */
  readonly store: Store;
  /** Unwraps the rows. */
  readonly keyring: Keyring;
  /** Version n goes into slot n - 1. */
  readonly slots: KeySlots;
  /** Called for a version whose row is missing or not what was stored; its slot stays empty. */
  readonly onDamage: (version: number, reason: "missing" | "altered") => void;
}

/**
 * Loads the versions of the default key into their slots and returns the newest one, 0 without any. A damaged or removed
 * row is never replaced, since a backup may still restore it.
 */
export async function loadDefaultKey(options: DefaultKeyOptions): Promise<number> {
  const { store, onDamage } = options;
  const rows = await store.keys(DEFAULT_KEY);
  if (rows.length === 0) onDamage(1, "missing");
  for (const row of rows) {
    if (!place(row, options)) onDamage(row.version, "altered");
  }
  return Math.max(0, ...rows.map(({ version }) => version));
}

/** Inputs of {@linkcode makeFirstKey}. */
export interface FirstKeyOptions {
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  /** The KEK that is in use and its generation. */
  readonly kek: Uint8Array;
  /** Generation of `kek`. */
  readonly kekGeneration: number;
  /** Source of random bytes. */
  readonly random: RandomSource;
  /** Time of creation, milliseconds since the epoch. */
  readonly createdAtMs: number;
}

/**
 * Creates the first version of the default key: 32 random bytes, wrapped by a KEK, so that ciphertexts survive every
 * rotation of the KEK. It is stored only in the transaction that initialises the store, so a key that is missing later
 * was removed.
 */
export function makeFirstKey(options: FirstKeyOptions): KeyRow {
  const { kek, kekGeneration, random, createdAtMs } = options;
  const key = newKey(random);
  const at = { version: 1, kekGeneration };
  const wrapped = wrapDataKey(kek, placeOf(options, at), key, random);
  wipe(key);
  return { name: DEFAULT_KEY, ...at, wrapped, createdAtMs, reservedSeals: 0 };
}

/** Dependencies of {@linkcode rotateDefaultKey}. */
export interface RotateOptions {
  /** Holds the rows of the key. */
  readonly store: Store;
  /** Wraps the new version. */
  readonly keyring: Keyring;
  /** Budget of the KEK that wraps the new version. */
  readonly budget: SealBudget;
  /** Version n goes into slot n - 1. */
  readonly slots: KeySlots;
  /** Source of random bytes. */
  readonly random: RandomSource;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/**
 * Creates a new version of the default key, puts it into its slot once it is stored, and returns its number.
 *
 * @throws {SpikeError} `crypto_cipher_not_available` without a default key; `entity_conflict` when it has as many
 * versions as there are slots, since the version byte of a blob has little room beyond them
 */
export async function rotateDefaultKey(options: RotateOptions): Promise<number> {
  const { store, keyring, budget, slots, random, clock } = options;
  const kekGeneration = await budget.take(1);
  const key = newKey(random);
  try {
    const version = await store.write(async (tx) => {
      const newest = Math.max(0, ...(await tx.keys(DEFAULT_KEY)).map(({ version }) => version));
      requireRoom(newest, slots.count);
      const times = { createdAtMs: clock(), reservedSeals: 0 };
      const at = { name: DEFAULT_KEY, version: newest + 1, kekGeneration, ...times };
      await tx.putKey(wrapKeyRow(keyring, at, key, random));
      return at.version;
    });
    slots.slot(version - 1).set(key);
    return version;
  } finally {
    wipe(key);
  }
}

function requireRoom(newest: number, most: number): void {
  if (newest === 0) {
    throw new SpikeError(
      "crypto_cipher_not_available",
      "The default cipher key does not exist, so it cannot be rotated",
    );
  }
  if (newest < most) return;
  throw new SpikeError(
    "entity_conflict",
    `The default key has ${newest} versions, no more are allowed`,
    { hint: "Encrypt with a named key, whose versions have more room", reason: "versions_full" },
  );
}

/**
 * Durably counts one block of encryptions under a version of the default key as spent; returns its size and whether a
 * new version is due.
 *
 * @throws {SpikeError} `state_not_ready` when the version has reached its limit (NIST SP 800-38D section 8.3);
 * `state_integrity_check` when the stored count is beyond the limit
 */
export async function reserveEncryptions(
  store: Store,
  version: number,
): Promise<{ count: number; isRenewalDue: boolean }> {
  const reserved = await reserveBlock(store, DEFAULT_KEY, version);
  return { count: ENCRYPTION_BLOCK, isRenewalDue: reserved >= RENEW_AT };
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
  { storeId }: Pick<Keyring, "storeId">,
  { version, kekGeneration }: Pick<KeyRow, "version" | "kekGeneration">,
) {
  return { storeId, table: "key", path: DEFAULT_KEY, version, kekGeneration } as const;
}
