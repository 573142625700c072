import { SpikeError } from "../api/error.ts";
import type { BundleMap, IdentitySnapshot, SvidSource, X509Svid } from "./source.ts";

interface Waiter {
  settle(outcome: IdentitySnapshot | SpikeError): void;
}

/**
 * An SVID source that is told what to hold: for tests, and for who gets identities by a way of its own.
 *
 * @example
 * ```ts
 * const source = new MemorySource();
 * source.set(svid, bundles);
 * source.current().generation; // 1
 * ```
 */
export class MemorySource implements SvidSource {
  #snapshot: IdentitySnapshot | undefined;
  #generation = 0;
  #reason: string;
  #closed = false;
  #announced = false;
  readonly #listeners = new Set<() => void>();
  readonly #waiters = new Set<Waiter>();
  readonly #place: string;
  readonly #now: () => number;

  /** `place` names the source in messages; `now` gives milliseconds since the epoch. */
  constructor(
    initial?: { readonly svid: X509Svid; readonly bundles: BundleMap },
    options: { readonly place?: string; readonly now?: () => number } = {},
  ) {
    this.#place = options.place ?? "memory";
    this.#now = options.now ?? Date.now;
    this.#reason = "nothing was received yet";
    if (initial !== undefined) this.set(initial.svid, initial.bundles);
  }

  /** Swaps the whole state. Throws an Error after close: the owner has lost track of its life. */
  set(svid: X509Svid, bundles: BundleMap): void {
    if (this.#closed) throw new Error("set() on a closed source");
    this.#generation++;
    const snapshot = { svid, bundles, generation: this.#generation, receivedAtMs: this.#now() };
    this.#snapshot = Object.freeze(snapshot);
    this.#settle(this.#snapshot);
    this.#announce();
  }

  /** Drops the identity; `current()` throws with `reason` until the next `set()`. */
  withdraw(reason: string): void {
    this.#reason = reason;
    if (this.#snapshot === undefined) return;
    this.#snapshot = undefined;
    this.#announce();
  }

  current(): IdentitySnapshot {
    if (this.#snapshot === undefined) throw this.#unavailable(`: ${this.#reason}`);
    return this.#snapshot;
  }

  subscribe(listener: () => void): () => void {
    // Wrapped, so that one function subscribed twice is unsubscribed once.
    const own = () => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  ready(timeoutMs: number): Promise<IdentitySnapshot> {
    if (this.#snapshot !== undefined) return Promise.resolve(this.#snapshot);
    if (this.#closed) return Promise.reject(this.#unavailable(`: ${this.#reason}`));
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        settle: (outcome) => {
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          if (outcome instanceof SpikeError) reject(outcome);
          else resolve(outcome);
        },
      };
      const timer = setTimeout(
        () => waiter.settle(this.#unavailable(` within ${timeoutMs} ms: ${this.#reason}`)),
        timeoutMs,
      );
      this.#waiters.add(waiter);
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#snapshot = undefined;
    this.#reason = "the source is closed";
    this.#listeners.clear();
    this.#settle(this.#unavailable(`: ${this.#reason}`));
    return Promise.resolve();
  }

  #settle(outcome: IdentitySnapshot | SpikeError): void {
    for (const waiter of [...this.#waiters]) waiter.settle(outcome);
  }

  /** Several changes in one turn are told once: a listener asks `current()` anyway. */
  #announce(): void {
    if (this.#announced) return;
    this.#announced = true;
    queueMicrotask(() => {
      this.#announced = false;
      for (const listener of [...this.#listeners]) listener();
    });
  }

  #unavailable(detail: string): SpikeError {
    return new SpikeError(
      "spiffe_unable_to_fetch_x509_source",
      `No X.509-SVID from ${this.#place}${detail}`,
      { hint: "Check that the SPIFFE agent runs and has an entry for this workload" },
    );
  }
}
