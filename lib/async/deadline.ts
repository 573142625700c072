import { SpikeError } from "../error/error.ts";

/** A deadline that several waits share. */
export interface Deadline {
  /**
   * Settles as `work` does, or rejects when the deadline passes first; `work` itself is not cancelled.
   *
   * @throws {SpikeError} net_peer_connection when the deadline passes
   */
  of<T>(work: Promise<T>): Promise<T>;
  /** Stops the timer. */
  end(): void;
}

/** Starts a deadline in `ms` milliseconds. */
export function within(ms: number): Deadline {
  const over = Promise.withResolvers<never>();
  // Avoids an unhandled rejection when the deadline passes without a waiter.
  over.promise.catch(() => undefined);
  const timer = setTimeout(() => {
    over.reject(new SpikeError("net_peer_connection", `No answer within ${ms} ms`));
  }, ms);
  return {
    of: (work) => Promise.race([work, over.promise]),
    end: () => clearTimeout(timer),
  };
}
