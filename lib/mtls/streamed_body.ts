import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { SpikeError } from "../error/error.ts";
import type { BodyBudget } from "./body.ts";
import { resumeReading, stopReading } from "./flow.ts";

/** From here on nothing more is read from the network, until most of it was taken. */
const HIGH_BYTES = 256 * 1024;
const LOW_BYTES = 64 * 1024;
/** What comes although nothing is read any more was on its way; more than this never is. */
const CEILING_BYTES = 4 * 1024 * 1024;

/** What a body needs. */
export interface StreamedBodyOptions {
  readonly socket: TLSSocket;
  /** What all connections hold together. */
  readonly budget: BodyBudget;
  /** How long nothing may come while something is waited for. */
  readonly patienceMs: number;
  /** Called with each piece that comes, with its length. */
  readonly onPiece?: (bytes: number) => void;
}

/**
 * A body of any length that is taken as it comes: of a request, or of an answer. It holds some 256 KiB; when more has
 * come than is taken, reading from the network stops. It can be iterated once; leaving the iteration early ends the
 * connection, since the rest of the body is still to come.
 */
export class StreamedBody implements AsyncIterable<Uint8Array> {
  readonly #options: StreamedBodyOptions;
  #pieces: Uint8Array[] = [];
  #held = 0;
  #dropped = 0;
  #isStopped = false;
  #isComplete = false;
  #failure: SpikeError | undefined;
  #changed: (() => void) | undefined;

  constructor(incoming: IncomingMessage, options: StreamedBodyOptions) {
    this.#options = options;
    incoming.on("data", (piece: Uint8Array) => this.#take(piece));
    incoming.on("end", () => this.#settle());
    incoming.on("error", () => this.#settle(cutShort()));
    incoming.on("close", () => this.#settle(cutShort()));
  }

  /** Whether all of it has come. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const piece = this.#pieces.shift();
        if (piece) {
          yield piece;
          piece.fill(0);
          this.#give(piece.length);
        } else if (this.#failure) throw this.#failure;
        else if (this.#isComplete) return;
        else await this.#change();
      }
    } finally {
      this.release();
    }
  }

  /** The whole body, for one that turns out to be no stream. */
  async read(limitBytes: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const piece of this) {
      size += piece.length;
      if (size > limitBytes) {
        throw new SpikeError("api_bad_request", `Request body is longer than ${limitBytes} bytes`);
      }
      parts.push(piece.slice());
    }
    const whole = new Uint8Array(size);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      part.fill(0);
      at += part.length;
    }
    return whole;
  }

  /** Wipes what is held. What still comes is dropped, and too much of it ends the connection. */
  release(): void {
    for (const piece of this.#pieces.splice(0)) {
      piece.fill(0);
      this.#give(piece.length);
    }
    if (!this.#isComplete) this.#failure ??= cutShort();
  }

  #take(piece: Uint8Array): void {
    const { socket, budget, onPiece } = this.#options;
    onPiece?.(piece.length);
    if (this.#failure) return this.#drop(piece.length);
    if (this.#held + piece.length > CEILING_BYTES || !budget.take(piece.length)) {
      this.#settle(tooFast());
      return void socket.destroy();
    }
    this.#pieces.push(piece);
    this.#held += piece.length;
    if (!this.#isStopped && this.#held >= HIGH_BYTES) this.#isStopped = stopReading(socket);
    this.#changed?.();
  }

  /** What was on its way when nobody wanted it any more. */
  #drop(bytes: number): void {
    this.#dropped += bytes;
    if (this.#dropped > CEILING_BYTES) this.#options.socket.destroy();
  }

  #give(bytes: number): void {
    this.#held -= bytes;
    this.#options.budget.give(bytes);
    if (!this.#isStopped || this.#held > LOW_BYTES) return;
    this.#isStopped = false;
    resumeReading(this.#options.socket);
  }

  #settle(failure?: SpikeError): void {
    if (this.#isComplete || this.#failure) return;
    if (failure) this.#failure = failure;
    else this.#isComplete = true;
    this.#changed?.();
  }

  /** Waits for a piece, the end or a failure; who keeps us waiting too long has failed. */
  async #change(): Promise<void> {
    const { patienceMs, socket } = this.#options;
    const changed = Promise.withResolvers<void>();
    this.#changed = changed.resolve;
    const timer = setTimeout(() => {
      this.#settle(tooSlow(patienceMs));
      socket.destroy();
    }, patienceMs);
    await changed.promise;
    clearTimeout(timer);
    this.#changed = undefined;
  }
}

function cutShort(): SpikeError {
  return new SpikeError("net_peer_connection", "The body ended before its end");
}

function tooFast(): SpikeError {
  return new SpikeError("overloaded", "The body comes faster than it can be taken");
}

function tooSlow(ms: number): SpikeError {
  return new SpikeError("net_peer_connection", `Nothing of the body came within ${ms} ms`);
}
