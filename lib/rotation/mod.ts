/**
 * Rotation of key-encryption keys (KEKs): decides when a new generation is due, and seals every row of an older
 * generation again under the newest one, in small transactions between other work.
 *
 * Each row names its generation, so a killed process resumes where it stopped. This folder never creates a KEK and never
 * removes one; its caller does. Start reading at `rewrap.ts`.
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
