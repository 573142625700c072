import { Hono } from "hono";
import {
  bounded,
  type Call,
  type Caller,
  type Grant,
  nativeHash,
  type RequestEntry,
  type Subject,
  subjectOf,
  withAnswer,
  withNames,
} from "../audit/mod.ts";
import type { Fetch, Peer } from "../mtls/mod.ts";
import { type Logger, meter } from "../telemetry/mod.ts";
import { denied } from "../access/authorize.ts";
import { type ErrorCode, REASON_HEADER, SpikeError, statusOf } from "../error/error.ts";
import { type Conditions, conditionsOf, entityTag, NotModified, Tagged } from "./reply.ts";
import {
  isRaw,
  isStream,
  rawAnswer,
  rawExtras,
  type RawHandler,
  streamedAnswer,
  streamExtras,
  type StreamHandler,
  textAnswer,
} from "./raw.ts";
import { type Operation, type OperationWith, type RequestOf } from "../api/operation/mod.ts";
import { decodeRequest } from "../api/request.ts";
import { errorBody, RESPONSE_HEADERS } from "../api/response.ts";
import { type Route, ROUTES } from "../api/route.ts";

/**
 * Carries out one operation for a caller who may; answers the JSON value, or one of the kinds in `reply.ts`. What it
 * changes through a port, it changes on behalf of `call`, so that the change is recorded with its origin.
 */
export type Handler<O extends Operation> = (
  request: RequestOf<O>,
  call: Call,
  conditions: Conditions,
) => Promise<unknown>;

/** Every operation of one server. */
export type Handlers<O extends Operation> = { readonly [K in O]: Handler<K> };

/** What an app is made of. */
export interface AppOptions<O extends Operation> {
  /** The server whose operations it serves. */
  readonly server: Route["server"];
  /** One handler for each operation. */
  readonly handlers: Handlers<O>;
  /** For operations whose callers may also send and get plain bytes. */
  readonly rawHandlers?: { readonly [K in O & OperationWith<"bytes">]: RawHandler };
  /** For operations whose callers may also send and get bodies of any length. */
  readonly streamHandlers?: { readonly [K in O & OperationWith<"stream">]: StreamHandler };
  /** Whether a route exists on this server as it is configured. Default: every one does. */
  readonly offers?: (route: Route) => boolean;
  /** Longest body of a route, in bytes. Default: what the route says. */
  readonly bodyLimit?: (route: Route) => number;
  /** Throws `state_not_ready` for a route (or none) that cannot be served yet. */
  readonly assertReady: (route: Route | undefined) => void;
  /**
   * Answers what lets the caller through, or throws `access_unauthorized`; `subject` is the path or
   * the key that the request names, as received.
   */
  readonly authorize: (peer: Peer, route: Route, subject: string) => Grant | Promise<Grant>;
  /**
   * Takes the record of every request before it is answered. Where it rejects, the request fails, whatever it has
   * done: nothing that was not recorded is told. False: it was only counted, and is not to be logged either.
   */
  readonly audit: (entry: RequestEntry) => Promise<void | boolean>;
  /**
   * Who calls, where that is not the peer of the connection but whom it speaks for. Rejects with
   * `access_unauthorized`.
   */
  readonly nameCaller?: (request: Request, peer: Peer) => Promise<Peer>;
  /** Where failures are logged. */
  readonly log: Logger;
}

interface Bindings {
  readonly Bindings: { readonly context: Parameters<Fetch>[1] };
}

/**
 * A server's routes as one function from request to response. The order of checks is always: method, readiness,
 * path and action, body, caller, operation. Whatever fails answers with the zero value of its route and a code.
 */
export function createApp<O extends Operation>(options: AppOptions<O>): Fetch {
  const { server, offers = () => true } = options;
  const routes = ROUTES.filter((route) => route.server === server && offers(route));
  const app = new Hono<Bindings>();
  for (const path of new Set(routes.map((route) => route.path))) {
    const byAction = new Map(
      routes.filter((route) => route.path === path).map((route) => [route.action, route]),
    );
    app.all(path, (c) => {
      const action = new URL(c.req.url).searchParams.get("action") ?? "";
      return serve(c.req.raw, c.env.context, byAction.get(action), options);
    });
  }
  app.all("*", (c) => serve(c.req.raw, c.env.context, undefined, options));
  return (request, context) => app.fetch(request, { context });
}

