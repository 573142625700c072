import { createServer, type Server } from "node:https";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { pemEncode } from "../x509/mod.ts";
import { type SvidSource } from "../spiffe/mod.ts";
import { type Logger, meter } from "../telemetry/mod.ts";
import { BodyBudget } from "./body.ts";
import {
  type Connection,
  endDistrusted,
  endsOf,
  judgeConnection,
  limitWrapping,
  type Progress,
  remoteOf,
} from "./connection.ts";
import { Crowd } from "./crowd.ts";
import { FailedHandshakes } from "./failed_handshakes.ts";
import { createJudge } from "./judge.ts";
import { endWith } from "./linger.ts";
import { Front } from "./front.ts";
import { Holds } from "./holds.ts";
import { listen } from "./listen.ts";
import { MALFORMED } from "./malformed.ts";
import { linkOf } from "./peer_log.ts";
import { createRequestHandler, createTurns, PIPELINE_LIMIT } from "./request_handler.ts";
import {
  MAX_BODY_BYTES,
  type MtlsServer,
  type MtlsServerOptions,
  tellRefusal,
} from "./server_options.ts";
import { UNREAD_LIMITS, watchUnread } from "./unread.ts";

const CONNECTIONS_PER_IDENTITY = 1024;
/** Connections of one listener, unless it is told how many its process has descriptors for. */
const MOST_CONNECTIONS = 65_536;

/**
 * An HTTPS server that knows its callers by SPIFFE ID. Whatever the runtime thinks of a certificate, the
 * received chain is judged here, on every connection (resumed ones too), before a request byte is parsed,
 * and again at each request whose bundle or time has moved on (SPIFFE X509-SVID section 5).
 *
 * Life: made → `listen` (self-test) → serving, with the certificate swapped at every rotation → `close`.
 */
export function createMtlsServer(options: MtlsServerOptions): MtlsServer {
  const { source, log } = options;
  const parts = createParts(options);
  const { sockets, connections, progress, crowd } = parts;
  const server = createHttpsServer(options);
  const front = createFront(server, parts);
  // The front listens for it; a server that does not listen ends each connection after one answer.
  Object.defineProperty(server, "listening", { get: () => !front.isClosed });
  const stopWatching = source.subscribe(() => {
    swapContext(server, source, log);
    void endDistrusted(sockets, parts);
  });
  meter.collect(() => meter.set("spike_connections_open", {}, sockets.size));
  const sweep = watchUnread(sockets);
  const sweeping = setInterval(() => sweep(performance.now()), 1_000);
  server.on("secureConnection", (socket: TLSSocket) => welcome(socket, front, parts));
  server.on("tlsClientError", (error, socket) => noteFailure(error, socket, parts));
  server.on(
    "clientError",
    (error: Error & { code?: string }, socket: TLSSocket) => noteMalformed(error, socket, parts),
  );
  const answers = new BodyBudget(UNREAD_LIMITS.limitBytes);
  const onRequest = createRequestHandler({ ...parts, crowd, answers });
  server.on("request", onRequest);
  // An expectation that is not met is refused with everything else that makes no request.
  server.on("checkExpectation", onRequest);
  server.on(
    "connect",
    (_incoming: IncomingMessage, socket: TLSSocket) => {
      const peer = connections.get(socket)?.verdict;
      if (peer) tellRefusal(options, { peer, status: 400, fault: "connect" });
      endWith(MALFORMED, socket);
    },
  );

  return {
    isAccepting: () => front.isAccepting,
    listen: async (address) => {
      // What looks at the time that heads take begins with this.
      server.emit("listening");
      return await listen(front, address, () => progress.strangers > 0);
    },
    close: (drainMs = 0) => {
      stopWatching();
      clearInterval(sweeping);
      server.close();
      return close(front, sockets, connections, drainMs);
    },
  };
}

/** What the connections of one listener share. */
type Parts = ReturnType<typeof createParts>;

function createParts(options: MtlsServerOptions) {
  const clock = options.clock ?? Date.now;
  const connections = new WeakMap<TLSSocket, Connection>();
  const progress: Progress = { strangers: 0 };
  const turns = createTurns(options);
  return {
    ...options,
    clock,
    judge: createJudge(options.source, clock),
    connections,
    sockets: new Set<TLSSocket>(),
    progress,
    failed: new FailedHandshakes(options.log, clock),
    crowd: new Crowd<TLSSocket>(
      options.connectionsPerIdentity ?? CONNECTIONS_PER_IDENTITY,
      (socket) => connections.get(socket)?.requestsUnderWay === 0,
    ),
    turns,
    holds: new Holds((identity) => turns.room(identity)),
    /** Connections whose handshake is not over, by their ends. */
    handshakes: new Map<string, Socket>(),
    /** Connections that ended without a byte; the error of their handshake follows, without their address. */
    silent: 0,
  };
}

function createHttpsServer({ source, headersTimeoutMs, keepAliveTimeoutMs }: MtlsServerOptions) {
  const server = createServer({
    ...secureContext(source),
    requestCert: true,
    // The handshake of a stranger is let through so that its refusal can be named in the log; `welcome`
    // ends it before a byte of HTTP is parsed, and demands the runtime's verdict on top of our own.
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    handshakeTimeout: 10_000,
    maxHeaderSize: 16 * 1024,
    // Judged with the rest of the head, so that the answer is ours.
    requireHostHeader: false,
    allowHalfOpen: true,
    headersTimeout: headersTimeoutMs ?? 10_000,
    // A stream may take as long as it takes: bodies are timed where they are read.
    requestTimeout: 0,
    keepAliveTimeout: keepAliveTimeoutMs ?? 30_000,
    connectionsCheckingInterval: 1_000,
  });
  // A client that has said all it has to say still gets its answers.
  return Object.assign(server, { httpAllowHalfOpen: true });
}

