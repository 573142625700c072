/**
 * What became of each path of the store under attack after its earlier copy was taken: nothing (`a`, `b`), a third
 * version (`grown`), the soft deletion of version 2 (`hidden`), a fourth version that pushed out the first
 * (`pruned`), its first version (`new`).
 */
export const PATHS = ["a", "b", "grown", "hidden", "pruned", "new"] as const;
export type Path = typeof PATHS[number];

/** How many versions a path keeps. */
export const MAX_VERSIONS = 3;
/** Caller of all changes. */
export const AUTHOR = "spiffe://example.org/workload/web";

/**
 * What became of each policy: nothing (`apps`, `teams`), the permission to write was taken away (`narrowed`), it was
 * deleted (`dropped`).
 */
export const POLICIES = ["apps", "dropped", "narrowed", "teams"] as const;
export type PolicyName = typeof POLICIES[number];

/**
 * What became of each cipher key: nothing (`mail`), a second version and the end of the first (`pay`), retirement
 * (`old`).
 */
export const CIPHER_KEYS = ["mail", "old", "pay"] as const;
export type CipherKeyName = typeof CIPHER_KEYS[number];

/** Where each policy applies. */
export const PLACES: Readonly<Record<PolicyName, Path>> = {
  apps: "a",
  teams: "b",
  narrowed: "grown",
  dropped: "hidden",
};

/** Where an attacker finds what. */
export interface Files {
  /** The store under attack. */
  readonly store: string;
  /** The same store some time before. */
  readonly earlier: string;
  /** The same store, gone another way from the earlier copy on. */
  readonly fork: string;
  /** Another store with the same paths, under another root key. */
  readonly foreign: string;
}
