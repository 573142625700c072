import type { RestoreProgress } from "../api/result.ts";
import { SpikeError } from "../error/error.ts";
import type { Candidate, CommittedSet } from "../recovery/mod.ts";
import { wipe } from "../bytes/mod.ts";

/** Shards that were handed in by people are forgotten when the next one does not come within this time. */
const PATIENCE_MS = 15 * 60_000;

/** What a store knows about a single shard. */
export type Recognised =
  /** The store has no commitments. */
  | { readonly kind: "unknown" }
  | { readonly kind: "wrong" }
  /** Of a set of the root key that opens the store, in force or not. */
  | { readonly kind: "right"; readonly set: CommittedSet; readonly isPast: boolean }
  /** Of a set of a root key that was replaced. */
  | { readonly kind: "older-root"; readonly generation: number };

/** What `RestoreCollection` works with. */
export interface RestoreOptions {
  /** Shards needed where the store cannot identify their set. */
  readonly threshold: () => Promise<number>;
  /** Compares a shard with the sets that the store knows. */
  readonly recognise: (index: number, shard: Uint8Array) => Promise<Recognised>;
  /** Tries to rebuild and install the root key. */
  readonly offer: (candidates: readonly Candidate[]) => Promise<boolean>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

export type { RestoreProgress } from "../api/result.ts";

/** What was collected of one set. */
interface Collected {
  /** Absent where the store cannot identify the set. */
  readonly set?: CommittedSet;
  readonly shards: Map<number, Uint8Array>;
}

/**
 * Collects recovery shards one by one, by sets, until those of one rebuild the root key. A shard that the store knows
 * to be wrong is rejected at once; a set that rebuilds no key is dropped, so that a second attempt starts clean.
 *
 * Shards of an earlier generation are accepted as well, among themselves: they rebuild the same root key, and may be
 * the only ones that custodians kept.
 */
export class RestoreCollection {
  readonly #options: RestoreOptions;
  /** By set id. */
  readonly #sets = new Map<string, Collected>();
  #lastMs = 0;

  /** Collects nothing yet. */
  constructor(options: RestoreOptions) {
    this.#options = options;
  }

  /**
   * Adds a shard, and offers the set once it is complete.
   *
   * @throws SpikeError `api_bad_request` for a wrong shard or a set that rebuilds nothing, `shard_of_older_root` for
   *   one that opened this store once and does not any more
   */
  async add(index: number, shard: Uint8Array): Promise<RestoreProgress> {
    this.expire();
    this.#lastMs = this.#options.clock();
    const recognised = await this.#options.recognise(index, shard);
    refuseWrong(recognised, index);
    const collected = this.#setOf(recognised);
    const { set, shards } = collected;
    // A repeated shard replaces the first, which it may correct.
    wipe(shards.get(index));
    shards.set(index, shard.slice());
    const needed = set?.threshold ?? await this.#options.threshold();
    const remaining = needed - shards.size;
    if (remaining <= 0) return await this.#finish(collected);
    const isPast = recognised.kind === "right" && recognised.isPast;
    return {
      collected: shards.size,
      remaining,
      restored: false,
      ...(isPast ? { generation: set?.generation ?? 0 } : {}),
    };
  }

  /** Zeroes and drops the collected shards. */
  clear(): void {
    for (const { shards } of this.#sets.values()) wipe(...shards.values());
    this.#sets.clear();
  }

  /** Drops the collected shards when the last one came too long ago. */
  expire(): void {
    if (this.#options.clock() - this.#lastMs > PATIENCE_MS) this.clear();
  }

  #setOf(recognised: Recognised): Collected {
    const set = recognised.kind === "right" ? recognised.set : undefined;
    const key = set?.setId.toHex() ?? "";
    const known = this.#sets.get(key);
    if (known) return known;
    const collected = { shards: new Map<number, Uint8Array>(), ...(set ? { set } : {}) };
    this.#sets.set(key, collected);
    return collected;
  }

  async #finish(from: Collected): Promise<RestoreProgress> {
    const collected = from.shards.size;
    let isRestored: boolean;
    try {
      isRestored = await this.#options.offer(candidatesOf(from));
    } finally {
      this.clear();
    }
    if (isRestored) return { collected, remaining: 0, restored: true };
    throw new SpikeError(
      "api_bad_request",
      `The ${collected} shards do not rebuild the root key of this store`,
      {
        hint: "The collected shards were dropped; start again with shards of one recovery export",
      },
    );
  }
}

function candidatesOf({ set, shards }: Collected): Candidate[] {
  return [...shards].map(([keeper, bytes]) => {
    const commitment = set?.commitments[keeper - 1];
    if (!set || !commitment) return { keeper, bytes };
    const { scheme, setId, generation, threshold, shares } = set;
    const stamp = { scheme, setId, generation, threshold, shares, index: keeper, commitment };
    return { keeper, bytes, stamp };
  });
}

function refuseWrong(recognised: Recognised, index: number): void {
  if (recognised.kind === "wrong") {
    throw new SpikeError("api_bad_request", `Shard ${index} is not a shard of this store`, {
      hint: "Check for a typing error, or for a shard of another system",
    });
  }
  if (recognised.kind === "older-root") {
    throw new SpikeError(
      "shard_of_older_root",
      `Shard ${index} is of generation ${recognised.generation}, of a root key that was replaced`,
    );
  }
}
