/** How a secret is shared. The bytes of a shard do not tell. */
export type Scheme = "gf256" | "p256";

/** All schemes, the default one first. */
export const SCHEMES = ["gf256", "p256"] as const satisfies readonly Scheme[];
