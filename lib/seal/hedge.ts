/**
 * Nonces and salts that do not repeat even if the random source does. Each is HMAC-SHA-256, under a key derived from the
 * sealing key, of fresh random bytes and of all other inputs of the encryption. If two encryptions differ in any input, the
 * inputs of the HMAC differ; if they do not differ, a repeated nonce only repeats the same ciphertext. A count and the clocks are in the random bytes already (`mixed_random.ts`).
 */
import { expand } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { requireLength, wipe } from "../bytes/bytes.ts";
import { KEY_BYTES } from "./derive.ts";
import { BULK_THRESHOLD, NONCE_BYTES, unshared } from "./gcm.ts";
import { draw, type RandomSource } from "./random.ts";
import { encodeTuple, type TupleField } from "./tuple.ts";

/** Salt of one stream, bytes. */
export const STREAM_SALT_BYTES = 32;

/** Info of the derived keys; the rule of `LABEL` applies: never reused or renamed. */
const NONCE_LABEL = new TextEncoder().encode("spike/v1/hedge/nonce");
const SALT_LABEL = new TextEncoder().encode("spike/v1/hedge/stream-salt");
const FORMAT = 1;
const FRESH_BYTES = 32;
/**
 * Plaintexts from this length on, bytes, are cheaper to hash through WebCrypto. On the 2-core reference machine, in place
 * against WebCrypto: 2 KiB 17 against 77 µs, 4 KiB 31 against 87, 64 KiB 465 against 151, 1 MiB 7.1 against 3.5 ms.
 */
const BULK_HASH_THRESHOLD = 8192;

/**
 * The nonce for sealing `plaintext`, bound to `aad`, under `key`. It depends on `aad`, because one nonce for two different
 * AADs would reveal the authentication key, even with the same plaintext.
 */
export function hedgedNonce(
  key: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
  random: RandomSource,
): Uint8Array {
  if (plaintext.length < BULK_THRESHOLD) return nonceFor(key, plaintext, plaintext, aad, random);
  return nonceFor(key, plaintext, sha256(plaintext), aad, random);
}

/** As {@linkcode hedgedNonce}, with the same bytes; long plaintexts are hashed off the calling thread. */
export async function hedgedNonceBulk(
  key: Uint8Array,
  plaintext: Uint8Array,
  aad: Uint8Array,
  random: RandomSource,
): Promise<Uint8Array> {
  if (plaintext.length < BULK_HASH_THRESHOLD) return hedgedNonce(key, plaintext, aad, random);
  const input = unshared(plaintext) as Uint8Array<ArrayBuffer>;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", input));
  if (input !== plaintext) wipe(input);
  return nonceFor(key, plaintext, digest, aad, random);
}

/**
 * The salt of a stream with this header and AAD under `key`. The plaintext is not known yet, so for two streams with the
 * same header and AAD the salt depends on the random source alone.
 */
export function hedgedSalt(
  key: Uint8Array,
  header: Uint8Array,
  aad: Uint8Array,
  random: RandomSource,
): Uint8Array {
  return hedged(key, SALT_LABEL, random, [header, aad]);
}

/** `content` is a short plaintext itself or the digest of a long one; the length distinguishes them. */
function nonceFor(
  key: Uint8Array,
  plaintext: Uint8Array,
  content: Uint8Array,
  aad: Uint8Array,
  random: RandomSource,
): Uint8Array {
  const whole = hedged(key, NONCE_LABEL, random, [aad, plaintext.length, content]);
  if (content !== plaintext) wipe(content);
  return whole.slice(0, NONCE_BYTES);
}

function hedged(
  key: Uint8Array,
  label: Uint8Array,
  random: RandomSource,
  inputs: readonly TupleField[],
): Uint8Array {
  requireLength(key, KEY_BYTES, "Key");
  const fresh = draw(random, FRESH_BYTES);
  // HKDF-Expand alone: a sealing key is already uniformly random (RFC 5869 section 3.3).
  const own = expand(sha256, key, label, KEY_BYTES);
  const message = encodeTuple([FORMAT, fresh, ...inputs]);
  try {
    return hmac(sha256, own, message);
  } finally {
    wipe(fresh, own, message);
  }
}
