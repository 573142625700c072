import { SpikeError } from "../error/error.ts";
import {
  type CipherKey,
  decryptUnder,
  type Encrypted,
  encryptUnder,
  NO_AAD,
  NONCE_BYTES,
  type RandomSource,
  TAG_BYTES,
} from "../seal/mod.ts";
import { wipe } from "../bytes/mod.ts";

/** The versions of the key while a request runs. */
export interface CipherKeys {
  /** The newest version, 0 without a key. */
  readonly current: number;
  /** A copy of one version, which the caller wipes; undefined when it is not available. */
  copy(version: number): CipherKey | undefined;
}

/** What a service works with. */
export interface CipherServiceOptions {
  /** The versions of the default key. */
  readonly keys: CipherKeys;
  /** Waits until one more encryption under this version is accounted for. */
  readonly spend: (version: number) => Promise<void>;
  /** Longest ciphertext, its tag included, in bytes. */
  readonly limitBytes: number;
  /** Source of nonces. */
  readonly random: RandomSource;
}

/** Longest additional data of a caller, in bytes. */
export const MAX_AAD_BYTES = 4096;

/**
 * Encrypts and decrypts under the default key with AES-256-GCM (NIST SP 800-38D).
 *
 * @throws {SpikeError} both methods reject with `api_bad_request` for more bytes than the limit allows, and with
 * `crypto_cipher_not_available` when no key is available
 */
export interface CipherService {
  /** Encrypts at most limit - 16 bytes, so that whatever was encrypted can be decrypted. */
  encrypt(plaintext: Uint8Array, aad?: Uint8Array): Promise<Encrypted>;
  /**
   * Rejects, in this order, with `crypto_unsupported_version`, `crypto_failed_to_read_nonce` for one that is not of
   * 12 bytes, and `crypto_decryption_failed`. The caller wipes the plaintext.
   */
  decrypt(encrypted: Encrypted, aad?: Uint8Array): Promise<Uint8Array>;
}

/** Makes the service; every thread that serves requests has one, over the same keys. */
export function createCipherService(options: CipherServiceOptions): CipherService {
  const { keys, spend, limitBytes, random } = options;
  return {
    async encrypt(plaintext, aad = NO_AAD) {
      requireSize("Plaintext", plaintext, limitBytes - TAG_BYTES);
      requireSize("Additional data", aad, MAX_AAD_BYTES);
      const { current } = keys;
      if (current === 0) throw notAvailable();
      await spend(current);
      return await withKey(keys, current, (key) => encryptUnder(key, plaintext, random, aad));
    },
    async decrypt(encrypted, aad = NO_AAD) {
      const { version, nonce, ciphertext } = encrypted;
      const { current } = keys;
      if (current === 0) throw notAvailable();
      if (version < 1 || version > current) throw unsupported(version, current);
      if (nonce.length !== NONCE_BYTES) throw wrongNonce(nonce.length);
      requireSize("Ciphertext", ciphertext, limitBytes);
      return await withKey(keys, version, ({ bytes }) => decryptUnder(bytes, encrypted, aad));
    },
  };
}

async function withKey<T>(
  keys: CipherKeys,
  version: number,
  work: (key: CipherKey) => Promise<T>,
): Promise<T> {
  const key = keys.copy(version);
  if (key === undefined) throw notAvailable();
  try {
    return await work(key);
  } finally {
    wipe(key.bytes);
  }
}

function requireSize(what: string, bytes: Uint8Array, limit: number): void {
  if (bytes.length <= limit) return;
  throw new SpikeError(
    "api_bad_request",
    `${what} is ${bytes.length} bytes long, at most ${limit} are allowed`,
    { hint: "Encrypt it in parts", reason: "too_long" },
  );
}

function notAvailable(): SpikeError {
  return new SpikeError("crypto_cipher_not_available", "No cipher key is available");
}

function unsupported(version: number, current: number): SpikeError {
  return new SpikeError(
    "crypto_unsupported_version",
    `Ciphertext has key version ${version}, expected 1 to ${current}`,
  );
}

function wrongNonce(length: number): SpikeError {
  return new SpikeError(
    "crypto_failed_to_read_nonce",
    `Nonce is ${length} bytes long, expected ${NONCE_BYTES}`,
  );
}
