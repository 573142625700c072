import type { RequestEntry } from "./entry.ts";

/** How many refused requests are recorded singly. */
export interface RefusalLimits {
  /** Of one caller in an interval. Default 20. */
  readonly singly?: number;
  /** Of all callers in an interval. Default 200. */
  readonly singlyInAll?: number;
  /** Default 10 s. */
  readonly intervalMs?: number;
  /** Callers that are told apart; further ones are summed by trust domain. Default 1,000. */
  readonly callers?: number;
}

const DEFAULTS = { singly: 20, singlyInAll: 200, intervalMs: 10_000, callers: 1_000 };
/** Kinds told apart in one sum. Operations and codes are closed lists; nobody makes a sum long. */
const KINDS = 32;

/** What one caller was refused in an interval. */
interface Bucket {
  readonly caller: RequestEntry["caller"];
  singles: number;
  /** The first that was not recorded singly. */
  first?: RequestEntry;
  count: number;
  untilMs: number;
  readonly kinds: Map<string, number>;
}

/**
 * Decides which refused requests are recorded singly, and sums up the others by caller and interval: who is let through
 * nowhere cannot make a Nexus write at its own pace, and what it did is recorded all the same.
 */
export class Refusals {
  readonly #limits: Required<RefusalLimits>;
  readonly #clock: () => number;
  #buckets = new Map<string, Bucket>();
  #singles = 0;
  #endMs = 0;

  /** `clock` in milliseconds. */
  constructor(clock: () => number, limits: RefusalLimits = {}) {
    this.#clock = clock;
    this.#limits = { ...DEFAULTS, ...limits };
  }

  /** How long the present interval goes on. */
  get remainingMs(): number {
    return Math.max(0, this.#endMs - this.#clock());
  }

  /** Whether the interval is over, so that {@linkcode takeSums} is due before anything else is counted. */
  get isOver(): boolean {
    return this.#clock() >= this.#endMs;
  }

  /** True when the refused request is to be recorded singly; otherwise it, or all that it sums up, is counted. */
  take(entry: RequestEntry): boolean {
    if (this.#buckets.size === 0) this.#endMs = this.#clock() + this.#limits.intervalMs;
    const bucket = this.#bucketOf(entry);
    const { singly, singlyInAll } = this.#limits;
    if (bucket.singles < singly && this.#singles < singlyInAll) {
      bucket.singles++;
      this.#singles++;
      return true;
    }
    bucket.first ??= entry;
    const { count, untilMs, kinds } = entry.sum ??
      { count: 1, untilMs: entry.timeMs, kinds: { [kindOf(entry)]: 1 } };
    bucket.count += count;
    bucket.untilMs = Math.max(bucket.untilMs, untilMs);
    for (const [kind, of] of Object.entries(kinds)) {
      const known = bucket.kinds.has(kind) || bucket.kinds.size < KINDS ? kind : "other";
      bucket.kinds.set(known, (bucket.kinds.get(known) ?? 0) + of);
    }
    return false;
  }

  /** Ends the interval; answers one record for each caller of which something was counted. */
  takeSums(): RequestEntry[] {
    const sums = [...this.#buckets.values()].flatMap(sumOf);
    this.#buckets = new Map();
    this.#singles = 0;
    return sums;
  }

  #bucketOf({ caller }: RequestEntry): Bucket {
    const { id, trustDomain, via } = caller;
    const own = `${id} ${via ?? ""}`;
    const isKnown = this.#buckets.has(own) || this.#buckets.size < this.#limits.callers;
    const key = isKnown ? own : trustDomain;
    const found = this.#buckets.get(key);
    if (found) return found;
    const everybody = { id: `spiffe://${trustDomain}` as typeof id, trustDomain, serial: "" };
    const bucket = {
      caller: isKnown ? caller : everybody,
      singles: 0,
      count: 0,
      untilMs: 0,
      kinds: new Map(),
    };
    this.#buckets.set(key, bucket);
    return bucket;
  }
}

/** Whether a request was refused to somebody whom nothing lets through. */
export function isRefusal({ grant }: RequestEntry): boolean {
  return grant === undefined;
}

function kindOf({ operation, subject, code, status }: RequestEntry): string {
  return `${operation ?? subject.names?.["fault"] ?? "none"} ${code ?? status}`;
}

function sumOf({ caller, first, count, untilMs, kinds }: Bucket): RequestEntry[] {
  if (first === undefined) return [];
  const { correlation, server, status, code, timeMs } = first;
  return [{
    correlation,
    server,
    caller,
    operation: null,
    subject: {},
    status,
    ...(code === undefined ? {} : { code }),
    timeMs,
    durationUs: Math.max(0, untilMs - timeMs) * 1000,
    sum: { count, untilMs, kinds: Object.fromEntries([...kinds].sort()) },
  }];
}
