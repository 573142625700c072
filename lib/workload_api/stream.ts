import { quoteText } from "../text/quote.ts";
import { connect, constants, type IncomingHttpHeaders } from "node:http2";
import { connect as connectSocket, type Socket } from "node:net";
import type { EndpointAddress } from "./endpoint.ts";
import {
  encodeFrame,
  FrameReader,
  GRPC_CODE,
  GrpcError,
  type GrpcStatus,
  readStatus,
} from "./grpc.ts";

/** Who hears of a stream. `ended` is called exactly once, and nothing after it. */
export interface StreamListener {
  /** One message; its bytes are the listener's own. */
  message(bytes: Uint8Array): void;
  ended(status: GrpcStatus): void;
}

/** An open call. */
export interface WorkloadStream {
  /** Gives the call up without `ended`; resolves when the connection is gone. */
  close(): Promise<void>;
}

/** Opens one call; failures to connect come through `ended` as well. */
export type OpenStream = (
  address: EndpointAddress,
  method: string,
  listener: StreamListener,
) => WorkloadStream;

const SERVICE = "SpiffeWorkloadAPI";
/** A TCP peer that vanished is noticed by the kernel; HTTP/2 pings would make Go servers hang up. */
const KEEP_ALIVE_MS = 60_000;

/**
 * Opens `/SpiffeWorkloadAPI/<method>` with an empty request on a connection of its own.
 *
 * A unix socket needs three permissions: read and write on its path, and net on `unix:<path>`. Throws
 * `Deno.errors.NotCapable` when one is missing.
 */
export function openStream(
  address: EndpointAddress,
  method: string,
  listener: StreamListener,
): WorkloadStream {
  const session = connect("http://localhost", { createConnection: () => dial(address) });
  const gone = new Promise<void>((resolve) => session.once("close", () => resolve()));
  const call = new GrpcCall(listener, () => session.destroy());
  session.on("error", (error) => call.fail(error));
  session.on("close", () => call.connectionGone());
  const stream = session.request({
    ":method": "POST",
    ":path": `/${SERVICE}/${method}`,
    ":authority": "localhost",
    "content-type": "application/grpc",
    "te": "trailers",
    "workload.spiffe.io": "true",
  });
  stream.on("response", (headers) => call.response(headers));
  stream.on("trailers", (trailers) => call.trailers(trailers));
  stream.on("data", (chunk: Uint8Array) => call.data(chunk));
  // The session's error says why; the stream's says only that it was cancelled for it.
  stream.on("error", () => {});
  stream.on("close", () => call.streamGone(stream.rstCode));
  stream.end(encodeFrame(new Uint8Array()));
  return {
    close: () => {
      call.abandon();
      session.destroy();
      return gone;
    },
  };
}

function dial(address: EndpointAddress): Socket {
  if (address.kind === "unix") return connectSocket({ path: address.path });
  const socket = connectSocket({ host: address.host, port: address.port });
  return socket.setKeepAlive(true, KEEP_ALIVE_MS);
}

/** Turns the events of HTTP/2 into messages and one status. */
class GrpcCall {
  readonly #frames = new FrameReader();
  #status: GrpcStatus | undefined;
  #failure = "the stream ended without a status";
  #isOver = false;

  constructor(
    private readonly listener: StreamListener,
    private readonly release: () => void,
  ) {}

  response(headers: IncomingHttpHeaders): void {
    const httpStatus = String(headers[":status"]);
    const contentType = String(headers["content-type"]);
    if (httpStatus !== "200") {
      this.#finish(unavailable(`HTTP status ${httpStatus}, expected 200`));
    } else if (!contentType.startsWith("application/grpc")) {
      this.#finish(
        unavailable(`content-type ${quoteText(contentType, 80)}, expected application/grpc`),
      );
    } else {
      this.#status = readStatus(headers);
    }
  }

  trailers(headers: IncomingHttpHeaders): void {
    this.#status = readStatus(headers) ?? this.#status;
  }

  data(chunk: Uint8Array): void {
    try {
      for (const message of this.#frames.push(chunk)) {
        if (!this.#isOver) this.listener.message(message);
      }
    } catch (error) {
      if (!(error instanceof GrpcError)) throw error;
      this.#finish(error.status);
    }
  }

  fail(error: Error): void {
    this.#failure = error.message;
  }

  /** Without a status the connection's end is awaited, because its error tells more. */
  streamGone(resetCode: number | undefined): void {
    if (this.#status !== undefined) return this.#finish(this.#checkEnd(this.#status));
    // The runtime says CANCEL of every stream of a connection that broke.
    if (resetCode === constants.NGHTTP2_CANCEL) this.#failure = "the connection was lost";
    else if (resetCode) this.#failure = `the stream was reset with HTTP/2 error ${resetCode}`;
    this.release();
  }

  /** An end without a status is never OK. */
  connectionGone(): void {
    this.#finish(this.#status ?? unavailable(this.#failure));
  }

  abandon(): void {
    this.#isOver = true;
  }

  #checkEnd(status: GrpcStatus): GrpcStatus {
    if (status.code !== GRPC_CODE.OK || this.#frames.isBetweenFrames()) return status;
    return { code: GRPC_CODE.INTERNAL, message: "the stream ended inside a message" };
  }

  #finish(status: GrpcStatus): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.release();
    this.listener.ended(status);
  }
}

function unavailable(message: string): GrpcStatus {
  return { code: GRPC_CODE.UNAVAILABLE, message };
}
