import type { IncomingMessage } from "node:http";
import { SpikeError } from "../error/error.ts";

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

/** A body in pieces of a byte costs the runtime hundreds of times its length. */
const MOST_PIECES = 32_768;

const EMPTY = new Uint8Array(0);

type Outcome =
  | { kind: "reading" }
  | { kind: "complete" }
  | { kind: "refused"; error: SpikeError };

export interface BodyOptions {
  /** No more than this is ever kept, whatever a route allows. */
  readonly ceilingBytes: number;
  readonly budget: BodyBudget;
  /** Called once when the body is refused for its size: answer, then end the connection. */
  readonly onOverflow: () => void;
  /** Called once when the client goes on regardless: end the connection. */
  readonly onFlood: () => void;
}

/**
 * One request's body, counted from its first byte on. Bytes that nobody will read are dropped as they come, up
 * to the ceiling once more, so that a client in mid-sentence can still get its answer.
 */
export class BoundedBody {
  /** The first chunk itself; more of them are gathered. */
  #held: Uint8Array = EMPTY;
  #size = 0;
  #outcome: Outcome = { kind: "reading" };
  #limit: number;
  #isReleased = false;
  #droppedBytes = 0;
  #pieces = 0;
  #waiting: (() => void)[] = [];
  readonly #ceiling: number;
  readonly #budget: BodyBudget;
  readonly #onOverflow: () => void;
  #onFlood: (() => void) | undefined;

  constructor(incoming: IncomingMessage, options: BodyOptions) {
    this.#limit = this.#ceiling = options.ceilingBytes;
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
   * The whole body, which is wiped on release.
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
    return this.#held.subarray(0, this.#size);
  }

  /** Wipes and gives back what is held; what still arrives is dropped, up to the ceiling. Idempotent. */
  release(): void {
    this.#held.fill(0);
    this.#budget.give(this.#held.length);
    this.#held = EMPTY;
    this.#size = 0;
    this.#isReleased = true;
  }

  #keep(chunk: Uint8Array): void {
    this.#pieces++;
    if (this.#isReleased) {
      this.#droppedBytes += chunk.length;
      if (this.#droppedBytes <= this.#ceiling && this.#pieces <= MOST_PIECES) return;
      this.#onFlood?.();
      this.#onFlood = undefined;
      return;
    }
    if (this.#size + chunk.length > this.#limit) return this.#refuse(tooLarge(this.#limit));
    if (this.#pieces > MOST_PIECES) return this.#refuse(tooManyPieces());
    if (!this.#makeRoom(chunk)) {
      return this.#refuse(
        new SpikeError("state_not_ready", "The server holds too many request bodies", {
          hint: "Try again in a moment",
          reason: "busy",
        }),
      );
    }
    if (this.#held !== chunk) {
      this.#held.set(chunk, this.#size);
      chunk.fill(0);
    }
    this.#size += chunk.length;
  }

  /** Makes room for one more chunk; false when the budget does not allow it. */
  #makeRoom(chunk: Uint8Array): boolean {
    const needed = this.#size + chunk.length;
    const capacity = this.#held.length;
    if (needed <= capacity) return true;
    const wanted = Math.max(needed, Math.min(2 * capacity, this.#limit));
    if (!this.#budget.take(wanted - capacity)) return false;
    if (capacity === 0) this.#held = chunk;
    else {
      const larger = new Uint8Array(wanted);
      larger.set(this.#held);
      this.#held.fill(0);
      this.#held = larger;
    }
    return true;
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
}

function tooLarge(limit: number): SpikeError {
  return new SpikeError("api_bad_request", `Request body is longer than ${limit} bytes`, {
    reason: "body_too_long",
  });
}

function tooManyPieces(): SpikeError {
  return new SpikeError("api_bad_request", `Request body comes in more than ${MOST_PIECES} pieces`);
}

function cutShort(): SpikeError {
  return new SpikeError("api_bad_request", "The request body ended before its announced length");
}
