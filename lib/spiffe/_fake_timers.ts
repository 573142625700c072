import type { StartTimer } from "./timer.ts";

interface Pending {
  readonly action: () => void;
  readonly delayMs: number;
  readonly dueMs: number;
}

/** Timers and a clock that tests move by hand. */
export class FakeTimers {
  readonly #pending = new Set<Pending>();
  #starts: (() => void)[] = [];

  /** `nowMs` is where the clock stands at first. */
  constructor(public nowMs = Date.UTC(2026, 5, 1)) {}

  /** The clock, milliseconds since the epoch. */
  readonly now = (): number => this.nowMs;

  /** Takes the place of the runtime's timer. */
  readonly start: StartTimer = (action, delayMs) => {
    const pending = { action, delayMs, dueMs: this.nowMs + delayMs };
    this.#pending.add(pending);
    for (const wake of this.#starts.splice(0)) wake();
    return () => void this.#pending.delete(pending);
  };

  /** Delays of the timers that run, shortest first. */
  delays(): number[] {
    return [...this.#pending].map(({ delayMs }) => delayMs).sort((a, b) => a - b);
  }

  /** Moves the clock and calls what falls due, in order. */
  advance(byMs: number): void {
    const untilMs = this.nowMs + byMs;
    for (;;) {
      const [next] = [...this.#pending].sort((a, b) => a.dueMs - b.dueMs);
      if (next === undefined || next.dueMs > untilMs) break;
      this.#pending.delete(next);
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      next.action();
    }
    this.nowMs = untilMs;
  }

  /** Resolves once a timer of `delayMs` runs. */
  async running(delayMs: number): Promise<void> {
    while (!this.delays().includes(delayMs)) {
      await new Promise<void>((resolve) => this.#starts.push(resolve));
    }
  }
}
