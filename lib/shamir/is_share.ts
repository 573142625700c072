import { isScalar } from "./scalar.ts";
import type { Scheme } from "./scheme.ts";

/**
 * Whether bytes can be a secret or a share of a scheme. Over GF(256) any bytes can; over P-256 they must be 32 bytes below
 * the order of the group, which all but one in 2^32 random values are.
 */
export function isShare(scheme: Scheme, bytes: Uint8Array): boolean {
  return scheme === "gf256" || isScalar(bytes);
}
