import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type Mac, MAC_BYTES } from "./line_mac.ts";

/**
 * HMAC-SHA-256 (RFC 2104), cut to 16 bytes. The key's blocks are hashed once, and the portable hash costs less than a
 * call of the native one for the short messages of lines. The key may be wiped afterwards; what was made of it stays
 * until the function is forgotten.
 */
export function macUnder(key: Uint8Array): Mac {
  const prepared = hmac.create(sha256, key);
  return (message) => prepared.clone().update(message).digest().subarray(0, MAC_BYTES);
}
