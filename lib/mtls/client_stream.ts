import { type Agent, request as httpsRequest } from "node:https";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { SpikeError } from "../error/error.ts";
import type { SpiffeId } from "../spiffe/mod.ts";
import { BodyBudget } from "./body.ts";
import { StreamedBody } from "./streamed_body.ts";

/** An answer that is still coming. */
export interface MtlsStream {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** The identity that answers. */
  readonly peer: SpiffeId;
  /** To be taken to its end; throws `net_peer_connection` when it is cut short. Leaving it early ends the connection. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** A request whose body comes about while it is sent. */
export interface StreamExchange {
  readonly url: URL;
  /** Every piece is sent before the next one is asked for. */
  readonly source: AsyncIterable<Uint8Array>;
  readonly headers: Readonly<Record<string, string>>;
  /** How long the body is, where that is known. */
  readonly length?: number | undefined;
  /** Makes connections that are judged before a byte goes out. */
  readonly agent: Agent;
  readonly peerOf: (socket: Socket) => SpiffeId | undefined;
  readonly explain: (error: Error & { code?: string }) => Error;
  readonly patience?: StreamPatience | undefined;
}

/** How long a stream waits for its peer. */
export interface StreamPatience {
  /** While the peer takes and sends nothing. Default 30 s. */
  readonly standstillMs?: number;
  /** From the request's last byte to the answer's headers: a backup is copied and hashed by then. Default 10 min. */
  readonly headersMs?: number;
}

const HELD_BYTES = 8 * 1024 * 1024;

/**
 * Sends one request and resolves with its answer as soon as that begins, which may be before the request has ended. At
 * no time more is held than some pieces: who is slower makes the other wait.
 */
export function exchangeStream(exchange: StreamExchange): Promise<MtlsStream> {
  const { url, headers, length, agent } = exchange;
  const { standstillMs = 30_000, headersMs = 600_000 } = exchange.patience ?? {};
  return new Promise((resolve, reject) => {
    const sized = length === undefined
      ? { "transfer-encoding": "chunked" }
      : { "content-length": String(length) };
    const request = httpsRequest(url, { method: "POST", agent, headers: { ...headers, ...sized } });
    const sending = new Sending(request, exchange.source, standstillMs);
    const late = () => request.destroy(standstill(`answered nothing for ${headersMs} ms`));
    let timer: ReturnType<typeof setTimeout> | undefined;
    request.once("close", () => clearTimeout(timer));
    request.once("response", (incoming: IncomingMessage) => {
      clearTimeout(timer);
      sending.onSent = () => {};
      const peer = exchange.peerOf(incoming.socket);
      if (!peer) throw new Error("An answer came over a connection without a verdict");
      const answer = new StreamedBody(incoming, {
        socket: incoming.socket as TLSSocket,
        budget: new BodyBudget(HELD_BYTES),
        patienceMs: standstillMs,
      });
      // A refusal needs no more of the request.
      if (incoming.statusCode !== 200) sending.stop();
      resolve({
        status: incoming.statusCode ?? 0,
        headers: headersOf(incoming),
        peer,
        body: ending(answer, request, sending),
      });
    });
    refuseUpgrade(request, (error) => {
      clearTimeout(timer);
      sending.stop();
      reject(error);
    });
    request.on("error", (error: Error & { code?: string }) => {
      reject(sending.failure ?? exchange.explain(error));
    });
    sending.onSent = () => timer = setTimeout(late, headersMs);
    void sending.run();
  });
}

/** Nobody asked for another protocol (RFC 9110 section 15.2.2); the runtime would wait for ever. */
export function refuseUpgrade(request: ClientRequest, fail: (error: SpikeError) => void): void {
  request.once("upgrade", (_answer: IncomingMessage, socket: Socket) => {
    socket.destroy();
    fail(new SpikeError("net_peer_connection", "The server answered with another protocol"));
  });
}

/** The headers of an answer, each one text. */
export function headersOf(answer: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [name, String(value)]),
  );
}

/** Ends the connection with the iteration of the answer; a source that failed is told instead of what followed. */
async function* ending(
  answer: StreamedBody,
  request: ClientRequest,
  sending: Sending,
): AsyncGenerator<Uint8Array> {
  try {
    yield* answer;
  } catch (error) {
    throw sending.failure ?? error;
  } finally {
    request.destroy();
  }
}

/** Sends a source's pieces, each when there is room for it. */
class Sending {
  /** What the source failed with. */
  failure: unknown;
  /** Called when the last piece was handed over. */
  onSent: () => void = () => {};
  readonly #request: ClientRequest;
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #closed: Promise<void>;
  #isClosed = false;

  constructor(
    request: ClientRequest,
    source: AsyncIterable<Uint8Array>,
    readonly patienceMs: number,
  ) {
    this.#request = request;
    this.#source = source;
    this.#closed = new Promise((resolve) => {
      request.once("close", () => {
        this.#isClosed = true;
        resolve();
      });
    });
  }

  /** Sends no further piece. */
  stop(): void {
    this.#isClosed = true;
  }

  async run(): Promise<void> {
    try {
      for await (const piece of this.#source) {
        if (this.#isClosed) return;
        // A copy: the piece is its source's own memory, and the runtime may keep it for a while.
        if (!this.#request.write(piece.slice())) await this.#room();
      }
      if (this.#isClosed) return;
      this.#request.end();
      this.onSent();
    } catch (error) {
      this.failure = error;
      this.#request.destroy(error instanceof Error ? error : new Error("The input failed"));
    }
  }

  async #room(): Promise<void> {
    const drained = Promise.withResolvers<void>();
    this.#request.once("drain", drained.resolve);
    const timer = setTimeout(() => {
      this.#request.destroy(standstill(`took nothing for ${this.patienceMs} ms`));
    }, this.patienceMs);
    await Promise.race([drained.promise, this.#closed]);
    clearTimeout(timer);
  }
}

function standstill(what: string): SpikeError {
  return new SpikeError("net_peer_connection", `The server ${what}`, {
    hint: "Check that it runs and that the address is right",
  });
}
