/**
 * The wire API: every operation with the permission it needs, its messages and their encoding. Servers, the command line
 * and the client share it. It never sends anything and never authorizes a caller. Start reading at `operation/mod.ts`.
 *
 * @module
 */
export { type Decoded, decodeMessage, type MessageSchema } from "./decode.ts";
export {
  type AnswerOf,
  type ClientOperation,
  type Operation,
  type OperationOf,
  OPERATIONS,
  type OperationWith,
  type Permission,
  type PermissionTarget,
  type RequestOf,
  type ResultOf,
  type Want,
} from "./operation/mod.ts";
export { decodeAnswer, decodeRequest } from "./request.ts";
export { encodeShard, encodeShards, errorBody, RESPONSE_HEADERS } from "./response.ts";
export type {
  AuditKeys,
  AuditPage,
  Fixed,
  KekInfo,
  RestoreProgress,
  ShardChanged,
  ShardChangeKind,
  ShardSets,
  Written,
} from "./result.ts";
export { type Route, routeOf, ROUTES, routeUrl } from "./route.ts";
export { KEEPER_STATES, NEXUS_STATES } from "./status.ts";
export type { KeeperStatus, NexusStatus, PeerStatus } from "./status.ts";
export { formatTime, parseTime, ZERO_TIME } from "./time.ts";
export type {
  BodyForm,
  OperationDefinition,
  PermissionWant,
  RoleWant,
  ServedIn,
} from "./operation/definition.ts";
export type { DEFINITIONS, OperationTable } from "./operation/mod.ts";
export type {
  AuditStatus,
  BACKENDS,
  BackupStatus,
  ChangedLogStatus,
  LOG_CHANGES,
  RecoveryStatus,
  RestoredStatus,
  SealStatus,
} from "./status.ts";
// Types of other folders that the signatures above mention.
export type * from "../error/error.ts";
export type { Json, JsonLimits, JsonObject, NumberText } from "../json/json.ts";
export type { PERMISSIONS } from "../policy/permission.ts";
export type { Role } from "../spiffe/role.ts";