/** What becomes known of a request on its way. */
interface Progress {
  readonly correlation: string;
  /** Undefined for what is no call of an operation, whatever its path says. */
  readonly operation: Operation | undefined;
  peer: Peer;
  subject: Subject;
  grant?: Grant;
  code?: ErrorCode;
  /** Why it was denied. */
  denial?: string;
}

/** Names the request in the audit log and in the server's log. Nobody has to know of it. */
const CORRELATION_HEADER = "spike-request-id";

async function serve<O extends Operation>(
  request: Request,
  context: Parameters<Fetch>[1],
  route: Route | undefined,
  options: AppOptions<O>,
): Promise<Response> {
  const timeMs = Date.now();
  const startedAt = performance.now();
  const operation = request.method === "POST" ? route?.operation : undefined;
  const { peer } = context;
  const progress: Progress = { correlation: crypto.randomUUID(), operation, peer, subject: {} };
  const conditions = conditionsOf(request.headers, context.hasLeft);
  let response = await respond({ ...options, request, context, route, progress, conditions });
  const { correlation, subject, grant, code, denial } = progress;
  try {
    const isSingle = await options.audit({
      correlation,
      server: options.server,
      caller: callerOf(progress.peer),
      operation: operation ?? null,
      subject,
      ...(grant ? { grant } : {}),
      status: response.status,
      ...(code ? { code } : {}),
      timeMs,
      durationUs: Math.round((performance.now() - startedAt) * 1000),
    });
    if (denial !== undefined && isSingle !== false) {
      const call = { operation: operation ?? null, peer: progress.peer.id, correlation };
      options.log.warn("access_denied", { ...call, detail: bounded(denial) });
    }
  } catch (error) {
    const detail = error instanceof Error ? error.message : "not an error";
    options.log.error("audit_record_failed", { operation: operation ?? null, correlation, detail });
    const failure = { code: "audit_unavailable" } as const;
    response = answer(statusOf(failure.code), errorBody(operation, failure));
  }
  response.headers.set(CORRELATION_HEADER, correlation);
  count(route, response, performance.now() - startedAt);
  return response;
}

function count(route: Route | undefined, { status }: Response, ms: number): void {
  const operation = route?.operation ?? "none";
  meter.observe("spike_request_seconds", { operation }, ms / 1000);
  meter.count("spike_requests_total", { operation, status: String(status) });
}

/** A request, and all that its answer depends on. */
interface Exchange<O extends Operation> extends AppOptions<O> {
  readonly request: Request;
  readonly context: Parameters<Fetch>[1];
  readonly route: Route | undefined;
  readonly progress: Progress;
  readonly conditions: Conditions;
}

/** One whose route is served now. */
interface Admitted<O extends Operation> extends Exchange<O> {
  readonly route: Route;
  /** Judges the caller for what the request names. */
  readonly judge: (subject: string) => Promise<Call>;
}

async function respond<O extends Operation>(exchange: Exchange<O>): Promise<Response> {
  const { request, route, rawHandlers } = exchange;
  const raw = route && isRaw(request)
    ? handlerOf<RawHandler>(rawHandlers, route.operation)
    : undefined;
  try {
    const admitted = await admit(exchange);
    const stream = isStream(request)
      ? handlerOf<StreamHandler>(exchange.streamHandlers, admitted.route.operation)
      : undefined;
    const { streamBody } = exchange.context;
    if (stream && streamBody) return await respondToStream(admitted, stream, streamBody);
    if (raw) return await respondToBytes(admitted, raw);
    return await respondToJson(admitted);
  } catch (error) {
    return refusalOf(error, exchange, raw !== undefined);
  }
}

