import { isScalar } from "./scalar.ts";
import type { Scheme } from "./scheme.ts";

/**
 * Whether 32 bytes can be a secret or a share of a scheme at all. Over GF(256) any can; over P-256 all but one in
 * 2^32 of random ones, those that are not below the order of its group.
 */
export function isShare(scheme: Scheme, bytes: Uint8Array): boolean {
  return scheme === "gf256" || isScalar(bytes);
}
