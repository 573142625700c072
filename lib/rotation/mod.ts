/**
 * Renewal of key-encryption keys: everything that an older generation seals is sealed anew under the newest one, in
 * small transactions beside all other work, and the older one is removed when nothing is left under it.
 *
 * What is left to do stands in the rows themselves, so that a process that was killed anywhere goes on where it was.
 * Start reading at `rewrap.ts`.
 *
 * @module
 */
export * from "./due.ts";
export * from "./rewrap.ts";
// Types of other folders that the signatures above mention.
export type { Keyring } from "../seal/keyring.ts";
export type { RandomSource } from "../seal/random.ts";
export type { SealBudget } from "../secret/budget.ts";
export type * from "../store/port.ts";
