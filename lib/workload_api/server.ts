import type {
  Http2Server,
  IncomingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from "node:http2";
import { SpikeError } from "../error/error.ts";
import { formatEndpoint } from "./endpoint.ts";
import { LastingListener, type ListenPlace } from "./lasting_listener.ts";
import { encodeFrame, GRPC_CODE, type GrpcStatus, statusTrailers } from "./grpc.ts";
import {
  encodeBundlesAnswer,
  encodeJwtAnswer,
  encodeSvidAnswer,
  type WorkloadAnswer,
  type WorkloadIdentity,
} from "./answer.ts";

export type { WorkloadAnswer, WorkloadIdentity } from "./answer.ts";

/** What {@link serveWorkloadApi} needs. */
export interface WorkloadServerOptions {
  /** A unix path, or host and port (0 picks one). */
  readonly listen: ListenPlace;
  readonly identity: WorkloadIdentity;
  /** After how long without a connection it looks whether it still gets any. Default: two seconds. */
  readonly watchMs?: number;
}

/** A listening Workload API. */
export interface WorkloadServer {
  /** As `SPIFFE_ENDPOINT_SOCKET` would name it. */
  readonly address: string;
  /** Ends every stream; resolves when nothing listens any more. */
  close(): Promise<void>;
}

/** Undefined where an answer has no such part. */
type Respond = (answer: WorkloadAnswer) => Uint8Array | undefined;

const METHODS: ReadonlyMap<string, Respond> = new Map([
  ["/SpiffeWorkloadAPI/FetchX509SVID", encodeSvidAnswer],
  ["/SpiffeWorkloadAPI/FetchX509Bundles", encodeBundlesAnswer],
  ["/SpiffeWorkloadAPI/FetchJWTBundles", encodeJwtAnswer],
]);

const EMPTY_FRAME_BYTES = 5;
/** The requests have no fields; a little room for those of the future. */
const MAX_REQUEST_BYTES = EMPTY_FRAME_BYTES + 4096;

/**
 * Serves the X.509 part of the SPIFFE Workload API, and the JWT bundles where there are any, one identity for every caller of the socket: whoever
 * can open it is trusted to be that workload, so its file mode is the caller's business.
 *
 * Resolves when it listens; a socket file that was left behind is replaced. Both streams send the present
 * answer at once and a new one on every change. While there is no identity they end with PermissionDenied.
 * Throws `config_invalid` when it cannot listen, for one because somebody else does.
 */
export async function serveWorkloadApi(options: WorkloadServerOptions): Promise<WorkloadServer> {
  const { listen, identity, watchMs } = options;
  const sessions = new Set<ServerHttp2Session>();
  const listener = new LastingListener({
    place: listen,
    prepare: (server) => serveOn(server, sessions, identity),
    clear: async () => {
      if ("path" in listen) await removeStaleSocket(listen.path);
    },
    ...(watchMs === undefined ? {} : { watchMs }),
  });
  await listener.open().catch((error) => {
    throw cannotListen(listen, error);
  });
  const { place } = listener;
  return {
    address: formatEndpoint(
      "path" in place ? { kind: "unix", path: place.path } : { kind: "tcp", ...place },
    ),
    close: async () => {
      const closed = listener.close();
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}

function serveOn(
  server: Http2Server,
  sessions: Set<ServerHttp2Session>,
  identity: WorkloadIdentity,
): void {
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
    // A peer that breaks off is no event here; the session closes after it.
    session.on("error", () => {});
  });
  server.on("stream", (stream, headers) => new WorkloadCall(stream, identity).start(headers));
}

/** Only a socket that nobody answers is removed; anything else makes listening fail. */
async function removeStaleSocket(path: string): Promise<void> {
  const info = await Deno.lstat(path).catch(ignoreNotFound);
  if (!info?.isSocket) return;
  try {
    const connection = await Deno.connect({ transport: "unix", path });
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    await Deno.remove(path).catch(ignoreNotFound);
  }
}

function ignoreNotFound(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

function cannotListen(listen: ListenPlace, cause: Error): SpikeError {
  const place = "path" in listen ? listen.path : `${listen.host}:${listen.port}`;
  const message = `Workload API cannot listen on ${place}: ${cause.message}`;
  return new SpikeError("config_invalid", message, { cause });
}

/** One call, from its headers to its status. */
class WorkloadCall {
  #unsubscribe: () => void = () => {};
  #hasAnswered = false;

  constructor(
    private readonly stream: ServerHttp2Stream,
    private readonly identity: WorkloadIdentity,
  ) {}

  start(headers: IncomingHttpHeaders): void {
    this.stream.on("error", () => {});
    this.stream.on("close", () => this.#unsubscribe());
    this.#discardRequest();
    const respond = METHODS.get(String(headers[":path"]));
    const refusal = checkCall(headers, respond);
    if (typeof refusal === "number") {
      this.stream.respond({ ":status": refusal }, { endStream: true });
    } else if (refusal !== undefined || respond === undefined) {
      this.#end(refusal ?? UNKNOWN_METHOD);
    } else {
      this.#unsubscribe = this.identity.subscribe(() => this.#send(respond));
      this.#send(respond);
    }
  }

  /** The messages of both requests are empty: nothing in them is needed, but they are not unlimited. */
  #discardRequest(): void {
    let received = 0;
    this.stream.on("data", (chunk: Uint8Array) => {
      received += chunk.length;
      if (received <= MAX_REQUEST_BYTES || this.stream.writableEnded) return;
      this.#end({ code: GRPC_CODE.RESOURCE_EXHAUSTED, message: "Request is too large" });
    });
  }

  #send(respond: Respond): void {
    if (this.stream.destroyed || this.stream.writableEnded) return;
    const answer = this.identity.current();
    if (answer === undefined) {
      this.#end({ code: GRPC_CODE.PERMISSION_DENIED, message: "no identity issued" });
      return;
    }
    const message = respond(answer);
    if (message === undefined) return this.#end(UNKNOWN_METHOD);
    if (!this.#hasAnswered) {
      this.#hasAnswered = true;
      this.stream.respond(
        { ":status": 200, "content-type": "application/grpc" },
        { waitForTrailers: true },
      );
    }
    this.stream.write(encodeFrame(message));
  }

  #end(status: GrpcStatus): void {
    this.#unsubscribe();
    const trailers = statusTrailers(status);
    if (this.#hasAnswered) {
      this.stream.on("wantTrailers", () => this.stream.sendTrailers(trailers));
      this.stream.end();
    } else {
      this.stream.respond(
        { ":status": 200, "content-type": "application/grpc", ...trailers },
        { endStream: true },
      );
    }
  }
}

const UNKNOWN_METHOD: GrpcStatus = { code: GRPC_CODE.UNIMPLEMENTED, message: "unknown method" };

/** What is wrong with a call: an HTTP status when it is not gRPC at all, otherwise a gRPC status. */
function checkCall(
  headers: IncomingHttpHeaders,
  respond: Respond | undefined,
): GrpcStatus | number | undefined {
  if (headers[":method"] !== "POST") return 405;
  if (!headers["content-type"]?.startsWith("application/grpc")) return 415;
  if (respond === undefined) return UNKNOWN_METHOD;
  if (headers["workload.spiffe.io"] !== "true") {
    return {
      code: GRPC_CODE.INVALID_ARGUMENT,
      message: "security header workload.spiffe.io: true is missing",
    };
  }
  return undefined;
}