/** Says who calls, and refuses what is no call of a route that is served now. */
async function admit<O extends Operation>(exchange: Exchange<O>): Promise<Admitted<O>> {
  const { request, route, progress, assertReady } = exchange;
  progress.peer = await exchange.nameCaller?.(request, progress.peer) ?? progress.peer;
  if (request.method !== "POST") {
    throw new SpikeError("api_bad_request", `Method is ${request.method}, expected POST`);
  }
  assertReady(route);
  if (!route) throw new SpikeError("api_bad_request", "There is no such path and action");
  const judge = (subject: string) => judgeCall(exchange, route, subject);
  return { ...exchange, route, judge };
}

async function judgeCall<O extends Operation>(
  { authorize, progress }: Exchange<O>,
  route: Route,
  subject: string,
): Promise<Call> {
  const { peer, correlation } = progress;
  if (peer.via && !route.isOpenToTokens) throw denied(peer.id);
  const grant = await authorize(peer, route, subject);
  progress.grant = grant;
  return { ...callerOf(peer), correlation, operation: route.operation, grant };
}

/** The caller is judged before a byte of the body is taken. */
async function respondToStream<O extends Operation>(
  { request, progress, judge, log }: Admitted<O>,
  handle: StreamHandler,
  openBody: () => AsyncIterable<Uint8Array>,
): Promise<Response> {
  const extras = streamExtras(request);
  progress.subject = subjectOf(extras, nativeHash);
  const call = await judge(extras.key);
  const told = await handle(openBody(), call, extras);
  progress.subject = withNames(progress.subject, told.names);
  return streamedAnswer(told, (error) => {
    const { operation, correlation, peer } = progress;
    const code = error instanceof SpikeError ? error.code : "unexpected";
    const detail = error instanceof Error ? error.message : "not an error";
    const failed = { operation: operation ?? null, correlation, peer: peer.id, code, detail };
    log.warn("stream_failed", failed);
  });
}

async function respondToBytes<O extends Operation>(
  admitted: Admitted<O>,
  handle: RawHandler,
): Promise<Response> {
  const { request, route, progress, judge } = admitted;
  const extras = rawExtras(request);
  progress.subject = subjectOf(extras, nativeHash);
  if (route.checksCallerFirst) await judge(extras.key);
  const body = await readBodyOf(admitted);
  return rawAnswer(await handle(body, await judge(extras.key), extras));
}

async function respondToJson<O extends Operation>(admitted: Admitted<O>): Promise<Response> {
  const { route, progress, judge } = admitted;
  const operation = route.operation as O;
  const read = async () => decodeRequest<O>(operation, await readBodyOf(admitted));
  const decoded = route.checksCallerFirst ? await readByWhoMay(route, judge, read) : await read();
  progress.subject = subjectOf(decoded, nativeHash);
  const call = await judge(namedBy(route, decoded));
  const reply = await admitted.handlers[operation](decoded, call, admitted.conditions);
  if (reply instanceof NotModified) return notModified(reply);
  const [value, headers] = reply instanceof Tagged
    ? [reply.value, entityTag(reply.tag)]
    : [reply, {}];
  // Peers of the original trust a success to have a body.
  if (value === undefined) throw new Error(`Operation ${operation} answered nothing`);
  if (isDeniedThroughout(value)) denyAll(progress);
  else progress.subject = withAnswer(progress.subject, value, nativeHash);
  return answer(200, JSON.stringify(value), headers);
}

function readBodyOf<O extends Operation>(
  { route, bodyLimit, context }: Admitted<O>,
): Promise<Uint8Array> {
  return context.readBody(bodyLimit?.(route) ?? route.bodyLimit);
}

/** The answer to a request that failed; `isRaw` where it came as plain bytes. Notes why for the audit log. */
function refusalOf<O extends Operation>(
  error: unknown,
  { route, progress, log }: Exchange<O>,
  isRaw: boolean,
): Response {
  const text = isRaw ? textAnswer(error) : undefined;
  const { operation, correlation } = progress;
  if (text?.status === 400) {
    progress.code = (error as SpikeError).code;
    return text;
  }
  const failure = publicFace(error, { operation, correlation, peer: progress.peer.id, log });
  progress.code = failure.code;
  if (failure.code === "access_unauthorized") progress.denial = failure.message;
  // Of several paths none was let through yet.
  if (isJudgedByPath(route) && progress.grant?.by === "policy") delete progress.grant;
  const { code, reason } = failure;
  const told = reason === undefined ? {} : { [REASON_HEADER]: reason };
  return text ?? answer(statusOf(code), errorBody(operation, failure), told);
}

