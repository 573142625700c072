import type { PeerVerdict, SpiffeId, SvidSource } from "../spiffe/mod.ts";
import type { Logger } from "../telemetry/mod.ts";
import type { Address } from "./front.ts";
import type { PeerLink } from "./peer_log.ts";
import type { StreamOptions } from "./streams.ts";

/** The verified caller of a request: as a rule the peer of its connection. */
export type Peer = PeerVerdict & {
  ok: true;
  /** The proxy whose connection it is, where the caller was named by a token instead. */
  readonly via?: SpiffeId;
};

/** What a handler knows of a request beyond its method, URL and headers. */
export interface RequestContext {
  readonly peer: Peer;
  /** The whole body, at most `limitBytes`. See `BoundedBody.read`. */
  readBody(limitBytes: number): Promise<Uint8Array>;
  /** Whether the caller is gone, so that nobody waits for the answer any more. */
  hasLeft?(): boolean;
  /**
   * The body as it comes, of a request that may be a stream. Its answer may be one too, and may begin before the body
   * has ended; it is trusted to hold little at a time.
   */
  streamBody?(): AsyncIterable<Uint8Array>;
}

/** Handlers get the verdict on the connection, never a header, to know who calls. */
export type Fetch = (request: Request, context: RequestContext) => Response | Promise<Response>;

/** A request that was refused before it came to a handler. */
export interface Refusal {
  readonly peer: Peer;
  /** What it was answered with. */
  readonly status: number;
  /** Why: a word of this program or of the runtime's parser, never a caller's text. */
  readonly fault: string;
  readonly remote?: string;
}

export interface MtlsServerOptions {
  readonly source: SvidSource;
  /** Who may connect at all; the connection of anyone else ends before a request is parsed. */
  readonly admit: (id: SpiffeId) => boolean;
  readonly fetch: Fetch;
  readonly log: Logger;
  /** Hears of every connection with a verified peer. */
  readonly onPeer?: (link: PeerLink) => void;
  /** Records and logs what is refused before it comes to a handler. Default: it is logged. */
  readonly onRefused?: (refusal: Refusal) => void;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  /** No body longer than this is ever kept, whatever its route. Default 1 MiB. */
  readonly maxBodyBytes?: number;
  /** All bodies that are held at a time. Default 64 MiB. */
  readonly maxHeldBytes?: number;
  readonly headersTimeoutMs?: number;
  /** From the first byte of a request to the last of its body. Default 30 s. */
  readonly requestTimeoutMs?: number;
  readonly keepAliveTimeoutMs?: number;
  /** Requests of one identity that are under way or wait, at most; more are answered with 429. Default 512. */
  readonly requestsPerIdentity?: number;
  /** Connections of one identity, at most; more cost it those that are idle. Default 1,024. */
  readonly connectionsPerIdentity?: number;
  /** All connections of this listener, at most. Default 65,536. */
  readonly maxConnections?: number;
  /** Which bodies are not held but handed on as they come. Default: none. */
  readonly streams?: StreamOptions;
}

export interface MtlsServer {
  /** False while connections are known not to arrive. */
  isAccepting(): boolean;
  /** Resolves with the port once the self-test has passed. */
  listen(address: Address): Promise<number>;
  /** Stops accepting, lets running requests finish for `drainMs`, then ends every connection. */
  close(drainMs?: number): Promise<void>;
}

/** Tells of a refusal whoever records it. */
export function tellRefusal(
  { onRefused, log }: Pick<MtlsServerOptions, "onRefused" | "log">,
  refusal: Refusal,
): void {
  const { fault: code, peer: { id: peer }, remote = null } = refusal;
  if (onRefused) onRefused(refusal);
  else log.warn("malformed_request", { code, peer, remote });
}

/** No body longer than this is ever kept unless it is asked for. */
export const MAX_BODY_BYTES = 1024 * 1024;
