import { SpikeError } from "../error/error.ts";
import {
  gcmDecrypt,
  gcmDecryptBulk,
  gcmEncrypt,
  gcmEncryptBulk,
  NONCE_BYTES,
  TAG_BYTES,
} from "./gcm.ts";
import { hedgedNonce, hedgedNonceBulk } from "./hedge.ts";
import type { RandomSource } from "./random.ts";

/** First byte of sealed bytes: AES-256-GCM, followed by nonce(12) ‖ ciphertext ‖ tag(16). */
export const SEAL_FORMAT = 1;
/** Bytes that sealing adds. */
export const SEAL_OVERHEAD: number = 1 + NONCE_BYTES + TAG_BYTES;

/**
 * Seals `plaintext` under a 32-byte key: `0x01 ‖ nonce(12) ‖ ciphertext ‖ tag(16)`.
 *
 * This function makes the nonce, so that no caller can repeat one. The nonce is hedged: different inputs get different
 * nonces even if `random` repeats itself. The sealed bytes are bound to `aad`, which is authenticated, not stored, and
 * should come from `encodeTuple`. Key and plaintext may be views of shared memory.
 *
 * @example
 * ```ts ignore
 * const sealed = seal(key, plaintext, encodeTuple([1, "note", id]), osRandom);
 * const opened = open(key, sealed, encodeTuple([1, "note", id]));
 * ```
 */
export function seal(
  key: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
  random: RandomSource,
): Uint8Array {
  const nonce = hedgedNonce(key, plaintext, aad, random);
  return assemble(nonce, gcmEncrypt(key, nonce, plaintext, aad));
}

/**
 * Opens what {@linkcode seal} or {@linkcode sealBulk} made, into a fresh array.
 *
 * @throws {SpikeError} crypto_decryption_failed for an unknown format, too few bytes, another key, another `aad` or any
 * modification
 */
export function open(key: Uint8Array, sealed: Uint8Array, aad: Uint8Array): Uint8Array {
  const { nonce, ciphertext } = takeApart(sealed);
  return gcmDecrypt(key, nonce, ciphertext, aad);
}

/** As {@linkcode seal}, with the same bytes, off the calling thread. Inputs must not change until it settles. */
export async function sealBulk(
  key: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
  random: RandomSource,
): Promise<Uint8Array> {
  const nonce = await hedgedNonceBulk(key, plaintext, aad, random);
  return assemble(nonce, await gcmEncryptBulk(key, nonce, plaintext, aad));
}

/** As {@linkcode open}, off the calling thread. Inputs must not change until it settles. */
export async function openBulk(
  key: Uint8Array,
  sealed: Uint8Array,
  aad: Uint8Array,
): Promise<Uint8Array> {
  const { nonce, ciphertext } = takeApart(sealed);
  return await gcmDecryptBulk(key, nonce, ciphertext, aad);
}

function assemble(nonce: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  const out = new Uint8Array(1 + NONCE_BYTES + ciphertext.length);
  out[0] = SEAL_FORMAT;
  out.set(nonce, 1);
  out.set(ciphertext, 1 + NONCE_BYTES);
  return out;
}

function takeApart(sealed: Uint8Array): { nonce: Uint8Array; ciphertext: Uint8Array } {
  if (sealed.length < SEAL_OVERHEAD) {
    throw new SpikeError(
      "crypto_decryption_failed",
      `Sealed bytes are ${sealed.length} long, expected at least ${SEAL_OVERHEAD}`,
    );
  }
  if (sealed[0] !== SEAL_FORMAT) {
    throw new SpikeError(
      "crypto_decryption_failed",
      `Sealed bytes have format ${sealed[0]}, expected ${SEAL_FORMAT}`,
      { hint: "A newer version of spike may have written them" },
    );
  }
  return {
    nonce: sealed.subarray(1, 1 + NONCE_BYTES),
    ciphertext: sealed.subarray(1 + NONCE_BYTES),
  };
}
