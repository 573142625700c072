/**
 * The scalar field of NIST P-256 (FIPS 186-5, SP 800-186 section 3.2.1.3): integers modulo the order of its group,
 * encoded as 32 bytes, most significant first. Arithmetic uses the big integers of `@noble/curves`, which run in variable
 * time and cannot be wiped; see `docs/decisions/0016-p256-scheme.md`.
 */
import { Field } from "@noble/curves/abstract/modular.js";

/** Order of the group. */
export const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** Bytes of a scalar. */
export const SCALAR_BYTES = 32;

/** Addition, multiplication and inversion. */
export const scalars: ReturnType<typeof Field> = Field(P256_ORDER);

/** Reads 32 bytes as an integer, which may exceed the order. Makes no string of the secret. */
export function readInteger(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, SCALAR_BYTES);
  let value = 0n;
  for (let at = 0; at < SCALAR_BYTES; at += 8) value = value << 64n | view.getBigUint64(at);
  return value;
}

/** Whether `bytes` are the canonical encoding of a scalar: 32 bytes, below the order. */
export function isScalar(bytes: Uint8Array): boolean {
  return bytes.length === SCALAR_BYTES && readInteger(bytes) < P256_ORDER;
}

/** Encodes a scalar as 32 bytes. */
export function writeScalar(scalar: bigint): Uint8Array {
  const bytes = new Uint8Array(SCALAR_BYTES);
  const view = new DataView(bytes.buffer);
  // Each call stores the lowest 64 bits of its argument.
  for (let at = 0; at < SCALAR_BYTES; at += 8) {
    view.setBigUint64(at, scalar >> BigInt(192 - 8 * at));
  }
  return bytes;
}
