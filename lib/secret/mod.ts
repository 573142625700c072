/**
 * Secrets: paths, versions, and how both are sealed into the rows of a store.
 *
 * It never authorizes a caller and never keeps a plaintext. Start reading at `version.ts` (the rules of version numbers,
 * pure), then `reader.ts` and `writer.ts`.
 *
 * @example Paths of secrets
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseSecretPath, parseWritablePath } from "./mod.ts";
 *
 * assert.equal(parseSecretPath("tenants/acme/db"), "tenants/acme/db");
 * assert.throws(() => parseSecretPath(""), { code: "api_bad_request" });
 * assert.throws(() => parseWritablePath("spike/system/acl"), { code: "api_bad_request" });
 * ```
 *
 * @module
 */
export { createSealBudget, type SealBudget } from "./budget.ts";
export type { Head } from "./head.ts";
export * from "./mutation.ts";
export * from "./name.ts";
export * from "./reader.ts";
export type { SecretPairs } from "./values.ts";
export {
  type Absence,
  type Deletion,
  type History,
  isExpired,
  type MetadataChange,
  readableCurrent,
  type VersionInfo,
} from "./version.ts";
export * from "./writer.ts";
// Types of other folders that the signatures above mention.
export type { Keyring } from "../seal/keyring.ts";
export type { RandomSource } from "../seal/random.ts";
export type * from "../store/port.ts";
