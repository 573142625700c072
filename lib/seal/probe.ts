/** Bootstrap's check that Nexus holds the root key: Nexus returns the hash of a sealed random text. */
import { sha256 } from "@noble/hashes/sha2.js";
import { SpikeError } from "../error/error.ts";
import { wipe } from "../bytes/bytes.ts";
import { gcmDecrypt, gcmEncrypt, NONCE_BYTES } from "./gcm.ts";
import { hedgedNonce } from "./hedge.ts";
import { draw, type RandomSource } from "./random.ts";

const TEXT_BYTES = 64;
const NO_AAD = new Uint8Array(0);

/** The message of Bootstrap and the answer it expects. */
export interface Probe {
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  /** ciphertext ‖ tag, 80 bytes. */
  readonly ciphertext: Uint8Array;
  /** Lower-case hex SHA-256 of the plaintext. */
  readonly expectedHash: string;
}

/**
 * Creates a probe: 32 random bytes as 64 hexadecimal characters, sealed with AES-256-GCM without AAD.
 *
 * @param key `deriveVerifyKey(root, setId)` for this Nexus, the root key itself for a Nexus of SPIKE in Go.
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
 * Answers a probe sealed under any of `keys` with the lower-case hex SHA-256 of its plaintext; undefined if no key opens it
 * or the plaintext is not a probe text: a caller must not learn the hash of anything else.
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
    // Not this key: try the next one.
    if (error instanceof SpikeError && error.code === "crypto_decryption_failed") return undefined;
    throw error;
  }
}

/** 64 ASCII characters 0-9, a-f or A-F. */
function isProbeText(plaintext: Uint8Array): boolean {
  return plaintext.length === TEXT_BYTES &&
    plaintext.every((c) => (c >= 48 && c <= 57) || (c >= 97 && c <= 102) || (c >= 65 && c <= 70));
}
