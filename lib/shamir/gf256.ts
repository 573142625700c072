/**
 * The field GF(2^8) of AES: polynomials over GF(2) modulo x^8 + x^4 + x^3 + x + 1 (FIPS 197 section 4.2).
 *
 * Both functions do the same work for all operands: no table is indexed by a secret, and no branch or loop bound depends
 * on a value. An optimizing compiler may still turn a mask into a branch, so this is a property of the source, not a proof
 * about the machine code. `docs/decisions/0002-constant-time-gf256.md` says why that is
 * enough here.
 */

/** x^8 + x^4 + x^3 + x + 1. */
const MODULUS = 0x11b;

/** Product of two bytes: shift and add, eight times, with masks in place of conditions. */
export function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit++) {
    product ^= a & -((b >> bit) & 1);
    a = (a << 1) ^ (MODULUS & -(a >> 7));
  }
  return product;
}

/**
 * Inverse of a non-zero byte as a^254, since a^255 = 1 (Fermat): a fixed chain of 11 products.
 * Returns 0 for 0; callers never pass 0, because they invert only differences of distinct public indices.
 */
export function invert(a: number): number {
  const a2 = multiply(a, a);
  const a3 = multiply(a2, a);
  const a6 = multiply(a3, a3);
  const a12 = multiply(a6, a6);
  const a14 = multiply(a12, a2);
  const a15 = multiply(a12, a3);
  const a30 = multiply(a15, a15);
  const a60 = multiply(a30, a30);
  const a120 = multiply(a60, a60);
  const a240 = multiply(a120, a120);
  return multiply(a240, a14);
}
