/**
 * The scalar field of NIST P-256 (FIPS 186-5, SP 800-186 section 3.2.1.3): integers modulo the order of its group,
 * written as 32 bytes, most significant first. Arithmetic is `@noble/curves`', on big integers: neither constant
 * in time nor wipeable, which `docs/decisions/0016-p256-scheme.md` weighs.
 */
import { Field } from "@noble/curves/abstract/modular.js";

/** Order of the group. */
export const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Bytes of a scalar. */
export const SCALAR_BYTES = 32;

/** Addition, multiplication and inversion. */
export const scalars = Field(P256_ORDER);

/** The integer that 32 bytes are, whether or not it is below the order. Passes through no text. */
export function readInteger(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, SCALAR_BYTES);
  let value = 0n;
  for (let at = 0; at < SCALAR_BYTES; at += 8) value = value << 64n | view.getBigUint64(at);
  return value;
}

/** Whether `bytes` are the one encoding of a scalar: 32 of them, and below the order. */
export function isScalar(bytes: Uint8Array): boolean {
  return bytes.length === SCALAR_BYTES && readInteger(bytes) < P256_ORDER;
}

/** The encoding of a scalar. */
export function writeScalar(scalar: bigint): Uint8Array {
  const bytes = new Uint8Array(SCALAR_BYTES);
  const view = new DataView(bytes.buffer);
  // Each call stores the lowest 64 bits of what it is given.
  for (let at = 0; at < SCALAR_BYTES; at += 8) {
    view.setBigUint64(at, scalar >> BigInt(192 - 8 * at));
  }
  return bytes;
}
