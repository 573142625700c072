/** Limits of what one identity may have under way. */
export interface TurnLimits {
  /** Requests of one identity that are under way or wait, at most. */
  readonly perIdentity: number;
  /** Of these so many are begun at a time while others ask, too; fewer when they take long. Default 8. */
  readonly shared?: number;
  /** And so many while nobody else does. Default 64. */
  readonly alone?: number;
  /** Requests that are begun, while several ask, before the network is looked at again. Default 2. */
  readonly perTurn?: number;
}

/** What turns depend on. */
export interface TurnSurroundings {
  /** Calls a function when everything that has come from the network meanwhile has been looked at. */
  readonly nextTurn: (begin: () => void) => void;
  /** Milliseconds, never going back. */
  readonly clock: () => number;
}

const DEFAULTS = { shared: 8, alone: 64, perTurn: 2 };
const SURROUNDINGS: TurnSurroundings = {
  // A timer, since `setImmediate` of this runtime comes round dozens of times before the network is looked at again.
  nextTurn: (begin) => void setTimeout(begin, 1),
  clock: () => performance.now(),
};
/** Whoever asked so recently counts as one who asks. */
const RECENT_MS = 1_000;
/** What others have to wait for a crowd, at most, as far as that can be divided; a timer's millisecond included. */
const TURN_MS = 3;

/** A request that has arrived. */
export interface Visit {
  /** Resolves when it may begin; with false when it was left meanwhile. */
  turn(): Promise<boolean>;
  /** It is over, be it answered or given up. */
  leave(): void;
}

/** A request that waits or is under way. */
interface Ticket {
  /** Tells whether it may begin. */
  readonly decide: (mayBegin: boolean) => void;
  state: "waiting" | "begun";
}

/** What one identity has under way. */
interface Line {
  readonly waiting: Ticket[];
  begun: number;
  /** With those that have arrived and do not wait yet. */
  count: number;
  /** The last turn in which one was begun. */
  turn: number;
}

/**
 * Whose request is begun next. One identity after the other gets its turn, and while several ask none has more than
 * a few under way: a flood from one delays the others by these few, not by all that wait. How few depends on what they
 * cost, which is measured: a turn of large answers has one of them where one of small answers has two. While there is
 * no crowd, nobody waits.
 */
export class FairTurns {
  readonly #limits: Required<TurnLimits>;
  readonly #surroundings: TurnSurroundings;
  /** In the order of their turns. */
  readonly #lines = new Map<string, Line>();
  #recent = new Set<string>();
  #before = new Set<string>();
  #recentUntilMs = 0;
  #begunInTurn = 0;
  #isTurnPlanned = false;
  #turnNumber = 0;
  /** How many requests are begun in a turn, by what the last turns took. */
  #allowance: number;

  constructor(
    limits: TurnLimits,
    surroundings: TurnSurroundings = SURROUNDINGS,
  ) {
    this.#limits = { ...DEFAULTS, ...limits };
    this.#surroundings = surroundings;
    this.#allowance = this.#limits.perTurn;
  }

  /** Counts a request that arrives. Undefined when its identity has too much under way. */
  arrive(identity: string): Visit | undefined {
    this.#note(identity);
    const line = this.#lines.get(identity) ??
      { waiting: [], begun: 0, count: 0, turn: -1 };
    if (line.count >= this.#limits.perIdentity) return undefined;
    this.#lines.set(identity, line);
    line.count++;
    let ticket: Ticket | undefined;
    let hasLeft = false;
    return {
      turn: () => {
        if (ticket || hasLeft) return Promise.resolve(!hasLeft);
        const { promise, resolve: decide } = Promise.withResolvers<boolean>();
        ticket = { decide, state: "waiting" };
        this.#wait(line, ticket);
        return promise;
      },
      leave: () => {
        if (hasLeft) return;
        hasLeft = true;
        this.#leave(identity, line, ticket);
      },
    };
  }

  /**
   * How many more requests of an identity are worth reading: none while so many have arrived and are not over. While
   * others ask, what has not begun yet already fills the next turn: one read may bring a whole pipeline, and parsing it
   * is not shared.
   */
  room(identity: string): number {
    const { alone, shared, perTurn } = this.#limits;
    const line = this.#lines.get(identity);
    // Those too whose bodies are not read yet: they are parsed, and wait for their turn in a moment.
    const arrived = line?.count ?? 0;
    if (this.#isAlone) return Math.max(0, alone - arrived);
    return Math.max(0, Math.min(shared - arrived, perTurn - (arrived - (line?.begun ?? 0))));
  }

  #wait(line: Line, ticket: Ticket): void {
    line.waiting.push(ticket);
    if (this.#mayBegin(line)) this.#begin(line);
    this.#plan();
  }

  #leave(identity: string, line: Line, ticket: Ticket | undefined): void {
    if (ticket?.state === "begun") line.begun--;
    else if (ticket) {
      line.waiting.splice(line.waiting.indexOf(ticket), 1);
      ticket.decide(false);
    }
    if (--line.count === 0) this.#lines.delete(identity);
    this.#plan();
  }

  #mayBegin({ waiting, begun, turn }: Line): boolean {
    if (waiting.length === 0) return false;
    const { alone, shared, perTurn } = this.#limits;
    if (this.#isAlone) return begun < alone;
    if (begun >= Math.ceil(shared * this.#allowance / perTurn)) return false;
    // Who has had nothing in this turn does not wait for those who have used it up.
    return this.#begunInTurn < this.#allowance || turn !== this.#turnNumber;
  }

  get #isAlone(): boolean {
    // Else a crowd of strangers would have every request count all of them.
    if (this.#recent.size > 1 || this.#before.size > 1) return false;
    return this.#recent.union(this.#before).size === 1;
  }

  #begin(line: Line): void {
    const ticket = line.waiting.shift();
    if (!ticket) return;
    ticket.state = "begun";
    line.begun++;
    line.turn = this.#turnNumber;
    this.#begunInTurn++;
    ticket.decide(true);
  }

  /** Remembers who asked in this second and in the one before. */
  #note(identity: string): void {
    const nowMs = this.#surroundings.clock();
    if (nowMs >= this.#recentUntilMs) {
      const isGap = nowMs >= this.#recentUntilMs + RECENT_MS;
      this.#before = isGap ? new Set() : this.#recent;
      this.#recent = new Set();
      this.#recentUntilMs = nowMs + RECENT_MS;
    }
    this.#recent.add(identity);
  }

  #plan(): void {
    if (this.#isTurnPlanned) return;
    this.#isTurnPlanned = true;
    const plannedMs = this.#surroundings.clock();
    this.#surroundings.nextTurn(() => {
      this.#isTurnPlanned = false;
      this.#adapt(this.#surroundings.clock() - plannedMs);
      this.#turn();
    });
  }

  /** Fewer at a time at once, more again little by little. */
  #adapt(tookMs: number): void {
    if (tookMs > TURN_MS) this.#allowance = Math.max(1, this.#allowance >> 1);
    else if (this.#allowance < this.#limits.perTurn) this.#allowance++;
  }

  #turn(): void {
    this.#begunInTurn = 0;
    this.#turnNumber++;
    for (let isAny = true; isAny;) {
      isAny = false;
      for (const [identity, line] of [...this.#lines]) {
        if (!this.#mayBegin(line)) continue;
        // To the end of the line of all.
        this.#lines.delete(identity);
        this.#lines.set(identity, line);
        this.#begin(line);
        isAny = true;
      }
    }
    if (this.#begunInTurn >= this.#allowance) this.#plan();
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
