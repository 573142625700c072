import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { HASH_BYTES } from "./merkle.ts";
import { type Mac, MAC_BYTES } from "./line_mac.ts";

/**
 * HMAC-SHA-256 (RFC 2104), cut to 16 bytes. The blocks of the key are hashed once, and one state is used for every
 * message: for the short messages of lines that costs less than calls of the native hash. The key may be wiped
 * afterwards; what was made of it stays until the function is forgotten.
 */
export function macUnder(key: Uint8Array): Mac {
  const prepared = hmac.create(sha256, key);
  const state = prepared.clone();
  const whole = new Uint8Array(HASH_BYTES);
  return (message) => {
    prepared._cloneInto(state).update(message).digestInto(whole);
    return whole.slice(0, MAC_BYTES);
  };
}
