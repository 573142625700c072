/**
 * Authorization: roles first, then policies. One set of rules serves the code that authorizes requests and the code that
 * explains decisions. Pure, like `lib/policy`, on which it builds: it never reads a store, a clock or a network.
 *
 * Start reading at `judge.ts` (what roles grant), then `explain.ts`.
 *
 * @module
 */
export {
  type AccessExplanation,
  type AccessQuestion,
  type DecidedBy,
  explainAccess,
} from "./explain.ts";
export { isCaller, judgeByRole, type Judgement } from "./judge.ts";
export { routesWanting, targetOf } from "./target.ts";
export { type GrantingPolicy, type GrantingRole, type Grants, whoCan } from "./who_can.ts";
export { parseAskedId, parseQuestion, parseWanted, type QuestionDraft } from "./question.ts";
// Types of other folders that the signatures above mention.
export type { MessageSchema } from "../api/decode.ts";
export type {
  BodyForm,
  OperationDefinition,
  PermissionTarget,
  PermissionWant,
  RoleWant,
  ServedIn,
  Want,
} from "../api/operation/definition.ts";
export type { DEFINITIONS, Operation, OperationTable } from "../api/operation/mod.ts";
export type { Route } from "../api/route.ts";
export type { Json, JsonObject, NumberText } from "../json/json.ts";
export type { PolicySet } from "../policy/decide.ts";
export type { Lack, PolicyMiss } from "../policy/explain.ts";
export type { Pattern } from "../policy/pattern.ts";
export type {
  Permission,
  PERMISSION_WORDS,
  PERMISSIONS,
  PermissionWord,
} from "../policy/permission.ts";
export type { CompiledPolicy } from "../policy/policy.ts";
export type { Shape } from "../policy/shape.ts";
export type * from "../error/error.ts";
export type * from "../spiffe/id.ts";
export type { Role, TrustRoots } from "../spiffe/role.ts";
