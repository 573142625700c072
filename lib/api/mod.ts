/**
 * The wire API: every operation with the permission it wants, its messages and encodings, shared by servers,
 * command line and client. It sends nothing and decides nothing. Start reading at `operation/mod.ts`.
 *
 * @module
 */
export { decodeMessage, message, type MessageSchema } from "./decode.ts";
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
export type { AuditStatus, KeeperStatus, NexusStatus, PeerStatus } from "./status.ts";
export { formatTime, parseTime, ZERO_TIME } from "./time.ts";
