/** Limits of what one identity may have under way. */
export interface TurnLimits {
  /** Requests of one identity that are under way or wait, at most. */
  readonly perIdentity: number;
  /** Requests that are begun before others get a chance to be heard. Default 4. */
  readonly perTurn?: number;
}

/** Calls a function when everything that has come from the network meanwhile has been looked at. */
export type NextTurn = (begin: () => void) => void;

const PER_TURN = 4;

/**
 * Whose request is begun next. A few are begun at a time, one identity after the other, so that a flood from one
 * delays the others by the few that are being begun, not by all that wait. While there is no crowd, nobody waits.
 * What has begun is not held up: requests that wait for a disk or a keeper keep nobody from theirs.
 */
export class FairTurns {
  readonly #limits: Required<TurnLimits>;
  readonly #nextTurn: NextTurn;
  /** Under way or waiting. */
  readonly #counts = new Map<string, number>();
  /** By identity, in the order of their turns. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #begun = 0;
  #isTurnPlanned = false;

  constructor(limits: TurnLimits, nextTurn: NextTurn = setImmediate) {
    this.#limits = { perTurn: PER_TURN, ...limits };
    this.#nextTurn = nextTurn;
  }

  /** Begins now, or later; false when the identity has too much under way. Each true is followed by one `leave`. */
  enter(identity: string, begin: () => void): boolean {
    const count = this.#counts.get(identity) ?? 0;
    if (count >= this.#limits.perIdentity) return false;
    this.#counts.set(identity, count + 1);
    if (this.#waiting.size === 0 && this.#begun < this.#limits.perTurn) {
      this.#begun++;
      begin();
    } else {
      const queue = this.#waiting.get(identity);
      if (queue) queue.push(begin);
      else this.#waiting.set(identity, [begin]);
    }
    this.#plan();
    return true;
  }

  /** A request is over, be it answered or given up. */
  leave(identity: string): void {
    const count = (this.#counts.get(identity) ?? 0) - 1;
    if (count > 0) this.#counts.set(identity, count);
    else this.#counts.delete(identity);
  }

  #plan(): void {
    if (this.#isTurnPlanned) return;
    this.#isTurnPlanned = true;
    this.#nextTurn(() => {
      this.#isTurnPlanned = false;
      this.#turn();
    });
  }

  #turn(): void {
    this.#begun = 0;
    while (this.#begun < this.#limits.perTurn) {
      const next = this.#waiting.entries().next().value;
      if (!next) return;
      const [identity, queue] = next;
      const begin = queue.shift();
      // To the end of the line, if there is more.
      this.#waiting.delete(identity);
      if (queue.length > 0) this.#waiting.set(identity, queue);
      this.#begun++;
      begin?.();
    }
    this.#plan();
  }
}

const BODY = '{"err":"overloaded"}';

/** The answer to an identity that has too much under way. */
export function overloadedResponse(): Response {
  const headers = {
    "content-type": "application/json",
    "content-length": String(BODY.length),
    "retry-after": "1",
  };
  return new Response(BODY, { status: 429, headers });
}