function createFront(server: Server, parts: Parts): Front {
  return new Front({
    most: parts.maxConnections ?? MOST_CONNECTIONS,
    log: parts.log,
    makeRoom: () => parts.crowd.makeRoom(),
    onConnection: (socket) => {
      const ends = endsOf(socket);
      parts.handshakes.set(ends, socket);
      socket.once("close", () => {
        if (parts.handshakes.delete(ends) && socket.bytesRead === 0) parts.silent++;
      });
      server.emit("connection", socket);
    },
  });
}

/** A handshake is over: the connection is judged, counted and remembered, or ended. */
function welcome(socket: TLSSocket, front: Front, parts: Parts): void {
  const ends = endsOf(socket);
  const raw = parts.handshakes.get(ends);
  parts.handshakes.delete(ends);
  if (!raw) return void socket.destroy();
  front.know(raw);
  parts.sockets.add(socket);
  socket.once("close", () => parts.sockets.delete(socket));
  const connection = judgeConnection(socket, raw, parts);
  if (!connection) return void socket.destroy();
  const { id } = connection.verdict;
  const { crowd, holds } = parts;
  if (!crowd.join(id, socket)) {
    parts.log.warn("identity_crowded", { peer: id, connections: crowd.limit });
    return void socket.destroy();
  }
  // Each request in the pipe adds two.
  socket.setMaxListeners(10 + 2 * PIPELINE_LIMIT);
  socket.once("close", () => {
    crowd.leave(id, socket);
    holds.forget(id, raw);
  });
  parts.connections.set(socket, connection);
  parts.onPeer?.(linkOf(socket, id, "accepted"));
  limitWrapping(socket, connection, parts.maxBodyBytes ?? MAX_BODY_BYTES);
  socket.once("end", () => {
    if (connection.latest?.complete === false) socket.destroy();
  });
}

function noteFailure(
  error: Error & { code?: string },
  socket: TLSSocket | undefined,
  parts: Parts,
): void {
  const { code = "unknown", message: detail } = error;
  // A connection that ended without a byte is not a handshake: listeners probe themselves so, and so do others.
  if (code === "ECONNRESET" && parts.silent > 0) {
    parts.silent--;
    return void socket?.destroy();
  }
  // So does the probe of a thread that shares the port, where only the time limit ends it.
  if (detail === "TLS handshake timeout" && endSilent(parts.handshakes)) {
    return void socket?.destroy();
  }
  meter.count("spike_peers_refused_total", { reason: "tls" });
  if (parts.failed.note(socket?.remoteAddress)) {
    parts.log.warn("tls_handshake_failed", {
      code,
      detail,
      remote: socket ? remoteOf(socket) : null,
    });
  }
  socket?.destroy();
}

/** Ends the oldest connection that has not sent a byte; false when there is none. */
function endSilent(handshakes: Map<string, Socket>): boolean {
  for (const [ends, raw] of handshakes) {
    if (raw.bytesRead > 0) continue;
    handshakes.delete(ends);
    raw.destroy();
    return true;
  }
  return false;
}

function noteMalformed(error: Error & { code?: string }, socket: TLSSocket, parts: Parts): void {
  const connection = parts.connections.get(socket);
  if (!connection || !socket.writable) return void socket.destroy();
  const code = error.code ?? "unknown";
  // Nothing was asked, so nothing is answered: a request that crosses would take it for its own.
  if (code === "ERR_HTTP_REQUEST_TIMEOUT" && connection.receivedBytes === 0) {
    return void socket.destroy();
  }
  const { verdict: peer } = connection;
  tellRefusal(parts, { peer, status: 400, fault: code, remote: remoteOf(socket) });
  endWith(MALFORMED, socket);
}

/** PEM of the newest SVID, and the union of all bundles as the runtime's own first gate. */
function secureContext(source: SvidSource): { cert: string; key: string; ca: string[] } {
  const { svid, bundles } = source.current();
  return {
    cert: svid.certificates.map((der) => pemEncode("CERTIFICATE", der)).join(""),
    key: pemEncode("PRIVATE KEY", svid.privateKey),
    ca: [...bundles.values()].flat().map((der) => pemEncode("CERTIFICATE", der)),
  };
}

function swapContext(server: Server, source: SvidSource, log: Logger): void {
  try {
    server.setSecureContext(secureContext(source));
  } catch (error) {
    // Withdrawn: open handshakes fail in `judge`, which asks the same source.
    log.warn("identity_unavailable", {
      detail: error instanceof Error ? error.message : "unknown",
    });
  }
}

/** Ends idle connections now, busy ones after their answer, and all of them when `drainMs` have passed. */
async function close(
  front: Front,
  sockets: ReadonlySet<TLSSocket>,
  connections: WeakMap<TLSSocket, Connection>,
  drainMs: number,
): Promise<void> {
  const isBusy = (socket: TLSSocket) => (connections.get(socket)?.requestsUnderWay ?? 0) > 0;
  const timer = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, drainMs);
  const ended = front.close();
  for (const socket of sockets) {
    const connection = connections.get(socket);
    if (isBusy(socket) && connection) connection.isClosing = true;
    else socket.destroy();
  }
  await ended;
  clearTimeout(timer);
}
