import { Hono } from "hono";
import type { Fetch, Peer } from "../mtls/mod.ts";
import type { Logger } from "../telemetry/mod.ts";
import { SpikeError, statusOf } from "./error.ts";
import { isRaw, rawAnswer, type RawHandler, textAnswer } from "./raw.ts";
import { decodeRequest, type Operation, type RequestOf } from "./request.ts";
import { errorBody, RESPONSE_HEADERS } from "./response.ts";
import { type Route, ROUTES } from "./route.ts";

/** Carries out one operation for a caller who may; answers the JSON value. */
export type Handler<O extends Operation> = (request: RequestOf<O>, peer: Peer) => Promise<unknown>;

/** Every operation of one server. */
export type Handlers<O extends Operation> = { readonly [K in O]: Handler<K> };

export interface AppOptions<O extends Operation> {
  readonly server: Route["server"];
  readonly handlers: Handlers<O>;
  /** For operations whose callers may also send and get plain bytes. */
  readonly rawHandlers?: { readonly [K in O]?: RawHandler };
  /** Whether a route exists on this server as it is configured. Default: every one does. */
  readonly offers?: (route: Route) => boolean;
  /** Longest body of a route, in bytes. Default: what the route says. */
  readonly bodyLimit?: (route: Route) => number;
  /** Throws `state_not_ready` for a route (or none) that cannot be served yet. */
  readonly assertReady: (route: Route | undefined) => void;
  /** Throws `access_unauthorized`; `path` is the request's own, as received. */
  readonly authorize: (peer: Peer, route: Route, path: string) => void | Promise<void>;
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

async function serve<O extends Operation>(
  request: Request,
  context: Parameters<Fetch>[1],
  route: Route | undefined,
  { handlers, rawHandlers, assertReady, authorize, bodyLimit, log }: AppOptions<O>,
): Promise<Response> {
  // What is no POST is no call of an operation, whatever its path says.
  const operation = request.method === "POST" ? route?.operation : undefined;
  const raw = route && isRaw(request) ? rawHandlers?.[route.operation as O] : undefined;
  try {
    if (request.method !== "POST") {
      throw new SpikeError("api_bad_request", `Method is ${request.method}, expected POST`);
    }
    assertReady(route);
    if (!route) {
      throw new SpikeError("api_bad_request", "There is no such path and action");
    }
    const { peer } = context;
    if (route.judgesCallerFirst) await authorize(peer, route, "");
    const body = await context.readBody(bodyLimit?.(route) ?? route.bodyLimit);
    if (raw) {
      await authorize(peer, route, "");
      return rawAnswer(await raw(body, peer));
    }
    const decoded = decodeRequest(route.operation as O, body);
    await authorize(peer, route, pathOf(decoded));
    const value = await handlers[route.operation as O](decoded, peer);
    // Peers of the original trust a success to have a body.
    if (value === undefined) throw new Error(`Operation ${route.operation} answered nothing`);
    return answer(200, JSON.stringify(value));
  } catch (error) {
    const text = raw && textAnswer(error);
    if (text?.status === 400) return text;
    const failure = publicFace(error, { operation, peer: context.peer.id, log });
    return text ?? answer(statusOf(failure.code), errorBody(operation, failure));
  }
}

/** What is known of a request that failed. */
interface FailedCall {
  readonly operation: Operation | undefined;
  readonly peer: string;
  readonly log: Logger;
}

/** What a caller may know of an error; what it may not know goes to the log, and so does every denial. */
function publicFace(error: unknown, { operation, peer, log }: FailedCall): SpikeError {
  const call = { operation: operation ?? null, peer };
  if (error instanceof SpikeError) {
    const { code, message: detail } = error;
    if (code === "access_unauthorized") log.warn("access_denied", { ...call, detail });
    else if (statusOf(code) === 500) log.error("operation_failed", { ...call, code, detail });
    return error;
  }
  log.error("operation_crashed", {
    ...call,
    detail: error instanceof Error ? (error.stack ?? error.message) : "not an error",
  });
  return new SpikeError("api_internal_error", "The server failed");
}

function answer(status: number, body: string): Response {
  const bytes = new TextEncoder().encode(body);
  const headers = { ...RESPONSE_HEADERS, "content-length": String(bytes.length) };
  return new Response(bytes, { status, headers });
}

/** The path that a request is about; empty where it is about none. */
function pathOf(request: unknown): string {
  const { path } = request as { path?: unknown };
  return typeof path === "string" ? path : "";
}
