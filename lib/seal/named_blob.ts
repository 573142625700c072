/**
 * What the encryption service gives its callers under a named key: `header ‖ nonce(12) ‖ ciphertext ‖ tag(16)`,
 * AES-256-GCM. Header and the caller's own data are authenticated with it, so neither can be exchanged.
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

/** Bytes that a blob is longer than its plaintext. */
export const NAMED_OVERHEAD = CIPHER_HEADER_BYTES + NONCE_BYTES + TAG_BYTES;

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

/** What a blob says of its key. Throws `api_bad_request` when it does not begin with a header. */
export function readNamedHeader(blob: Uint8Array): CipherHeader {
  return decodeCipherHeader(blob, "blob");
}

/** Decrypts into a fresh array. Throws `crypto_decryption_failed` for another key, another `aad` and any change. */
export async function openNamed(
  key: Uint8Array,
  blob: Uint8Array,
  aad: Uint8Array,
): Promise<Uint8Array> {
  const header = blob.subarray(0, CIPHER_HEADER_BYTES);
  const nonce = blob.slice(CIPHER_HEADER_BYTES, CIPHER_HEADER_BYTES + NONCE_BYTES);
  // What is too short for a nonce is too short for a tag, and refused as such.
  const padded = nonce.length === NONCE_BYTES ? nonce : new Uint8Array(NONCE_BYTES);
  const ciphertext = blob.subarray(CIPHER_HEADER_BYTES + NONCE_BYTES);
  const decrypt = ciphertext.length < BULK_THRESHOLD ? gcmDecrypt : gcmDecryptBulk;
  return await decrypt(key, padded, ciphertext, aadOf(header, aad));
}

function aadOf(header: Uint8Array, aad: Uint8Array): Uint8Array {
  return encodeTuple([FORMAT, "cipher-blob", header, aad]);
}
