import type { BundleMap, IdentitySnapshot, SvidSource, X509Svid } from "./source.ts";
import { SourceState } from "./source_state.ts";
import { startRealTimer } from "./timer.ts";

const HINT = "Check that the SPIFFE agent runs and has an entry for this workload";

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
  readonly #state: SourceState;
  #isClosed = false;

  /** `place` names the source in messages; `now` gives milliseconds since the epoch. */
  constructor(
    initial?: { readonly svid: X509Svid; readonly bundles: BundleMap },
    options: { readonly place?: string; readonly now?: () => number } = {},
  ) {
    const { place = "memory", now = Date.now } = options;
    const log = () => {};
    this.#state = new SourceState({ place, hint: HINT, now, startTimer: startRealTimer, log });
    if (initial !== undefined) this.set(initial.svid, initial.bundles);
  }

  /** Swaps the whole state. Throws an Error after close: the owner has lost track of its life. */
  set(svid: X509Svid, bundles: BundleMap): void {
    if (this.#isClosed) throw new Error("set() on a closed source");
    this.#state.publish(svid, bundles);
  }

  /** Drops the identity; `current()` throws with `reason` until the next `set()`. */
  withdraw(reason: string): void {
    this.#state.withdraw(reason);
  }

  current(): IdentitySnapshot {
    return this.#state.current();
  }

  subscribe(listener: () => void): () => void {
    return this.#state.subscribe(listener);
  }

  ready(timeoutMs: number): Promise<IdentitySnapshot> {
    return this.#state.ready(timeoutMs);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#state.close();
    return Promise.resolve();
  }
}
