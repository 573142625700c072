import { setImmediate } from "node:timers";
import type { StoreTx } from "./port.ts";
import { closed } from "./refusal.ts";

/** A transaction inside a commit that may still be undone alone. */
export interface OpenTx {
  readonly tx: StoreTx;
  /** Makes its effects part of the commit. */
  keep(): void;
  /** Undoes its effects, and only those. Throws when the storage rolled back the whole commit. */
  undo(reason: unknown): void;
}

/** The storage side of the queue. The queue calls in this order and never concurrently. */
export interface CommitEngine {
  /** Opens a commit; returns the revision of the one before. */
  begin(): number;
  open(revision: number): OpenTx;
  /** Makes everything kept durable. */
  commit(revision: number): void;
  /** Undoes everything since `begin`; does nothing outside a commit. */
  rollback(): void;
}

interface Job {
  /** Does the work; the returned function settles the caller once the commit is durable. */
  run(tx: StoreTx): Promise<() => void>;
  reject(reason: unknown): void;
}

/** Bounds how long the first of a group waits for the last. */
const MAX_GROUP = 256;

/**
 * Serialises write transactions and groups those that wait together into one durable commit.
 *
 * One turn of the event loop passes before a commit begins, so that it contains everything that the same turn delivers.
 * On a busy server this forms the groups; there is no timer.
 */
export class CommitQueue {
  readonly #engine: CommitEngine;
  #jobs: Job[] = [];
  #pauses: (() => void)[] = [];
  #draining: Promise<void> | undefined;
  #isClosed = false;

  constructor(engine: CommitEngine) {
    this.#engine = engine;
  }

  /** Queues one transaction; see `Store.write`. */
  add<T>(work: (tx: StoreTx) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#refuseWhenClosed();
      const run = async (tx: StoreTx) => {
        const value = await work(tx);
        return () => resolve(value);
      };
      this.#jobs.push({ run, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** Runs `work` when no commit is open. */
  between<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#refuseWhenClosed();
      this.#pauses.push(() => {
        try {
          resolve(work());
        } catch (reason) {
          reject(reason);
        }
      });
      this.#draining ??= this.#drain();
    });
  }

  /** Rejects later transactions; resolves when everything queued is done. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#draining;
  }

  #refuseWhenClosed(): void {
    if (this.#isClosed) throw closed();
  }

  async #drain(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#jobs.length > 0 || this.#pauses.length > 0) {
      for (const pause of this.#pauses.splice(0)) pause();
      if (this.#jobs.length > 0) await this.#commit(this.#jobs.splice(0, MAX_GROUP));
    }
    this.#draining = undefined;
  }

  /** Callers are settled only after the commit: even a rejection may depend on what the commit stores. */
  async #commit(group: readonly Job[]): Promise<void> {
    const outcomes: (() => void)[] = [];
    try {
      let revision = this.#engine.begin();
      const before = revision;
      for (const job of group) {
        const outcome = await this.#run(job, revision + 1);
        if (outcome.isKept) revision++;
        outcomes.push(outcome.settle);
      }
      if (revision > before) this.#engine.commit(revision);
      else this.#engine.rollback();
    } catch (reason) {
      this.#engine.rollback();
      for (const job of group) job.reject(reason);
      return;
    }
    for (const settle of outcomes) settle();
  }

  async #run(job: Job, revision: number): Promise<{ isKept: boolean; settle: () => void }> {
    const open = this.#engine.open(revision);
    let settle: () => void;
    try {
      settle = await job.run(open.tx);
    } catch (reason) {
      open.undo(reason);
      return { isKept: false, settle: () => job.reject(reason) };
    }
    open.keep();
    return { isKept: true, settle };
  }
}
