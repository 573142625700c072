import { createHmac, createSecretKey } from "node:crypto";
import { type Mac, MAC_BYTES } from "./line_mac.ts";

/**
 * HMAC-SHA-256 of the operating system's library, cut to 16 bytes. The runtime keeps a copy of the key until the
 * function is forgotten.
 */
export function macUnder(key: Uint8Array): Mac {
  const secret = createSecretKey(key);
  return (message) => createHmac("sha256", secret).update(message).digest().subarray(0, MAC_BYTES);
}
