/**
 * Shamir's secret sharing, over GF(256) byte by byte or over the scalar field of P-256, and what goes with a shard:
 * the text people keep and the commitment that recognises it. Pure; randomness comes in as a parameter.
 *
 * It cannot tell whether a rebuilt secret is the right one: that is the key check of `lib/seal`.
 *
 * @module
 */
export * from "./coefficients.ts";
export * from "./combine.ts";
export * from "./commitment.ts";
export * from "./is_share.ts";
export { type P256SplitOptions, splitP256 } from "./p256.ts";
export * from "./scheme.ts";
export { MAX_SHARES, requireQuorum, type Shard } from "./shard.ts";
export * from "./split.ts";
export * from "./text.ts";
