/**
 * Policies: parse, compile, index, evaluate, explain and lint them. Pure: it stores nothing, knows neither roles nor
 * requests, and takes IDs and paths as strings.
 *
 * Start reading at `policy.ts` (what a policy is), then `decide.ts`; `reserved.ts` has the rule for reserved paths,
 * `pattern.ts` the limits on the cost of a pattern.
 *
 * @example Evaluate a request
 * ```ts
 * import { createPolicySet, decide, parsePolicy } from "./mod.ts";
 *
 * const { compiled } = parsePolicy({
 *   name: "acme-read",
 *   spiffeidPattern: "^spiffe://acme\\.example/app$",
 *   pathPattern: "^tenants/acme/.*$",
 *   permissions: ["read"],
 * });
 * const question = { id: "spiffe://acme.example/app", path: "tenants/acme/db", wanted: ["read"] } as const;
 * const decision = decide(createPolicySet([compiled]), question);
 * if (!decision.allowed) throw new Error(`missing: ${decision.missing}`);
 * ```
 *
 * @module
 */
export * from "./decide.ts";
export * from "./explain.ts";
export * from "./lint.ts";
export { MAX_PROGRAM_SIZE, MAX_SUBJECT_LENGTH, type Pattern } from "./pattern.ts";
export * from "./permission.ts";
export * from "./policy.ts";
export {
  CIPHER_KEY_PREFIX,
  isReserved,
  reachesReserved,
  type Reaching,
  RESERVED,
  RESERVED_PREFIX,
} from "./reserved.ts";
export { isUnanchored, type Shape } from "./shape.ts";
