/** Scheme of a shard set; it cannot be recognized from the bytes of a shard. */
export type Scheme = "gf256" | "p256";

/** All schemes; the first one is the default. */
export const SCHEMES = ["gf256", "p256"] as const satisfies readonly Scheme[];
