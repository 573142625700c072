import type { IncomingMessage } from "node:http";
import { SpikeError } from "../api/error.ts";

/**
 * What all connections of one listener hold of unread bodies. TLS sockets of this runtime go on reading when
 * nobody consumes them, so back-pressure cannot bound memory; counting on arrival does.
 */
export class BodyBudget {
  #held = 0;

  constructor(readonly limitBytes: number) {}

  get heldBytes(): number {
    return this.#held;
  }

  /** Takes `bytes` if they fit; false means: do not keep them. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.limitBytes) return false;
    this.#held += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#held -= bytes;
  }
}

type Outcome =
  | { kind: "reading" }
  | { kind: "complete" }
  | { kind: "refused"; error: SpikeError };

export interface BodyOptions {
  /** No more than this is ever kept, whatever a route allows. */
  readonly ceilingBytes: number;
  readonly budget: BodyBudget;
  /** How much of what nobody will read is taken. Default 16 MiB. */
  readonly mostDroppedBytes?: number;
  /** Called once when the body is refused for its size: answer, then end the connection. */
  readonly onOverflow: () => void;
  /** Called once when the client goes on regardless: end the connection at once. */
  readonly onFlood: () => void;
}

/**
 * One request's body, counted from its first byte on. Bytes that nobody will read are dropped as they come, up
 * to a limit, so that a client in mid-sentence can still get its answer.
 */
export class BoundedBody {
  #chunks: Uint8Array[] = [];
  #size = 0;
  #outcome: Outcome = { kind: "reading" };
  #limit: number;
  #isReleased = false;
  #droppedBytes = 0;
  #waiting: (() => void)[] = [];
  readonly #mostDropped: number;
  readonly #budget: BodyBudget;
  readonly #onOverflow: () => void;
  #onFlood: (() => void) | undefined;

  constructor(incoming: IncomingMessage, options: BodyOptions) {
    this.#limit = options.ceilingBytes;
    this.#mostDropped = options.mostDroppedBytes ?? 16 * 1024 * 1024;
    this.#budget = options.budget;
    this.#onOverflow = options.onOverflow;
    this.#onFlood = options.onFlood;
    const announced = Number(incoming.headers["content-length"] ?? 0);
    if (announced > this.#limit) this.#refuse(tooLarge(this.#limit));
    incoming.on("data", (chunk: Uint8Array) => this.#keep(chunk));
    incoming.on("end", () => this.#settle({ kind: "complete" }));
    incoming.on("error", () => this.#refuse(cutShort(), false));
    incoming.on("close", () => this.#refuse(cutShort(), false));
  }

  /** True while bytes of this body may still arrive. */
  get isReading(): boolean {
    return this.#outcome.kind === "reading";
  }

  /**
   * The whole body.
   *
   * @throws SpikeError `api_bad_request` past `limitBytes` or when the client stopped half-way, `state_not_ready`
   *   when the budget is used up
   */
  async read(limitBytes: number): Promise<Uint8Array> {
    this.#limit = Math.min(this.#limit, limitBytes);
    if (this.#size > this.#limit) this.#refuse(tooLarge(this.#limit));
    if (this.#outcome.kind === "reading") {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#outcome.kind === "refused") throw this.#outcome.error;
    // It was complete before anybody said how long it may be.
    if (this.#size > this.#limit) throw tooLarge(this.#limit);
    return this.#join();
  }

  /** Wipes and gives back what is held; what still arrives is dropped, up to a limit. Idempotent. */
  release(): void {
    for (const chunk of this.#chunks) chunk.fill(0);
    this.#chunks = [];
    this.#budget.give(this.#size);
    this.#size = 0;
    this.#isReleased = true;
  }

  #keep(chunk: Uint8Array): void {
    if (this.#isReleased) {
      this.#droppedBytes += chunk.length;
      if (this.#droppedBytes <= this.#mostDropped) return;
      this.#onFlood?.();
      this.#onFlood = undefined;
      return;
    }
    if (this.#size + chunk.length > this.#limit) return this.#refuse(tooLarge(this.#limit));
    if (!this.#budget.take(chunk.length)) {
      return this.#refuse(
        new SpikeError("state_not_ready", "The server holds too many request bodies", {
          hint: "Try again in a moment",
        }),
      );
    }
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  #refuse(error: SpikeError, isOverflow = true): void {
    if (this.#outcome.kind !== "reading") return;
    this.#settle({ kind: "refused", error });
    this.release();
    if (isOverflow) this.#onOverflow();
  }

  #settle(outcome: Outcome): void {
    if (this.#outcome.kind !== "reading") return;
    this.#outcome = outcome;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #join(): Uint8Array {
    const [only] = this.#chunks;
    if (this.#chunks.length === 1 && only) return only;
    const whole = new Uint8Array(this.#size);
    let at = 0;
    for (const chunk of this.#chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }
}

function tooLarge(limit: number): SpikeError {
  return new SpikeError("api_bad_request", `Request body is longer than ${limit} bytes`);
}

function cutShort(): SpikeError {
  return new SpikeError("api_bad_request", "The request body ended before its announced length");
}
