/**
 * Policies in a store: the writer seals them, the reader opens and compiles them.
 *
 * It never authorizes anything; `lib/policy` does. Start reading at `record.ts` (what is stored), then `writer.ts` and
 * `reader.ts`.
 *
 * @module
 */
export * from "./reader.ts";
export { POLICY_FORMAT, type PolicyRecord } from "./record.ts";
export * from "./writer.ts";
// Types of other folders that the signatures above mention.
export type * from "../error/error.ts";
export type { PolicySet } from "../policy/decide.ts";
export type { Pattern } from "../policy/pattern.ts";
export type { PERMISSION_WORDS, PermissionWord } from "../policy/permission.ts";
export type { CompiledPolicy, Policy, PolicyDraft } from "../policy/policy.ts";
export type { Shape } from "../policy/shape.ts";
export type { Keyring } from "../seal/keyring.ts";
export type { RandomSource } from "../seal/random.ts";
export type { SealBudget } from "../secret/budget.ts";
export type * from "../store/port.ts";
