/** Overwrites key material with zeros. Undefined arguments are skipped, so that a `finally` block stays one line. */
export function wipe(...arrays: readonly (Uint8Array | undefined)[]): void {
  for (const bytes of arrays) bytes?.fill(0);
}

/**
 * Whether two byte strings are equal, in time that depends on their lengths only. Lengths are not secret: every compared
 * value has a fixed length.
 */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/**
 * Requires a byte array of exactly `length` bytes.
 *
 * @param what Names the array in the error, which never shows its content.
 * @throws {TypeError} for another length or type
 */
export function requireLength(bytes: Uint8Array, length: number, what: string): void {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${what} is not a byte array`);
  if (bytes.length !== length) {
    throw new TypeError(`${what} is ${bytes.length} bytes long, expected ${length}`);
  }
}
