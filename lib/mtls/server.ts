import { createServer, type Server } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { getRequestListener, RequestError } from "@hono/node-server";
import { SpikeError } from "../api/error.ts";
import type { PeerVerdict, SpiffeId, SvidSource } from "../spiffe/mod.ts";
import { pemEncode } from "../spiffe/mod.ts";
import { type Logger, meter } from "../telemetry/mod.ts";
import { BodyBudget, BoundedBody } from "./body.ts";
import { SELF_TEST_NAME } from "./stranger_check.ts";
import { Crowd } from "./crowd.ts";
import { FairTurns, overloadedResponse } from "./fair_turns.ts";
import type { StreamedBody } from "./streamed_body.ts";
import { type StreamOptions, Streams } from "./streams.ts";
import { UNREAD_LIMITS, watchUnread } from "./unread.ts";
import { createJudge, type Judge } from "./judge.ts";
import { peerChain } from "./chain.ts";
import { stopReading } from "./flow.ts";
import { type Address, listen } from "./listen.ts";
import { dropInput, endAfterAnswer, endWith } from "./linger.ts";
import { linkOf, type PeerLink } from "./peer_log.ts";
import { headFault, lastResponse, MALFORMED } from "./malformed.ts";

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
  /**
   * The body as it comes, of a request that may be a stream. Its answer may be one too, and may begin before the body
   * has ended; it is trusted to hold little at a time.
   */
  streamBody?(): AsyncIterable<Uint8Array>;
}

/** Handlers get the verdict on the connection, never a header, to know who calls. */
export type Fetch = (request: Request, context: RequestContext) => Response | Promise<Response>;

export interface MtlsServerOptions {
  readonly source: SvidSource;
  /** Who may connect at all; the connection of anyone else ends before a request is parsed. */
  readonly admit: (id: SpiffeId) => boolean;
  readonly fetch: Fetch;
  readonly log: Logger;
  /** Hears of every connection with a verified peer. */
  readonly onPeer?: (link: PeerLink) => void;
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
  /** Which bodies are not held but handed on as they come. Default: none. */
  readonly streams?: StreamOptions;
}

export interface MtlsServer {
  /** Resolves with the port once the self-test has passed. */
  listen(address: Address): Promise<number>;
  /** Stops accepting, lets running requests finish for `drainMs`, then ends every connection. */
  close(drainMs?: number): Promise<void>;
}

