import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { getRequestListener, RequestError } from "@hono/node-server";
import { SpikeError } from "../error/error.ts";
import type { SpiffeId } from "../spiffe/mod.ts";
import { BodyBudget, BoundedBody } from "./body.ts";
import { type Connection, type JudgeDeps, recheck } from "./connection.ts";
import type { Crowd } from "./crowd.ts";
import { FairTurns, overloadedResponse, type Visit } from "./fair_turns.ts";
import type { Holds } from "./holds.ts";
import { dropInput, endAfterAnswer, endWith } from "./linger.ts";
import { headFault, lastResponse, MALFORMED } from "./malformed.ts";
import { endingWith, holdAnswer, refuseRest } from "./outgoing.ts";
import {
  MAX_BODY_BYTES,
  type MtlsServerOptions,
  type RequestContext,
  tellRefusal,
} from "./server_options.ts";
import type { StreamedBody } from "./streamed_body.ts";
import { Streams } from "./streams.ts";
import { whenOver } from "./when_over.ts";

/** How often it is looked whether the peer of a stream still holds. */
const RECHECK_MS = 5_000;

/** How many requests one connection may have in the pipe. Our clients and the original's send one at a time. */
export const PIPELINE_LIMIT = 8;

const REQUESTS_PER_IDENTITY = 512;
const OVERLOAD_LOG_MS = 10_000;

/** What the handler of one listener works with. */
export type RequestDeps = JudgeDeps & {
  sockets: ReadonlySet<TLSSocket>;
  crowd: Crowd<TLSSocket>;
  /** Whose request is begun next. */
  turns: FairTurns;
  /** The connections that are not read from meanwhile. */
  holds: Holds;
  /** What is held of answers that are on their way. */
  answers: BodyBudget;
};

/** The turns of one listener. */
export function createTurns(options: MtlsServerOptions): FairTurns {
  return new FairTurns({ perIdentity: options.requestsPerIdentity ?? REQUESTS_PER_IDENTITY });
}

interface Exchange {
  readonly context: { -readonly [K in keyof RequestContext]: RequestContext[K] };
  stream?: StreamedBody;
  /** What makes it no request. */
  readonly fault: string | undefined;
  /** The caller has too much under way. */
  isRefused: boolean;
  /** A handler has it, and records it. */
  isHandled: boolean;
  /** Whether the answer says that it is the connection's last. */
  mustClose: boolean;
  /** Of an answer that is on its way. */
  answerBytes: number;
}

/** What the requests of one listener share. */
interface Shared {
  readonly deps: RequestDeps;
  readonly budget: BodyBudget;
  readonly streams: Streams;
  readonly exchanges: WeakMap<IncomingMessage, Exchange>;
}

/** A request that its connection may make. */
interface Arrival {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly socket: TLSSocket;
  readonly connection: Connection;
  /** Undefined when its identity has too much under way. */
  readonly visit: Visit | undefined;
}

/** What becomes of each request: its turn, its body, its answer, and what they do to its connection. */
export function createRequestHandler(deps: RequestDeps) {
  const shared: Shared = {
    deps,
    budget: new BodyBudget(deps.maxHeldBytes ?? 64 * 1024 * 1024),
    streams: new Streams(deps.streams),
    exchanges: new WeakMap(),
  };
  const overload = createOverloadLog(deps);
  const listener = createListener(shared);
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
    const visit = deps.turns.arrive(id);
    if (visit) whenOver(outgoing, socket, visit.leave);
    else {
      overload(id);
      // A refusal costs little, and a caller that asks again at once would get thousands a second.
      deps.holds.consider(id, connection.raw);
    }
    begin({ incoming, outgoing, socket, connection, visit }, mustClose === "close", shared);
    void listener(incoming, outgoing);
  };
}

