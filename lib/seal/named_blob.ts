/**
 * Ciphertexts of the encryption service under a named key: `header ‖ nonce(12) ‖ ciphertext ‖ tag(16)`, AES-256-GCM. The
 * header and the caller's AAD are authenticated, so neither can be replaced.
 */
import type { CipherKey } from "./cipher_blob.ts";
import {
  CIPHER_HEADER_BYTES,
  type CipherHeader,
  decodeCipherHeader,
  encodeCipherHeader,
} from "./cipher_header.ts";
import {
  BULK_THRESHOLD,
  gcmDecrypt,
  gcmDecryptBulk,
  gcmEncrypt,
  gcmEncryptBulk,
  NONCE_BYTES,
  TAG_BYTES,
} from "./gcm.ts";
import { hedgedNonceBulk } from "./hedge.ts";
import type { RandomSource } from "./random.ts";
import { encodeTuple } from "./tuple.ts";

/** Bytes that encryption adds to a plaintext. */
export const NAMED_OVERHEAD: number = CIPHER_HEADER_BYTES + NONCE_BYTES + TAG_BYTES;

/** A version of a named key. */
export interface NamedKey extends CipherKey {
  /** 16 bytes. */
  readonly id: Uint8Array;
}

const FORMAT = 1;

/** Encrypts under a fresh nonce, bound to `aad`. The plaintext must not change until the promise settles. */
export async function sealNamed(
  { id, version, bytes }: NamedKey,
  plaintext: Uint8Array,
  aad: Uint8Array,
  random: RandomSource,
): Promise<Uint8Array> {
  const header = encodeCipherHeader({ kind: "blob", keyId: id, version });
  const boundTo = aadOf(header, aad);
  const nonce = await hedgedNonceBulk(bytes, plaintext, boundTo, random);
  const encrypt = plaintext.length < BULK_THRESHOLD ? gcmEncrypt : gcmEncryptBulk;
  const ciphertext = await encrypt(bytes, nonce, plaintext, boundTo);
  const blob = new Uint8Array(CIPHER_HEADER_BYTES + NONCE_BYTES + ciphertext.length);
  blob.set(header);
  blob.set(nonce, CIPHER_HEADER_BYTES);
  blob.set(ciphertext, CIPHER_HEADER_BYTES + NONCE_BYTES);
  return blob;
}

/**
 * Decodes the header of a blob.
 *
 * @throws {SpikeError} api_bad_request if it does not begin with the header of a blob
 */
export function readNamedHeader(blob: Uint8Array): CipherHeader {
  return decodeCipherHeader(blob, "blob");
}

/**
 * Decrypts into a fresh array.
 *
 * @throws {SpikeError} crypto_decryption_failed for another key, another `aad` or any modification
 */
export async function openNamed(
  key: Uint8Array,
  blob: Uint8Array,
  aad: Uint8Array,
): Promise<Uint8Array> {
  const header = blob.subarray(0, CIPHER_HEADER_BYTES);
  const nonce = blob.slice(CIPHER_HEADER_BYTES, CIPHER_HEADER_BYTES + NONCE_BYTES);
  // A blob that is too short for a nonce is also too short for a tag and rejected as such.
  const padded = nonce.length === NONCE_BYTES ? nonce : new Uint8Array(NONCE_BYTES);
  const ciphertext = blob.subarray(CIPHER_HEADER_BYTES + NONCE_BYTES);
  const decrypt = ciphertext.length < BULK_THRESHOLD ? gcmDecrypt : gcmDecryptBulk;
  return await decrypt(key, padded, ciphertext, aadOf(header, aad));
}

function aadOf(header: Uint8Array, aad: Uint8Array): Uint8Array {
  return encodeTuple([FORMAT, "cipher-blob", header, aad]);
}
