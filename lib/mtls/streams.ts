import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { BodyBudget } from "./body.ts";
import { StreamedBody } from "./streamed_body.ts";

/** Requests whose bodies may have any length. */
export interface StreamOptions {
  /** Exactly this `content-type`. */
  readonly mediaType: string;
  /** How many there may be at a time; further ones are answered with 429. */
  readonly most: number;
  /** How long nothing may come of one that is waited for. */
  readonly patienceMs: number;
}

/** All streams of a listener hold no more than this together. */
const HELD_BYTES = 64 * 1024 * 1024;

/** The streams under way on one listener. */
export class Streams {
  readonly #options: StreamOptions | undefined;
  readonly #budget = new BodyBudget(HELD_BYTES);
  #count = 0;

  constructor(options: StreamOptions | undefined) {
    this.#options = options;
  }

  /** Whether the body of a request is one. */
  isOne(incoming: IncomingMessage): boolean {
    const type = incoming.headers["content-type"];
    return type !== undefined && type === this.#options?.mediaType;
  }

  /** Begins one; undefined when there are too many. Its end is told by `ended`. */
  begin(incoming: IncomingMessage, onPiece: () => void): StreamedBody | undefined {
    const { most = 0, patienceMs = 0 } = this.#options ?? {};
    if (this.#count >= most) return undefined;
    this.#count++;
    const socket = incoming.socket as TLSSocket;
    return new StreamedBody(incoming, { socket, budget: this.#budget, patienceMs, onPiece });
  }

  /** To be called once for each that was begun. */
  ended(): void {
    this.#count--;
  }
}