function createListener({ deps, exchanges }: Shared) {
  return getRequestListener(
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
}

/** Makes the exchange of a request, with its body, its time and what is done at its end. */
function begin(arrival: Arrival, mustClose: boolean, { deps, budget, streams, exchanges }: Shared) {
  const { incoming, socket, connection } = arrival;
  // Whom the client meant to reach was settled by the handshake; its word for us is checked and has no meaning.
  const fault = headFault(incoming);
  incoming.headers.host = "localhost";
  const stream = streams.isOne(incoming)
    ? streams.begin(incoming, () => connection.receivedBytes = 0)
    : undefined;
  // Before the body, which may overflow by what its head says.
  const exchange: Exchange = {
    context: {
      peer: connection.verdict,
      hasLeft: () => socket.destroyed,
      readBody: (limit) => readBody(limit),
    },
    fault,
    // Too much of the identity, or too many streams.
    isRefused: arrival.visit === undefined || (!stream && streams.isOne(incoming)),
    isHandled: false,
    mustClose,
    answerBytes: 0,
  };
  const body = stream ?? new BoundedBody(incoming, {
    ceilingBytes: deps.maxBodyBytes ?? MAX_BODY_BYTES,
    budget,
    onOverflow: () => {
      exchange.mustClose = true;
      endAfterAnswer(socket);
    },
    onFlood: () => endWith("", socket),
  });
  const readBody = bodyInTurn(body, arrival, deps);
  if (stream) {
    exchange.stream = stream;
    exchange.context.streamBody = () => stream;
  }
  exchanges.set(incoming, exchange);
  attend(arrival, stream !== undefined, deps, () => {
    tellUnhandled(exchange, arrival, deps);
    if (stream) streams.ended();
    body.release();
    deps.answers.give(exchange.answerBytes);
  });
}

/** Reports a request that was answered without a handler, which would have recorded it. */
function tellUnhandled(exchange: Exchange, { outgoing, connection }: Arrival, deps: RequestDeps) {
  if (exchange.isHandled || !outgoing.headersSent) return;
  const fault = exchange.fault ?? (exchange.isRefused ? "overloaded" : "request");
  tellRefusal(deps, { peer: connection.verdict, status: outgoing.statusCode, fault });
}

/** Reads a body, and resolves with it when it is the request's turn. */
function bodyInTurn(
  body: StreamedBody | BoundedBody,
  { visit, connection }: Arrival,
  { holds }: RequestDeps,
): RequestContext["readBody"] {
  return async (limit) => {
    const bytes = await body.read(limit);
    // Only now, so that a slow body keeps nobody waiting.
    const turn = visit?.turn();
    holds.consider(connection.verdict.id, connection.raw);
    if (turn && !await turn) throw leftWaiting();
    return bytes;
  };
}

/** Counts a request as under way and watches it until it is over. */
function attend(arrival: Arrival, isStream: boolean, deps: RequestDeps, onEnd: () => void): void {
  const { incoming, outgoing, socket, connection } = arrival;
  const { id } = connection.verdict;
  const watch = isStream
    ? setInterval(() => recheck(connection, deps) === "refused" && socket.destroy(), RECHECK_MS)
    : setTimeout(() => {
      if (incoming.complete || !socket.writable) return;
      deps.log.warn("malformed_request", { code: "too-slow", peer: connection.verdict.id });
      endWith(MALFORMED, socket);
    }, deps.requestTimeoutMs ?? 30_000);
  connection.requestsUnderWay++;
  deps.crowd.touch(id, socket);
  whenOver(outgoing, socket, () => {
    connection.requestsUnderWay--;
    if (socket.destroyed) deps.holds.forget(id, connection.raw);
    deps.holds.proceed(id);
    clearTimeout(watch);
    onEnd();
    if (connection.isClosing && connection.requestsUnderWay === 0) socket.destroy();
  });
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
  if (exchange.fault !== undefined) return lastResponse(400);
  if (exchange.isRefused) return overloadedResponse();
  exchange.isHandled = true;
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
