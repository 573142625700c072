import type { Authority } from "./authority.ts";
import type { SpiffeId, TrustDomain } from "../spiffe/id.ts";
import type { X509Svid } from "../spiffe/source.ts";
import { startRealTimer, type StartTimer } from "../spiffe/timer.ts";
import type { WorkloadAnswer, WorkloadIdentity } from "../workload_api/answer.ts";

/** What an issuer is made from. */
export interface IssuerOptions {
  readonly authority: Authority;
  readonly id: SpiffeId;
  /** Life of each SVID; it is renewed at half of it. */
  readonly ttlMs: number;
  readonly hint?: string;
  /** Authorities of other trust domains whose anchors are handed out too. */
  readonly federated?: readonly Authority[];
  /** From 0 inclusive to 1 exclusive, for jitter. */
  readonly random?: () => number;
  readonly startTimer?: StartTimer;
  /** Called when a renewal fails; the former SVID stays and the renewal is tried again. */
  readonly log?: (reason: string) => void;
}

/** One identity, kept fresh. */
export interface Issuer extends WorkloadIdentity {
  /** Issues a new SVID now, as if half of the life of the former one had passed. */
  renew(): Promise<void>;
  /** Takes the identity away until the next `renew()`. */
  withdraw(): void;
  /** Stops the renewals. */
  close(): void;
}

const JITTER = 0.1;

/**
 * Keeps an SVID for one ID fresh, for {@link serveWorkloadApi}. Resolves when the first one is issued.
 *
 * It renews at half life, give or take a tenth, and passes on every change of anchors at once. A rotated
 * key of the authority signs from the next renewal on, so that the new anchor is everywhere before it.
 */
export async function createIssuer(options: IssuerOptions): Promise<Issuer> {
  const issuer = new FreshIdentity({
    hint: "",
    federated: [],
    random: Math.random,
    startTimer: startRealTimer,
    log: () => {},
    ...options,
  });
  await issuer.renew();
  return issuer;
}

class FreshIdentity implements Issuer {
  readonly #listeners = new Set<() => void>();
  readonly #unsubscribe: readonly (() => void)[];
  #svid: X509Svid | undefined;
  #stopTimer: () => void = () => {};
  #isClosed = false;
  /** Counts withdrawals, so that a renewal begun before one does not undo it. */
  #withdrawals = 0;

  constructor(private readonly options: Required<IssuerOptions>) {
    const authorities = [options.authority, ...options.federated];
    this.#unsubscribe = authorities.map((one) => one.subscribe(() => this.#notify()));
  }

  current(): WorkloadAnswer | undefined {
    if (this.#svid === undefined) return undefined;
    const bundles = new Map<TrustDomain, readonly Uint8Array[]>();
    // Its own authority last: nobody else's anchors stand in for its trust domain.
    for (const authority of [...this.options.federated, this.options.authority]) {
      bundles.set(authority.trustDomain, authority.anchors());
    }
    return { svids: [this.#svid], bundles };
  }

  subscribe(listener: () => void): () => void {
    const own = () => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  async renew(): Promise<void> {
    const { authority, id, ttlMs, hint } = this.options;
    const withdrawals = this.#withdrawals;
    const svid = await authority.issue(id, ttlMs, { hint });
    if (this.#isClosed || withdrawals !== this.#withdrawals) return;
    this.#svid = svid;
    this.#schedule();
    this.#notify();
  }

  withdraw(): void {
    this.#withdrawals++;
    this.#stopTimer();
    this.#svid = undefined;
    this.#notify();
  }

  close(): void {
    this.#isClosed = true;
    this.#stopTimer();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
  }

  #schedule(): void {
    const { ttlMs, random, startTimer, log } = this.options;
    this.#stopTimer();
    const delayMs = Math.round(ttlMs / 2 * (1 - JITTER + 2 * JITTER * random()));
    this.#stopTimer = startTimer(() => {
      this.renew().catch((error: Error) => {
        log(`SVID for ${this.options.id} is not renewed: ${error.message}`);
        if (!this.#isClosed) this.#schedule();
      });
    }, delayMs);
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
