/**
 * A server's operations over HTTP: from a request on an authenticated connection to the answer and its audit record.
 * It opens no socket (see `lib/mtls`) and decides nothing about access: it calls `authorize`. Start reading at
 * `app.ts`.
 *
 * @module
 */
export { type AppOptions, createApp, type Handler, type Handlers } from "./app.ts";
export {
  isRaw,
  isStream,
  rawAnswer,
  type RawExtras,
  rawExtras,
  type RawHandler,
  STREAM_TYPE,
  type StreamAnswer,
  streamedAnswer,
  type StreamExtras,
  streamExtras,
  type StreamHandler,
  textAnswer,
} from "./raw.ts";
export {
  createRefusalAudit,
  type RefusalAudit,
  type RefusalAuditOptions,
} from "./refusal_audit.ts";
export { type Conditions, conditionsOf, entityTag, NotModified, Tagged } from "./reply.ts";
