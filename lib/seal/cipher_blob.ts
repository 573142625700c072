/**
 * Ciphertexts of the encryption service under its default key: AES-256-GCM, with AAD only if the caller supplies it,
 * because the service does not know where the caller stores them. As one blob:
 * `version(1) ‖ nonce(12) ‖ ciphertext ‖ tag(16)`; the first byte is the version of the key. For version 1 the blob equals
 * the output of {@linkcode seal} without AAD, bit for bit.
 */
import { SpikeError } from "../error/error.ts";
import {
  BULK_THRESHOLD,
  gcmDecrypt,
  gcmDecryptBulk,
  gcmEncrypt,
  gcmEncryptBulk,
  NONCE_BYTES,
} from "./gcm.ts";
import { hedgedNonceBulk } from "./hedge.ts";
import type { RandomSource } from "./random.ts";

/** Highest key version, limited by the first byte of a blob. */
export const MAX_CIPHER_VERSION = 255;
/** Bytes of a blob before the ciphertext. */
export const BLOB_HEADER_BYTES: number = 1 + NONCE_BYTES;

/** No additional authenticated data. */
export const NO_AAD: Uint8Array = new Uint8Array(0);

/** A ciphertext with everything needed to decrypt it except the key. */
export interface Encrypted {
  /** Version of the key, from 1. */
  readonly version: number;
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  /** Ends with the 16-byte tag. */
  readonly ciphertext: Uint8Array;
}

/** A version of a cipher key. */
export interface CipherKey {
  /** From 1. */
  readonly version: number;
  /** 32 bytes. */
  readonly bytes: Uint8Array;
}

/** Encrypts under a fresh, hedged nonce. The plaintext must not change until the promise settles. */
export async function encryptUnder(
  { version, bytes }: CipherKey,
  plaintext: Uint8Array,
  random: RandomSource,
  aad = NO_AAD,
): Promise<Encrypted> {
  const nonce = await hedgedNonceBulk(bytes, plaintext, aad, random);
  const encrypt = plaintext.length < BULK_THRESHOLD ? gcmEncrypt : gcmEncryptBulk;
  return { version, nonce, ciphertext: await encrypt(bytes, nonce, plaintext, aad) };
}

/**
 * Decrypts into a fresh array.
 *
 * @throws {SpikeError} crypto_decryption_failed if the tag does not match
 */
export async function decryptUnder(
  key: Uint8Array,
  { nonce, ciphertext }: Pick<Encrypted, "nonce" | "ciphertext">,
  aad = NO_AAD,
): Promise<Uint8Array> {
  const decrypt = ciphertext.length < BULK_THRESHOLD ? gcmDecrypt : gcmDecryptBulk;
  return await decrypt(key, nonce, ciphertext, aad);
}

/**
 * Encodes a ciphertext as one blob.
 *
 * @throws {Error} for a version outside 1 … {@linkcode MAX_CIPHER_VERSION}
 */
export function joinBlob({ version, nonce, ciphertext }: Encrypted): Uint8Array {
  if (!(version >= 1 && version <= MAX_CIPHER_VERSION)) {
    throw new Error(`Version ${version} does not fit in one byte`);
  }
  const blob = new Uint8Array(BLOB_HEADER_BYTES + ciphertext.length);
  blob[0] = version;
  blob.set(nonce, 1);
  blob.set(ciphertext, BLOB_HEADER_BYTES);
  return blob;
}

/**
 * Splits a blob into views of it. The parts are not validated; decryption does that.
 *
 * @throws {SpikeError} crypto_failed_to_read_version for an empty blob
 */
export function splitBlob(blob: Uint8Array): Encrypted {
  const [version] = blob;
  if (version === undefined) {
    throw new SpikeError("crypto_failed_to_read_version", "The ciphertext is empty");
  }
  return {
    version,
    nonce: blob.subarray(1, BLOB_HEADER_BYTES),
    ciphertext: blob.subarray(BLOB_HEADER_BYTES),
  };
}
