import {
  type Keyring,
  newKey,
  type RandomSource,
  type SealBinding,
  unwrapDataKey,
  wrapDataKey,
} from "../seal/mod.ts";
import { wipe } from "../bytes/mod.ts";
import type { KeyRow } from "../store/port.ts";

/** Which version of which long-lived key. */
export type KeyPlace = Pick<KeyRow, "name" | "version" | "kekGeneration">;

/** What the wrapped bytes of a long-lived key are bound to. */
export function keyPlace({ storeId }: Pick<Keyring, "storeId">, at: KeyPlace): SealBinding {
  const { name, version, kekGeneration } = at;
  return { storeId, table: "key", path: name, version, kekGeneration };
}

/**
 * Unwraps the key in a row; the caller wipes it.
 *
 * @throws {SpikeError} `crypto_decryption_failed` for a row that is not what was stored
 */
export function unwrapKeyRow(keyring: Keyring, row: KeyRow): Uint8Array {
  return unwrapDataKey(keyring.kek(row.kekGeneration), keyPlace(keyring, row), row.wrapped);
}

/** Wraps a key into a row. */
export function wrapKeyRow(
  keyring: Keyring,
  at: KeyPlace & Pick<KeyRow, "createdAtMs" | "reservedSeals">,
  key: Uint8Array,
  random: RandomSource,
): KeyRow {
  const wrapped = wrapDataKey(keyring.kek(at.kekGeneration), keyPlace(keyring, at), key, random);
  return { ...at, wrapped };
}

/** A row with a fresh random key in it. */
export function newKeyRow(
  keyring: Keyring,
  at: KeyPlace & Pick<KeyRow, "createdAtMs">,
  random: RandomSource,
): KeyRow {
  const key = newKey(random);
  try {
    return wrapKeyRow(keyring, { ...at, reservedSeals: 0 }, key, random);
  } finally {
    wipe(key);
  }
}
