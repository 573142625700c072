/**
 * Who may do what: policies are parsed, compiled, indexed and asked. Pure: it stores nothing, knows no role and
 * no request, and takes IDs and paths as texts.
 *
 * Start reading at `policy.ts` (what a policy is), then `decide.ts`; `reserved.ts` has the rule for the system's
 * own paths, `pattern.ts` what a pattern may cost.
 *
 * @module
 */
export * from "./decide.ts";
export * from "./explain.ts";
export * from "./lint.ts";
export { MAX_PROGRAM_SIZE, MAX_SUBJECT_LENGTH } from "./pattern.ts";
export * from "./permission.ts";
export * from "./policy.ts";
export {
  CIPHER_KEY_PREFIX,
  isReserved,
  reachesReserved,
  RESERVED,
  RESERVED_PREFIX,
} from "./reserved.ts";
export { isUnanchored } from "./shape.ts";
