import { SpikeError } from "../error/error.ts";
import type { BundleMap, IdentitySnapshot, X509Svid } from "./source.ts";
import type { StartTimer } from "./timer.ts";

/** What a {@link SourceState} is made from. */
export interface SourceStateOptions {
  /** The place identities come from, for messages: "Workload API unix:///run/agent.sock". */
  readonly place: string;
  readonly hint: string;
  readonly now: () => number;
  readonly startTimer: StartTimer;
  /** Called once per change of the reason why there is nothing newer. */
  readonly log: (reason: string) => void;
}

interface Waiter {
  readonly resolve: (snapshot: IdentitySnapshot) => void;
  readonly reject: (error: SpikeError) => void;
}

/**
 * The part that every source shares: one snapshot swapped whole, those who wait for the first one, those
 * who want to hear of the next one, and the reason why there is none.
 *
 * Life: empty → published ⇄ withdrawn → ended (failed or closed); nothing is published after the end.
 */
export class SourceState {
  readonly #listeners = new Set<() => void>();
  readonly #waiters = new Set<Waiter>();
  #snapshot: IdentitySnapshot | undefined;
  #generation = 0;
  #reason = "no answer yet";
  #hint: string | undefined;
  #end: "failed" | "closed" | undefined;
  #isAnnounced = false;

  constructor(private readonly options: SourceStateOptions) {}

  /** Whether there is an identity now. */
  hasSnapshot(): boolean {
    return this.#snapshot !== undefined;
  }

  /** Whether there ever was one. */
  hasEverPublished(): boolean {
    return this.#generation > 0;
  }

  /** As {@link SvidSource.current}. */
  current(): IdentitySnapshot {
    if (this.#end === "closed" || this.#snapshot === undefined) throw this.#unavailable();
    return this.#snapshot;
  }

  /** As {@link SvidSource.subscribe}. */
  subscribe(listener: () => void): () => void {
    // A function of its own, so that one listener given twice is called twice and taken back singly.
    const own = () => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** As {@link SvidSource.ready}. */
  ready(timeoutMs: number): Promise<IdentitySnapshot> {
    if (this.#end !== "closed" && this.#snapshot !== undefined) {
      return Promise.resolve(this.#snapshot);
    }
    if (this.#end !== undefined) return Promise.reject(this.#unavailable());
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        resolve: (snapshot) => {
          stop();
          resolve(snapshot);
        },
        reject: (error) => {
          stop();
          reject(error);
        },
      };
      const stopTimer = this.options.startTimer(
        () => waiter.reject(this.#unavailable(`within ${timeoutMs} ms`)),
        timeoutMs,
      );
      const stop = () => {
        stopTimer();
        this.#waiters.delete(waiter);
      };
      this.#waiters.add(waiter);
    });
  }

  /** Puts a new snapshot in place. */
  publish(svid: X509Svid, bundles: BundleMap): void {
    if (this.#end !== undefined) return;
    this.#generation++;
    const snapshot = {
      svid,
      bundles,
      generation: this.#generation,
      receivedAtMs: this.options.now(),
    };
    this.#snapshot = snapshot;
    this.#reason = "";
    // In this order, or who waited and subscribes then would be told of what it has just received.
    this.#announce();
    for (const waiter of [...this.#waiters]) waiter.resolve(snapshot);
  }

  /** Notes why nothing newer comes, and what to do if that is known; the snapshot stays. */
  report(reason: string, hint?: string): void {
    if (this.#end !== undefined || reason === this.#reason) return;
    this.#reason = reason;
    this.#hint = hint;
    this.options.log(reason);
  }

  /** Takes the identity away. */
  withdraw(reason: string): void {
    this.report(reason);
    if (this.#snapshot === undefined) return;
    this.#snapshot = undefined;
    this.#announce();
  }

  /** No further snapshot will come: whoever waits for one is told. A snapshot already there stays. */
  fail(reason: string): void {
    this.report(reason);
    this.#finish("failed");
  }

  /** The source is closed. */
  close(): void {
    if (this.#end === "closed") return;
    this.#reason = "it was closed";
    this.#finish("closed");
    this.#announce();
  }

  #finish(end: "failed" | "closed"): void {
    this.#end = end;
    for (const waiter of [...this.#waiters]) waiter.reject(this.#unavailable());
  }

  /** Listeners run after the change is complete and outside of whatever caused it. */
  #announce(): void {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    queueMicrotask(() => {
      this.#isAnnounced = false;
      for (const listener of [...this.#listeners]) listener();
    });
  }

  #unavailable(when = ""): SpikeError {
    const { place } = this.options;
    const hint = this.#hint ?? this.options.hint;
    const span = when === "" ? "" : ` ${when}`;
    return new SpikeError(
      "spiffe_unable_to_fetch_x509_source",
      `No X.509-SVID from ${place}${span}: ${this.#reason}`,
      { hint },
    );
  }
}
