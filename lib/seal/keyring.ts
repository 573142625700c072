/**
 * The key hierarchy below the root key: the storage key wraps KEKs, a KEK wraps data keys and seals records, a
 * data key seals one value. Every step is bound to its place, so that sealed bytes open only there.
 */
import { SpikeError } from "../error/error.ts";
import { open, openBulk, seal, sealBulk } from "./aead.ts";
import { requireLength } from "../bytes/bytes.ts";
import { KEY_BYTES } from "./derive.ts";
import { placeAad, type SealBinding, valueAad, type ValuePlace } from "./place.ts";
import { draw, type RandomSource } from "./random.ts";

/** The unwrapped KEKs of one store. */
export interface Keyring {
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  /**
   * Generation for sealing new rows.
   *
   * @throws {SpikeError} root_key_missing if no generation is current
   */
  readonly currentKek: number;
  /**
   * The key of a generation, as a view of the keyring's memory: use it at once; do not keep, modify or wipe it.
   *
   * @throws {SpikeError} root_key_missing if the ring is empty, state_integrity_check for a generation it does not hold
   */
  kek(generation: number): Uint8Array;
  /** Generations held, ascending. */
  generations(): readonly number[];
}

/** A fresh random KEK or data key, 32 bytes. The caller wipes it. */
export function newKey(random: RandomSource): Uint8Array {
  return draw(random, KEY_BYTES);
}

/** Wraps a KEK under the storage key. */
export function wrapKek(
  storageKey: Uint8Array,
  storeId: Uint8Array,
  generation: number,
  kek: Uint8Array,
  random: RandomSource,
): Uint8Array {
  requireLength(kek, KEY_BYTES, "Key-encryption key");
  return seal(storageKey, kek, kekAad(storeId, generation), random);
}

/**
 * Unwraps a KEK; the caller wipes it.
 *
 * @throws {SpikeError} state_integrity_check, naming the generation, for a row of another root key, store or generation:
 * the root key was verified before, so the row was modified
 */
export function unwrapKek(
  storageKey: Uint8Array,
  storeId: Uint8Array,
  generation: number,
  wrapped: Uint8Array,
): Uint8Array {
  try {
    return open(storageKey, wrapped, kekAad(storeId, generation));
  } catch (cause) {
    if (!(cause instanceof SpikeError) || cause.code !== "crypto_decryption_failed") throw cause;
    throw new SpikeError(
      "state_integrity_check",
      `Key-encryption key generation ${generation} is not what was stored`,
      { hint: "The row was changed outside spike; restore the store from a backup", cause },
    );
  }
}

/** Wraps a data key (table `datakey`), or any other 32-byte key (table `key`), under a KEK. */
export function wrapDataKey(
  kek: Uint8Array,
  place: SealBinding,
  dataKey: Uint8Array,
  random: RandomSource,
): Uint8Array {
  requireLength(dataKey, KEY_BYTES, "Data key");
  return seal(kek, dataKey, placeAad("data-key", place), random);
}

/**
 * Unwraps the output of {@linkcode wrapDataKey}. The caller wipes the key.
 *
 * @throws {SpikeError} crypto_decryption_failed
 */
export function unwrapDataKey(
  kek: Uint8Array,
  place: SealBinding,
  wrapped: Uint8Array,
): Uint8Array {
  return open(kek, wrapped, placeAad("data-key", place));
}

/** Seals a head, a policy or another small record directly under a KEK. */
export function sealRecord(
  kek: Uint8Array,
  place: SealBinding,
  plaintext: Uint8Array,
  random: RandomSource,
): Uint8Array {
  return seal(kek, plaintext, placeAad("record", place), random);
}

/**
 * Opens the output of {@linkcode sealRecord}.
 *
 * @throws {SpikeError} crypto_decryption_failed for another key or place, or any modification
 */
export function openRecord(kek: Uint8Array, place: SealBinding, sealed: Uint8Array): Uint8Array {
  return open(kek, sealed, placeAad("record", place));
}

/** Seals the value of a version under its data key. */
export function sealValue(
  dataKey: Uint8Array,
  place: ValuePlace,
  plaintext: Uint8Array,
  random: RandomSource,
): Uint8Array {
  return seal(dataKey, plaintext, valueAad(place), random);
}

/**
 * Opens the output of {@linkcode sealValue} or {@linkcode sealValueBulk}.
 *
 * @throws {SpikeError} crypto_decryption_failed for another key or place, or any modification
 */
export function openValue(dataKey: Uint8Array, place: ValuePlace, sealed: Uint8Array): Uint8Array {
  return open(dataKey, sealed, valueAad(place));
}

/** As {@linkcode sealValue}, for values from `BULK_THRESHOLD` on. */
export function sealValueBulk(
  dataKey: Uint8Array,
  place: ValuePlace,
  plaintext: Uint8Array,
  random: RandomSource,
): Promise<Uint8Array> {
  return sealBulk(dataKey, plaintext, valueAad(place), random);
}

/** As {@linkcode openValue}, for values from `BULK_THRESHOLD` on. */
export function openValueBulk(
  dataKey: Uint8Array,
  place: ValuePlace,
  sealed: Uint8Array,
): Promise<Uint8Array> {
  return openBulk(dataKey, sealed, valueAad(place));
}

function kekAad(storeId: Uint8Array, generation: number): Uint8Array {
  return placeAad("kek", {
    storeId,
    table: "kek",
    path: "",
    version: 0,
    kekGeneration: generation,
  });
}
