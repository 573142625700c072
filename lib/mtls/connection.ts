/** The verdict on a connection, before a byte of HTTP is parsed, and again whenever time or trust has moved on. */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { PeerVerdict, SpiffeId } from "../spiffe/mod.ts";
import { meter } from "../telemetry/mod.ts";
import { peerChain } from "./chain.ts";
import type { FailedHandshakes } from "./failed_handshakes.ts";
import type { Judge } from "./judge.ts";
import type { MtlsServerOptions, Peer } from "./server_options.ts";
import { SELF_TEST_NAME } from "./stranger_check.ts";

/** What is remembered of a connection. */
export interface Connection {
  /** The connection below TLS: what stops reading. */
  readonly raw: Socket;
  readonly chain: readonly Uint8Array[];
  verdict: Peer;
  readonly generation: number;
  requestsUnderWay: number;
  latest: IncomingMessage | undefined;
  /** On the wire since the last request began. */
  receivedBytes: number;
  /** Nothing more is served on it after the requests under way. */
  isClosing: boolean;
}

/** What it takes to judge connections. */
export type JudgeDeps = MtlsServerOptions & {
  clock: () => number;
  judge: Judge;
  connections: WeakMap<TLSSocket, Connection>;
};

/** The verdict on a connection that was made: what is remembered of it, or undefined for one that has to end. */
export function judgeConnection(
  socket: TLSSocket,
  raw: Socket,
  deps: MtlsServerOptions & { judge: Judge; progress: Progress; failed: FailedHandshakes },
): Connection | undefined {
  const refuse = (reason: string, detail: string, id?: SpiffeId): undefined => {
    const isOwn = isSelfTest(socket, reason);
    if (!isOwn) meter.count("spike_peers_refused_total", { reason });
    // Who has a good SVID and comes to the wrong place has cost nothing that is limited.
    const isStranger = !isOwn && reason !== "wrong-role" && reason !== "no-identity";
    if (isStranger && !deps.failed.note(socket.remoteAddress)) return undefined;
    const level = isOwn ? "debug" : "warn";
    deps.log[level]("peer_refused", { reason, detail, peer: id ?? null, remote: remoteOf(socket) });
  };
  const chain = peerChain(socket);
  if (chain.length === 0) {
    deps.progress.strangers++;
    return refuse("no-certificate", "The client sent no certificate");
  }
  let verdict: PeerVerdict;
  try {
    verdict = deps.judge(chain, deps.failed.limitsFor(socket.remoteAddress));
  } catch (error) {
    return refuse("no-identity", error instanceof Error ? error.message : "unknown");
  }
  if (!verdict.ok) return refuse(verdict.reason, verdict.message, verdict.id);
  // The runtime refuses every chain with name constraints for URIs, whether they hold or not.
  if (!socket.authorized && !verdict.hasNameConstraints) {
    return refuse("runtime-refused", String(socket.authorizationError ?? "unknown"), verdict.id);
  }
  if (!deps.admit(verdict.id)) {
    return refuse("wrong-role", "This identity may not connect here", verdict.id);
  }
  const generation = deps.source.current().generation;
  const atFirst = { requestsUnderWay: 0, latest: undefined, receivedBytes: 0, isClosing: false };
  return { raw, chain, verdict, generation, ...atFirst };
}

/** What a listener has seen. */
export interface Progress {
  /** Connections without a certificate. */
  strangers: number;
}

/**
 * Whether a refusal is that of a self-test of this machine: no news for an operator. Listeners that share a port
 * meet each other's, so it is told by its name.
 */
function isSelfTest(socket: TLSSocket, reason: string): boolean {
  const { servername, remoteAddress = "" } = socket as TLSSocket & { servername?: unknown };
  return reason === "no-certificate" && servername === SELF_TEST_NAME &&
    /^(127\.|::1$|::ffff:127\.)/.test(remoteAddress);
}

/**
 * Ends a connection on which too much comes that is neither head nor body, such as line ends between requests or
 * extensions of chunks.
 */
export function limitWrapping(
  socket: TLSSocket,
  connection: Connection,
  maxBodyBytes: number,
): void {
  const mostBytes = 2 * maxBodyBytes + 1024 * 1024;
  socket.on("data", (chunk: Uint8Array) => {
    connection.receivedBytes += chunk.length;
    if (connection.receivedBytes > mostBytes) socket.destroy();
  });
}

/** Address and port of the other end, for logs. */
export function remoteOf(socket: Socket): string {
  return `${socket.remoteAddress ?? "unknown"}:${socket.remotePort ?? 0}`;
}

/** Both ends: what a connection and its TLS have in common. */
export function endsOf(socket: Socket): string {
  return `${remoteOf(socket)} ${socket.localAddress}`;
}

/**
 * Judges a kept-alive connection again when time or trust has moved on. "close" asks the client to make a
 * new connection after this answer: in the last quarter of the peer's SVID, or after any change of bundles.
 */
export function recheck(connection: Connection, deps: JudgeDeps): "keep" | "close" | "refused" {
  const refuse = (reason: string, detail: string): "refused" => {
    meter.count("spike_peers_refused_total", { reason });
    deps.log.warn("peer_refused", { reason, detail, peer: connection.verdict.id });
    return "refused";
  };
  let verdict: PeerVerdict;
  try {
    verdict = deps.judge(connection.chain);
  } catch (error) {
    return refuse("no-identity", String(error));
  }
  if (!verdict.ok) return refuse(verdict.reason, verdict.message);
  connection.verdict = verdict;
  if (deps.source.current().generation !== connection.generation) return "close";
  const left = verdict.leafNotAfterMs - deps.clock();
  return left * 4 < verdict.leafNotAfterMs - verdict.leafNotBeforeMs ? "close" : "keep";
}

/** Connections that are judged in one go: 16 ms when each has a chain of its own. */
const JUDGED_AT_ONCE = 32;

/**
 * Judges every open connection again after a change of trust: one that does not hold any more ends at once when it
 * is idle, and after the answers under way otherwise. Nothing hangs on this, for each request is judged anyway; it
 * lets no connection lie about under an authority that is gone.
 */
export async function endDistrusted(
  sockets: ReadonlySet<TLSSocket>,
  deps: JudgeDeps,
): Promise<void> {
  for (const [i, socket] of [...sockets].entries()) {
    if (i % JUDGED_AT_ONCE === JUDGED_AT_ONCE - 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    const connection = deps.connections.get(socket);
    if (!connection || connection.isClosing || socket.destroyed) continue;
    if (recheck(connection, deps) !== "refused") continue;
    connection.isClosing = true;
    if (connection.requestsUnderWay === 0) socket.destroy();
  }
}
