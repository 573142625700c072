/** Returns `length` unpredictable bytes in a fresh array. A parameter, so that golden files can fix it. */
export type RandomSource = (length: number) => Uint8Array;

/**
 * Draws `length` bytes and rejects the output of a broken source: another length, or only zeros (probability 2^-96 for a
 * nonce), so that a broken source never silently gives a zero key or nonce.
 *
 * @throws {Error} for such output
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
