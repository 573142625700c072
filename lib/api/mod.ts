/**
 * The wire API: routes with the permission each wants, messages, encodings and error codes, shared by servers,
 * command line and client. It sends nothing and decides nothing. Start reading at `route.ts`.
 *
 * @module
 */
export { type AnswerOf, ANSWERS, type ClientOperation, decodeAnswer } from "./answer.ts";
export { decodeMessage, message, type MessageSchema } from "./decode.ts";

export { decodeRequest, type Operation, type RequestOf, REQUESTS } from "./request.ts";
export {
  encodeShard,
  encodeShards,
  errorBody,
  formatTime,
  RESPONSE_HEADERS,
  ZERO_TIME,
} from "./response.ts";
export {
  type Permission,
  type PermissionTarget,
  type Route,
  routeOf,
  ROUTES,
  routeUrl,
  type Want,
} from "./route.ts";
export { KEEPER_STATES, NEXUS_STATES } from "./status.ts";
export type { KeeperStatus, NexusStatus, PeerStatus } from "./status.ts";
export { parseTime } from "./time.ts";
