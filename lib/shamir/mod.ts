/**
 * Shamir's secret sharing, over GF(256) byte by byte or over the scalar field of P-256, with the text form of a shard and
 * a public commitment to it. Pure; randomness is a parameter.
 *
 * It never checks whether a rebuilt secret is correct: compare it with the key-check value of `lib/seal`. Start reading at
 * `split.ts` and `combine.ts`.
 *
 * @example Split a secret and rebuild it
 * ```ts
 * import { osRandom } from "../seal/mod.ts";
 * import { combine, randomCoefficients, split } from "./mod.ts";
 *
 * const secret = osRandom(32);
 * const shards = split({ secret, threshold: 2, shares: 3, coefficients: randomCoefficients(osRandom) });
 * const rebuilt = combine(shards.slice(1), 2);
 * if (rebuilt.toHex() !== secret.toHex()) throw new Error("any two shards rebuild the secret");
 * ```
 *
 * @module
 */
export type { RandomSource } from "../seal/random.ts";
export * from "./coefficients.ts";
export * from "./combine.ts";
export * from "./commitment.ts";
export * from "./is_share.ts";
export { type P256SplitOptions, splitP256 } from "./p256.ts";
export * from "./scheme.ts";
export { MAX_SHARES, requireQuorum, type Shard } from "./shard.ts";
export * from "./split.ts";
export * from "./text.ts";
