/**
 * Mutual TLS by SPIFFE ID: a server and a client that judge the peer's certificates themselves, once per
 * connection, before a byte of HTTP goes either way. Start with `server.ts`.
 *
 * @module
 */
export { createMtlsClient } from "./client.ts";
export type {
  MtlsAnswer,
  MtlsClient,
  MtlsClientOptions,
  MtlsStreamClient,
  MtlsTimeouts,
} from "./client.ts";
export { createMtlsServer } from "./server.ts";
export type {
  Fetch,
  MtlsServer,
  MtlsServerOptions,
  Peer,
  Refusal,
  RequestContext,
} from "./server_options.ts";
export type { Address } from "./front.ts";
export { type PeerLink, PeerLog, type SeenLink, seldom } from "./peer_log.ts";
