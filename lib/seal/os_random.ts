import type { RandomSource } from "./random.ts";

/** Web Crypto refuses to fill more than this at once. */
const QUOTA_BYTES = 65536;

/** The operating system's generator, the one source of randomness outside tests. */
export const osRandom: RandomSource = (length) => {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += QUOTA_BYTES) {
    crypto.getRandomValues(bytes.subarray(at, at + QUOTA_BYTES));
  }
  return bytes;
};
