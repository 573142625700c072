/** Gives `length` unpredictable bytes in a fresh array. Handed in, so that golden files can fix it. */
export type RandomSource = (length: number) => Uint8Array;

/**
 * Draws `length` bytes and refuses what a broken source gives: another length, or zeros only
 * (chance 2^-96 for a nonce). A repeated nonce or a zero key must never be the silent outcome.
 */
export function draw(random: RandomSource, length: number): Uint8Array {
  const bytes = random(length);
  if (bytes.length !== length) {
    throw new Error(`Random source gave ${bytes.length} bytes, expected ${length}`);
  }
  if (length >= 12 && bytes.every((byte) => byte === 0)) {
    throw new Error(`Random source gave ${length} zero bytes`);
  }
  return bytes;
}