function isJudgedByPath(route: Route | undefined): boolean {
  return route?.want.by === "permission" && route.want.on === "request.paths";
}

/** Whether an answer about several paths refuses every one of them to this caller. */
function isDeniedThroughout(answer: unknown): boolean {
  const { secrets } = Object(answer) as { secrets?: unknown };
  return Array.isArray(secrets) && secrets.length > 0 &&
    secrets.every(({ err }) => err === "access_unauthorized");
}

/** It counts as the denial that it is, whatever its status. */
function denyAll(progress: Progress): void {
  delete progress.grant;
  progress.code = "access_unauthorized";
  progress.denial = "Every path of it is denied";
}

/** The handler of an operation in a form besides JSON, where it has that form. */
function handlerOf<H>(
  handlers: { readonly [K in Operation]?: H } | undefined,
  operation: Operation,
): H | undefined {
  return handlers?.[operation];
}

function callerOf({ id, trustDomain, serial, via }: Peer): Caller {
  return { id, trustDomain, serial, ...(via ? { via } : {}) };
}

/** What is known of a request that failed. */
interface FailedCall {
  readonly operation: Operation | undefined;
  readonly correlation: string;
  readonly peer: string;
  readonly log: Logger;
}

/** What a caller may know of an error; what it may not know goes to the log. */
function publicFace(error: unknown, { operation, correlation, peer, log }: FailedCall): SpikeError {
  const call = { operation: operation ?? null, peer, correlation };
  if (error instanceof SpikeError) {
    const { code, message: detail } = error;
    if (statusOf(code) === 500) log.error("operation_failed", { ...call, code, detail });
    return error;
  }
  log.error("operation_crashed", {
    ...call,
    detail: error instanceof Error ? (error.stack ?? error.message) : "not an error",
  });
  return new SpikeError("api_internal_error", "The server failed");
}

/** Nothing is in it, so it has neither type nor length (RFC 9110 sections 8.6 and 15.4.5). */
function notModified({ tag }: NotModified): Response {
  const { "content-type": _, ...headers } = RESPONSE_HEADERS;
  return new Response(null, { status: 304, headers: { ...headers, ...entityTag(tag) } });
}

function answer(
  status: number,
  body: string,
  more: Readonly<Record<string, string>> = {},
): Response {
  const bytes = new TextEncoder().encode(body);
  const headers = { ...RESPONSE_HEADERS, ...more, "content-length": String(bytes.length) };
  return new Response(bytes, { status, headers });
}

/**
 * Reads a request whose caller is judged first. Who may not ask without naming anything may still ask about what it
 * names; until it has named that, it hears of its denial and of nothing else.
 */
async function readByWhoMay<T>(
  route: Route,
  judge: (subject: string) => Promise<unknown>,
  read: () => Promise<T>,
): Promise<T> {
  try {
    await judge("");
  } catch (denial) {
    if (!(denial instanceof SpikeError) || denial.code !== "access_unauthorized") throw denial;
    const decoded = await read().catch(() => undefined);
    if (decoded === undefined || namedBy(route, decoded) === "") throw denial;
    return decoded;
  }
  return await read();
}

/** What a request is about: a path, the one that it leads to, or a cipher key; empty where it names none. */
function namedBy({ want }: Route, request: unknown): string {
  const { path, to, key } = request as Readonly<Record<"path" | "to" | "key", unknown>>;
  const isAboutKey = want.by === "permission" &&
    (want.on === "request.key" || want.on === "request.cipher");
  const subject = isAboutKey ? key : path ?? to;
  return typeof subject === "string" ? subject : "";
}
