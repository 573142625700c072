import { isScalar } from "./scalar.ts";

/** How a secret is shared. The bytes of a shard do not tell. */
export type Scheme = "gf256" | "p256";

/** All schemes, the default one first. */
export const SCHEMES = ["gf256", "p256"] as const satisfies readonly Scheme[];

/**
 * Whether 32 bytes can be a secret or a share of a scheme at all. Over GF(256) any can; over P-256 all but one in
 * 2^32 of random ones, those that are not below the order of its group.
 */
export function isShare(scheme: Scheme, bytes: Uint8Array): boolean {
  return scheme === "gf256" || isScalar(bytes);
}
