/** Bootstrap's proof that Nexus holds the root key it made: a sealed random text comes back as its hash. */
import { sha256 } from "@noble/hashes/sha2.js";
import { SpikeError } from "../error/error.ts";
import { wipe } from "../bytes/bytes.ts";
import { gcmDecrypt, gcmEncrypt, NONCE_BYTES } from "./gcm.ts";
import { hedgedNonce } from "./hedge.ts";
import { draw, type RandomSource } from "./random.ts";

const TEXT_BYTES = 64;
const NO_AAD = new Uint8Array(0);

/** What Bootstrap sends, and the answer it expects. */
export interface Probe {
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  /** ciphertext ‖ tag, 80 bytes. */
  readonly ciphertext: Uint8Array;
  /** Lower-case hex SHA-256 of the plaintext. */
  readonly expectedHash: string;
}

/**
 * Makes a probe: 64 hexadecimal characters of 32 random bytes, AES-256-GCM without AAD.
 *
 * @param key `deriveVerifyKey(root, setId)` towards our Nexus, the root key itself towards an original one.
 */
export function makeProbe(key: Uint8Array, random: RandomSource): Probe {
  const bytes = draw(random, TEXT_BYTES / 2);
  const plaintext = new TextEncoder().encode(bytes.toHex());
  const nonce = hedgedNonce(key, plaintext, NO_AAD, random);
  const ciphertext = gcmEncrypt(key, nonce, plaintext, NO_AAD);
  const expectedHash = sha256(plaintext).toHex();
  wipe(bytes, plaintext);
  return { nonce, ciphertext, expectedHash };
}

/**
 * Answers a probe sealed under any of `keys` with the lower-case hex SHA-256 of its plaintext; undefined when none
 * opens it, or when what it opens to is no probe text: this must not serve to learn the hash of anything else.
 */
export function answerProbe(
  keys: readonly Uint8Array[],
  nonce: Uint8Array,
  ciphertext: Uint8Array,
): string | undefined {
  if (nonce.length !== NONCE_BYTES) return undefined;
  for (const key of keys) {
    const plaintext = tryOpen(key, nonce, ciphertext);
    if (plaintext === undefined) continue;
    const hash = isProbeText(plaintext) ? sha256(plaintext).toHex() : undefined;
    wipe(plaintext);
    return hash;
  }
  return undefined;
}

function tryOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | undefined {
  try {
    return gcmDecrypt(key, nonce, ciphertext, NO_AAD);
  } catch (error) {
    // Not this key: the next one may fit.
    if (error instanceof SpikeError && error.code === "crypto_decryption_failed") return undefined;
    throw error;
  }
}

/** 64 ASCII characters 0-9, a-f or A-F. */
function isProbeText(plaintext: Uint8Array): boolean {
  return plaintext.length === TEXT_BYTES &&
    plaintext.every((c) => (c >= 48 && c <= 57) || (c >= 97 && c <= 102) || (c >= 65 && c <= 70));
}
