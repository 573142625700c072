import { SpikeError } from "../../lib/api/error.ts";
import type { Candidate } from "../../lib/recovery/mod.ts";
import { wipe } from "../../lib/seal/mod.ts";
import type { RestoreProgress } from "./core_port.ts";

/** Shards that were handed in by people are forgotten when the next one does not come within this time. */
const PATIENCE_MS = 15 * 60_000;

export interface RestoreOptions {
  /** Shards needed, as the store says now. */
  readonly threshold: () => Promise<number>;
  /** False for a shard that the store knows to be wrong, undefined where it cannot tell. */
  readonly isRight: (index: number, shard: Uint8Array) => Promise<boolean | undefined>;
  /** Tries to rebuild and install the root key. */
  readonly offer: (candidates: readonly Candidate[]) => Promise<boolean>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/**
 * Collects recovery shards one by one until they rebuild the root key. A shard that the store knows to be
 * wrong is refused at once; a set that rebuilds nothing is thrown away, so that a second try starts clean.
 */
export class RestoreCollection {
  readonly #options: RestoreOptions;
  readonly #shards = new Map<number, Uint8Array>();
  #lastMs = 0;

  constructor(options: RestoreOptions) {
    this.#options = options;
  }

  /** @throws SpikeError `api_bad_request` for a wrong shard or a set that rebuilds nothing */
  async add(index: number, shard: Uint8Array): Promise<RestoreProgress> {
    this.expire();
    this.#lastMs = this.#options.clock();
    if (await this.#options.isRight(index, shard) === false) {
      throw new SpikeError("api_bad_request", `Shard ${index} is not a shard of this store`, {
        hint: "Check for a typing error, or for a shard of an older generation",
      });
    }
    // Given again, the later one counts: it may correct the first.
    wipe(this.#shards.get(index));
    this.#shards.set(index, shard.slice());
    const remaining = await this.#options.threshold() - this.#shards.size;
    if (remaining > 0) return { collected: this.#shards.size, remaining, restored: false };
    return await this.#finish();
  }

  /** Forgets and zeroes what was collected. */
  clear(): void {
    wipe(...this.#shards.values());
    this.#shards.clear();
  }

  /** Forgets what was collected when the last shard came too long ago. */
  expire(): void {
    if (this.#options.clock() - this.#lastMs > PATIENCE_MS) this.clear();
  }

  async #finish(): Promise<RestoreProgress> {
    const collected = this.#shards.size;
    const candidates = [...this.#shards].map(([keeper, bytes]) => ({ keeper, bytes }));
    let isRestored: boolean;
    try {
      isRestored = await this.#options.offer(candidates);
    } finally {
      this.clear();
    }
    if (isRestored) return { collected, remaining: 0, restored: true };
    throw new SpikeError(
      "api_bad_request",
      `The ${collected} shards do not rebuild the root key of this store`,
      {
        hint: "All were forgotten; start again with shards of one recovery export",
      },
    );
  }
}
