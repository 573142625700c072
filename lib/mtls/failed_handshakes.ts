import { type Logger, meter } from "../telemetry/mod.ts";

/** Failures of one address that nothing follows from, when they come at once. */
const BURST = 128;
/** Failures of one address per second that nothing follows from in the long run. */
const PER_SECOND = 4;
/** Most addresses that are remembered; a flood of them evicts those that were limited first. */
const MOST_ADDRESSES = 4096;
const QUIET_MS = 60_000;
/**
 * Signature checks that may fail in one chain from a limited address. A peer whose certificates carry key identifiers
 * needs none, so honest peers behind that address still get in; two are for an authority under renewal.
 */
const MOST_FAILURES = 2;

interface Bucket {
  tokens: number;
  atMs: number;
  /** Failures since the last line in the log. */
  unlogged: number;
  loggedAtMs: number;
}

/**
 * Failed handshakes by address, a token bucket each. An address that has emptied its own is limited: chains from it that
 * are not known already are verified with few signature checks, and their refusals are logged in sum. It is never
 * shut out, since honest peers may be behind the same address.
 */
export class FailedHandshakes {
  readonly #buckets = new Map<string, Bucket>();

  /** `clock` in milliseconds. */
  constructor(private readonly log: Logger, private readonly clock: () => number) {}

  /** What a verification of an unknown chain from this address may cost. */
  limitsFor(remote: string | undefined): { readonly mostFailures?: number } {
    const bucket = this.#buckets.get(networkOf(remote));
    if (bucket === undefined) return {};
    this.#refill(bucket);
    return bucket.tokens < 1 ? { mostFailures: MOST_FAILURES } : {};
  }

  /** Counts a failure; false when it is one of so many that only their number is logged, which is done here. */
  note(remote: string | undefined): boolean {
    const address = networkOf(remote);
    const bucket = this.#bucketOf(address);
    this.#refill(bucket);
    if (bucket.tokens >= 1) {
      bucket.tokens--;
      return true;
    }
    meter.count("spike_handshakes_limited_total", {});
    bucket.unlogged++;
    const now = this.clock();
    if (Math.abs(now - bucket.loggedAtMs) >= QUIET_MS) {
      this.log.warn("handshakes_limited", { address, failures: bucket.unlogged });
      bucket.unlogged = 0;
      bucket.loggedAtMs = now;
    }
    return false;
  }

  #bucketOf(address: string): Bucket {
    const known = this.#buckets.get(address);
    if (known !== undefined) return known;
    const fresh = { tokens: BURST, atMs: this.clock(), unlogged: 0, loggedAtMs: -Infinity };
    if (this.#buckets.size >= MOST_ADDRESSES) {
      this.#buckets.delete(this.#buckets.keys().next().value ?? "");
    }
    this.#buckets.set(address, fresh);
    return fresh;
  }

  #refill(bucket: Bucket): void {
    const now = this.clock();
    // A clock that was set back gives nothing.
    const seconds = Math.max(0, now - bucket.atMs) / 1000;
    bucket.tokens = Math.min(BURST, bucket.tokens + seconds * PER_SECOND);
    bucket.atMs = now;
  }
}

/** What counts as one address: of IPv6 its first 64 bits, which are one customer's. */
export function networkOf(remote: string | undefined): string {
  if (remote === undefined) return "unknown";
  const bare = remote.replace(/%.*$/, "");
  if (bare.includes(".")) return bare.slice(bare.lastIndexOf(":") + 1);
  if (!bare.includes(":")) return bare;
  const [head = "", tail] = bare.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  return `${[...before, ...zeros, ...after].slice(0, 4).join(":")}::/64`;
}