/** What is remembered of a connection. */
interface Connection {
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

/** How often it is looked whether the peer of a stream still holds. */
const RECHECK_MS = 5_000;

/** How many requests one connection may have in the pipe. Our clients and the original's send one at a time. */
const PIPELINE_LIMIT = 8;

const REQUESTS_PER_IDENTITY = 512;
const OVERLOAD_LOG_MS = 10_000;
const CONNECTIONS_PER_IDENTITY = 1024;

/** No body longer than this is ever kept unless it is asked for. */
const MAX_BODY_BYTES = 1024 * 1024;

/**
 * An HTTPS server that knows its callers by SPIFFE ID. Whatever the runtime thinks of a certificate, the
 * received chain is judged here, on every connection (resumed ones too), before a request byte is parsed,
 * and again at each request whose bundle or time has moved on (SPIFFE X509-SVID section 5).
 *
 * Life: made → `listen` (self-test) → serving, with the certificate swapped at every rotation → `close`.
 */
export function createMtlsServer(options: MtlsServerOptions): MtlsServer {
  const { source, log } = options;
  const clock = options.clock ?? Date.now;
  const judge = createJudge(source, clock);
  const connections = new WeakMap<TLSSocket, Connection>();
  const sockets = new Set<TLSSocket>();
  const progress: Progress = { strangers: 0 };
  const crowd = new Crowd<TLSSocket>(
    options.connectionsPerIdentity ?? CONNECTIONS_PER_IDENTITY,
    (socket) => connections.get(socket)?.requestsUnderWay === 0,
  );
  const server = createServer({
    ...secureContext(source),
    requestCert: true,
    // The handshake of a stranger is let through so that its refusal can be named in the log; `onConnection`
    // ends it before a byte of HTTP is parsed, and demands the runtime's verdict on top of our own.
    rejectUnauthorized: false,
    minVersion: "TLSv1.2",
    handshakeTimeout: 10_000,
    maxHeaderSize: 16 * 1024,
    // Judged with the rest of the head, so that the answer is ours.
    requireHostHeader: false,
    allowHalfOpen: true,
    headersTimeout: options.headersTimeoutMs ?? 10_000,
    // A stream may take as long as it takes: bodies are timed where they are read.
    requestTimeout: 0,
    keepAliveTimeout: options.keepAliveTimeoutMs ?? 30_000,
    connectionsCheckingInterval: 1_000,
  });
  // A client that has said all it has to say still gets its answers.
  Object.assign(server, { httpAllowHalfOpen: true });
  const stopWatching = source.subscribe(() => {
    swapContext(server, source, log);
    void endDistrusted(sockets, { ...options, clock, judge, connections });
  });
  meter.collect(() => meter.set("spike_connections_open", {}, sockets.size));

  const sweep = watchUnread(sockets);
  const sweeping = setInterval(() => sweep(performance.now()), 1_000);
  const handshakes = new Map<string, Socket>();
  server.on("connection", (socket: Socket) => {
    const remote = remoteOf(socket);
    handshakes.set(remote, socket);
    socket.once("close", () => handshakes.delete(remote));
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    handshakes.delete(remoteOf(socket));
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    const connection = judgeConnection(socket, { ...options, judge, progress });
    if (!connection) return void socket.destroy();
    const { id } = connection.verdict;
    if (!crowd.join(id, socket)) {
      log.warn("identity_crowded", { peer: id, connections: crowd.limit });
      return void socket.destroy();
    }
    socket.once("close", () => crowd.leave(id, socket));
    connections.set(socket, connection);
    const link = linkOf(socket, connection.verdict.id, "accepted");
    options.onPeer?.(link);
    limitWrapping(socket, connection, options.maxBodyBytes ?? MAX_BODY_BYTES);
    socket.once("end", () => {
      if (connection.latest?.complete === false) socket.destroy();
    });
  });
  server.on("tlsClientError", (error: Error & { code?: string }, socket?: TLSSocket) => {
    const { code = "unknown", message: detail } = error;
    meter.count("spike_peers_refused_total", { reason: "tls" });
    log.warn("tls_handshake_failed", { code, detail, remote: socket ? remoteOf(socket) : null });
    socket?.destroy();
  });
  server.on("clientError", (error: Error & { code?: string }, socket: TLSSocket) => {
    const connection = connections.get(socket);
    if (!connection || !socket.writable) return void socket.destroy();
    const code = error.code ?? "unknown";
    // Nothing was asked, so nothing is answered: a request that crosses would take it for its own.
    if (code === "ERR_HTTP_REQUEST_TIMEOUT" && connection.receivedBytes === 0) {
      return void socket.destroy();
    }
    log.warn("malformed_request", { code, peer: connection.verdict.id, remote: remoteOf(socket) });
    endWith(MALFORMED, socket);
  });
  const onRequest = createRequestHandler({
    ...options,
    clock,
    judge,
    connections,
    sockets,
    crowd,
    answers: new BodyBudget(UNREAD_LIMITS.limitBytes),
  });
  server.on("request", onRequest);
  // An expectation that is not met is refused with everything else that makes no request.
  server.on("checkExpectation", onRequest);
  server.on(
    "connect",
    (_incoming: IncomingMessage, socket: TLSSocket) => endWith(MALFORMED, socket),
  );

  return {
    listen: (address) => listen(server, address, () => progress.strangers > 0),
    close: (drainMs = 0) => {
      stopWatching();
      clearInterval(sweeping);
      for (const socket of handshakes.values()) socket.destroy();
      return close(server, sockets, connections, drainMs);
    },
  };
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

function judgeConnection(
  socket: TLSSocket,
  deps: MtlsServerOptions & { judge: Judge; progress: Progress },
): Connection | undefined {
  const refuse = (reason: string, detail: string, id?: SpiffeId): undefined => {
    const isOwn = isSelfTest(socket, reason);
    if (!isOwn) meter.count("spike_peers_refused_total", { reason });
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
    verdict = deps.judge(chain);
  } catch (error) {
    return refuse("no-identity", error instanceof Error ? error.message : "unknown");
  }
  if (!verdict.ok) return refuse(verdict.reason, verdict.message, verdict.id);
  if (!socket.authorized) {
    return refuse("runtime-refused", String(socket.authorizationError ?? "unknown"), verdict.id);
  }
  if (!deps.admit(verdict.id)) {
    return refuse("wrong-role", "This identity may not connect here", verdict.id);
  }
  const generation = deps.source.current().generation;
  const atFirst = { requestsUnderWay: 0, latest: undefined, receivedBytes: 0, isClosing: false };
  return { chain, verdict, generation, ...atFirst };
}

/** What a listener has seen. */
interface Progress {
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
function limitWrapping(socket: TLSSocket, connection: Connection, maxBodyBytes: number): void {
  const mostBytes = 2 * maxBodyBytes + 1024 * 1024;
  socket.on("data", (chunk: Uint8Array) => {
    connection.receivedBytes += chunk.length;
    if (connection.receivedBytes > mostBytes) socket.destroy();
  });
}

function remoteOf(socket: Socket): string {
  return `${socket.remoteAddress ?? "unknown"}:${socket.remotePort ?? 0}`;
}

type JudgeDeps = MtlsServerOptions & {
  clock: () => number;
  judge: Judge;
  connections: WeakMap<TLSSocket, Connection>;
};

type RequestDeps = JudgeDeps & {
  sockets: ReadonlySet<TLSSocket>;
  crowd: Crowd<TLSSocket>;
  /** What is held of answers that are on their way. */
  answers: BodyBudget;
};

interface Exchange {
  readonly context: { -readonly [K in keyof RequestContext]: RequestContext[K] };
  stream?: StreamedBody;
  /** What makes it no request. */
  readonly fault: string | undefined;
  /** The caller has too much under way. */
  isRefused: boolean;
  /** Whether the answer says that it is the connection's last. */
  mustClose: boolean;
  /** Of an answer that is on its way. */
  answerBytes: number;
}

function createRequestHandler(deps: RequestDeps) {
  const budget = new BodyBudget(deps.maxHeldBytes ?? 64 * 1024 * 1024);
  const streams = new Streams(deps.streams);
  const exchanges = new WeakMap<IncomingMessage, Exchange>();
  const turns = new FairTurns({ perIdentity: deps.requestsPerIdentity ?? REQUESTS_PER_IDENTITY });
  const overload = createOverloadLog(deps);
  const listener = getRequestListener(
    (request, env) => respond(request, env.incoming as IncomingMessage, deps, exchanges),
    {
      overrideGlobalObjects: false,
      autoCleanupIncoming: false,
      errorHandler: (error) => {
        if (error instanceof RequestError) return lastResponse(400);
        deps.log.error("request_crashed", { detail: String(error) });
        return lastResponse(500);
      },
    },
  );
  return (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const socket = incoming.socket as TLSSocket;
    const connection = deps.connections.get(socket);
    if (!connection) return void socket.destroy();
    if (connection.isClosing || connection.requestsUnderWay === PIPELINE_LIMIT) {
      // Those under way have come as a whole by now, and are answered.
      connection.isClosing = true;
      return dropInput(socket);
    }
    connection.receivedBytes = 0;
    connection.latest = incoming;
    const mustClose = recheck(connection, deps);
    if (mustClose === "refused") return void socket.destroy();
    const { id } = connection.verdict;
    const visit = turns.arrive(id);
    if (visit) outgoing.once("close", visit.leave);
    else overload(id);
    const exchange: Exchange = {
      context: {
        peer: connection.verdict,
        readBody: async (limit) => {
          const bytes = await body.read(limit);
          // Only now, so that a slow body keeps nobody waiting.
          if (visit && !await visit.turn()) throw leftWaiting();
          return bytes;
        },
      },
      fault: headFault(incoming),
      isRefused: visit === undefined,
      mustClose: mustClose === "close",
      answerBytes: 0,
    };
    // Whom the client meant to reach was settled by the handshake; its word for us is checked and has no meaning.
    incoming.headers.host = "localhost";
    const stream = streams.isOne(incoming)
      ? streams.begin(incoming, () => connection.receivedBytes = 0)
      : undefined;
    if (stream) {
      exchange.stream = stream;
      exchange.context.streamBody = () => stream;
    } else if (streams.isOne(incoming)) exchange.isRefused = true;
    const body = stream ?? new BoundedBody(incoming, {
      ceilingBytes: deps.maxBodyBytes ?? MAX_BODY_BYTES,
      budget,
      onOverflow: () => {
        exchange.mustClose = true;
        endAfterAnswer(socket);
      },
      onFlood: () => endWith("", socket),
    });
    const watch = stream
      ? setInterval(() => recheck(connection, deps) === "refused" && socket.destroy(), RECHECK_MS)
      : setTimeout(() => {
        if (incoming.complete || !socket.writable) return;
        deps.log.warn("malformed_request", { code: "too-slow", peer: connection.verdict.id });
        endWith(MALFORMED, socket);
      }, deps.requestTimeoutMs ?? 30_000);
    connection.requestsUnderWay++;
    deps.crowd.touch(connection.verdict.id, socket);
    outgoing.once("close", () => {
      connection.requestsUnderWay--;
      clearTimeout(watch);
      if (stream) streams.ended();
      body.release();
      deps.answers.give(exchange.answerBytes);
      if (connection.isClosing && connection.requestsUnderWay === 0) socket.destroy();
    });
    exchanges.set(incoming, exchange);
    void listener(incoming, outgoing);
  };
}

function leftWaiting(): SpikeError {
  return new SpikeError("api_bad_request", "The caller left before it was its turn");
}

/** Tells of an identity with too much under way, once in a while: a flood is no reason to flood the log. */
function createOverloadLog({ log, clock }: RequestDeps): (id: SpiffeId) => void {
  let nextMs = 0;
  let count = 0;
  return (id) => {
    count++;
    if (clock() < nextMs) return;
    log.warn("identity_overloaded", { peer: id, refusals: count });
    nextMs = clock() + OVERLOAD_LOG_MS;
    count = 0;
  };
}

async function respond(
  request: Request,
  incoming: IncomingMessage,
  deps: RequestDeps,
  exchanges: WeakMap<IncomingMessage, Exchange>,
): Promise<Response> {
  const exchange = exchanges.get(incoming);
  if (!exchange) {
    throw new Error("A request reached the handler without a verdict on its connection");
  }
  if (exchange.fault !== undefined) {
    deps.log.warn("malformed_request", { code: exchange.fault });
    return lastResponse(400);
  }
  if (exchange.isRefused) return overloadedResponse();
  const response = await deps.fetch(request, exchange.context);
  if (exchange.stream) {
    // A success is told as it comes about, and holds no more than its connection does.
    if (response.status === 200) return endingWith(response, incoming.socket as TLSSocket);
    refuseRest(exchange.stream, incoming.socket as TLSSocket);
    exchange.mustClose = !exchange.stream.isComplete;
  }
  if (exchange.mustClose) response.headers.set("connection", "close");
  holdAnswer(exchange, Number(response.headers.get("content-length") ?? 0), incoming, deps);
  return response;
}

/**
 * An end that arrives together with what came before it is missed by clients of this runtime (Deno 2.9.6): they would
 * find out only when their patience is over.
 */
const END_DELAY_MS = 50;
/** How long a refused client has to read why. */
const REFUSED_MS = 2_000;

/** Ends the connection, and not the answer, when the answer fails on its way. */
function endingWith(response: Response, socket: TLSSocket): Response {
  const { body } = response;
  if (!body) return response;
  const pieces = async function* () {
    try {
      yield* body;
    } catch {
      // Whoever made the answer has told of it.
      await new Promise((resolve) => setTimeout(resolve, END_DELAY_MS));
      socket.destroy();
    }
  };
  return new Response(ReadableStream.from(pieces()), response);
}

/**
 * What a refused stream still has to say is left where it is: its sender has to wait, and so comes to read why. To take
 * it in order to drop it would take as long as it is; to end the connection over it would reset it, and the reset can
 * overtake the answer.
 */
function refuseRest(stream: StreamedBody, socket: TLSSocket): void {
  if (!stream.isComplete) {
    stopReading(socket);
    // What the runtime calls after the last answer of a connection: the client is to be the first to end it.
    socket.destroySoon = () => {};
    const timer = setTimeout(() => socket.destroy(), REFUSED_MS);
    socket.once("close", () => clearTimeout(timer));
  }
  stream.release();
}

/**
 * Counts an answer until it is handed on, and ends the connection instead when too much waits already: those that
 * ask for more than they read are the ones to go.
 */
function holdAnswer(
  exchange: Exchange,
  bytes: number,
  { socket }: IncomingMessage,
  { answers, sockets }: RequestDeps,
): void {
  // Small answers do not fill memory and are not worth a look at every connection.
  if (bytes < 65_536) return;
  let unread = 0;
  for (const each of sockets) unread += each.writableLength;
  const fits = unread + answers.heldBytes + bytes <= answers.limitBytes && answers.take(bytes);
  if (fits) exchange.answerBytes = bytes;
  else socket.destroy();
}

/**
 * Judges a kept-alive connection again when time or trust has moved on. "close" asks the client to make a
 * new connection after this answer: in the last quarter of the peer's SVID, or after any change of bundles.
 */
function recheck(connection: Connection, deps: JudgeDeps): "keep" | "close" | "refused" {
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
async function endDistrusted(sockets: ReadonlySet<TLSSocket>, deps: JudgeDeps): Promise<void> {
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

/** Ends idle connections now, busy ones after their answer, and all of them when `drainMs` have passed. */
function close(
  server: Server,
  sockets: ReadonlySet<TLSSocket>,
  connections: WeakMap<TLSSocket, Connection>,
  drainMs: number,
): Promise<void> {
  const isBusy = (socket: TLSSocket) => (connections.get(socket)?.requestsUnderWay ?? 0) > 0;
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, drainMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    for (const socket of sockets) {
      const connection = connections.get(socket);
      if (isBusy(socket) && connection) connection.isClosing = true;
      else socket.destroy();
    }
  });
}
