import { SpikeError } from "../error/error.ts";

/** A time that several waits share. */
export interface Deadline {
  /** The outcome of `work`, or `net_peer_connection` when the time is over first. */
  of<T>(work: Promise<T>): Promise<T>;
  /** Forgets the time. */
  end(): void;
}

/** Starts a time of `ms`. */
export function within(ms: number): Deadline {
  const over = Promise.withResolvers<never>();
  // It may end while nobody waits.
  over.promise.catch(() => undefined);
  const timer = setTimeout(() => {
    over.reject(new SpikeError("net_peer_connection", `No answer within ${ms} ms`));
  }, ms);
  return {
    of: (work) => Promise.race([work, over.promise]),
    end: () => clearTimeout(timer),
  };
}
