import { draw, type RandomSource } from "../seal/mod.ts";
import { wipe } from "../bytes/mod.ts";
import { isShare, type Scheme } from "../shamir/mod.ts";

/** Each draw fails once in 2^32; a source that fails so often in a row is broken. */
const MOST_DRAWS = 16;

/**
 * Draws 32 bytes that the scheme can share. What it cannot is drawn again: a scalar of P-256 is below the order of
 * its group. The caller wipes them.
 */
export function drawRootKey(random: RandomSource, scheme: Scheme): Uint8Array {
  for (let i = 0; i < MOST_DRAWS; i++) {
    const key = draw(random, 32);
    if (isShare(scheme, key)) return key;
    wipe(key);
  }
  throw new Error(`Random source gave no key of scheme ${scheme} in ${MOST_DRAWS} draws`);
}
