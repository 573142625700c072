import { SpikeError } from "../../lib/api/error.ts";
import type { KeeperStatus } from "../../lib/api/mod.ts";
import { constantTimeEqual, wipe } from "../../lib/seal/mod.ts";
import {
  type Candidate,
  holds,
  type KeeperClient,
  type StampedShard,
} from "../../lib/recovery/mod.ts";
import type { Logger } from "../../lib/telemetry/mod.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface KeeperSyncOptions {
  readonly keepers: readonly KeeperClient[];
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** The shards in force. Throws unless ready. The caller wipes them. */
  readonly shards: () => StampedShard[];
  readonly replaces: () => Uint8Array | undefined;
  /** Called when a keeper has been given a later generation by another Nexus. */
  readonly onNewerGeneration: () => void;
}

/**
 * Asks and feeds the keepers, each on its own, so that one that hangs delays nobody. What it last heard of
 * each is what `status` shows; every change of that is logged once.
 */
export class KeeperSync {
  readonly #options: KeeperSyncOptions;
  readonly #statuses: Mutable<KeeperStatus>[];
  readonly #underWay = new Map<number, Promise<void>>();

  constructor(options: KeeperSyncOptions) {
    this.#options = options;
    this.#statuses = options.keepers.map(({ index, url }) => ({ index, url, state: "unknown" }));
  }

  get statuses(): readonly KeeperStatus[] {
    return this.#statuses;
  }

  /**
   * Asks all keepers at once; `onCandidates` sees everything given so far after each answer and says whether
   * it is enough. Resolves true as soon as it is, so that a keeper that hangs delays no recovery; the late
   * ones are compared by the next `check`.
   */
  async collect(onCandidates: (candidates: Candidate[]) => Promise<boolean>): Promise<boolean> {
    const candidates: Candidate[] = [];
    const outcome = Promise.withResolvers<boolean>();
    let isOver = false;
    let turn = Promise.resolve();
    const asked = this.#options.keepers.map(async (keeper) => {
      const shards = await this.#ask(keeper);
      turn = turn.then(async () => {
        if (isOver) return wipe(...shards.map(({ bytes }) => bytes));
        candidates.push(...shards);
        if (shards.length > 0 && await onCandidates([...candidates])) outcome.resolve(true);
      });
      await turn;
    });
    Promise.all(asked).then(() => outcome.resolve(false), outcome.reject);
    try {
      return await outcome.promise;
    } finally {
      isOver = true;
      for (const { bytes } of candidates) wipe(bytes);
    }
  }

  /** Starts to ask every keeper whether it holds its shard, and to hand it to those that do not. */
  check(): void {
    this.#withShards((keeper, shard) => this.#checkOne(keeper, shard));
  }

  /** Starts to hand every keeper its shard, whatever it holds. */
  push(): void {
    this.#withShards((keeper, shard) => this.#give(keeper, shard));
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  /** A keeper that has not answered the last question is not asked the next one. */
  #withShards(work: (keeper: KeeperClient, shard: StampedShard) => Promise<void>): void {
    const shards = this.#options.shards();
    for (const keeper of this.#options.keepers) {
      const shard = shards[keeper.index - 1];
      if (!shard || this.#underWay.has(keeper.index)) {
        wipe(shard?.bytes);
        continue;
      }
      const done = work(keeper, shard)
        .catch((error) => this.#failed(keeper, error))
        .finally(() => {
          wipe(shard.bytes);
          this.#underWay.delete(keeper.index);
        });
      this.#underWay.set(keeper.index, done);
    }
  }

  async #ask(keeper: KeeperClient): Promise<Candidate[]> {
    try {
      const shards = await keeper.shards();
      if (shards.length === 0) this.#note(keeper, "empty");
      return shards;
    } catch (error) {
      this.#failed(keeper, error);
      return [];
    }
  }

  async #checkOne(keeper: KeeperClient, shard: StampedShard): Promise<void> {
    const probe = await keeper.probe();
    if (!probe) return await this.#compare(keeper, shard);
    if (holds(probe, shard.stamp)) return this.#note(keeper, "ok");
    if (probe.state === "empty") this.#note(keeper, "empty");
    else if (probe.state === "confirmed") this.#note(keeper, "wrong", "It holds another shard");
    await this.#give(keeper, shard);
  }

  /** For keepers that answer no probe: fetches the shard itself. */
  async #compare(keeper: KeeperClient, shard: StampedShard): Promise<void> {
    const [held] = await keeper.shards();
    const isRight = held !== undefined && constantTimeEqual(held.bytes, shard.bytes);
    wipe(held?.bytes);
    if (isRight) return this.#note(keeper, "ok");
    this.#note(keeper, held ? "wrong" : "empty");
    await this.#give(keeper, shard);
  }

  async #give(keeper: KeeperClient, shard: StampedShard): Promise<void> {
    const replaces = this.#options.replaces();
    await keeper.contribute(shard, replaces ? { replaces } : {});
    this.#note(keeper, "ok");
  }

  #failed(keeper: KeeperClient, error: unknown): void {
    if (!(error instanceof SpikeError)) throw error;
    if (error.code === "shard_generation_stale") {
      this.#note(keeper, "wrong", error.message);
      return this.#options.onNewerGeneration();
    }
    const isRefusal = error.code === "shard_held" || error.code === "data_unmarshal_failure";
    this.#note(keeper, isRefusal ? "wrong" : "unreachable", error.message);
  }

  #note(keeper: KeeperClient, state: KeeperStatus["state"], detail?: string): void {
    const status = this.#statuses[keeper.index - 1];
    if (!status) return;
    if (state !== "unreachable") status.lastSeen = new Date(this.#options.clock()).toISOString();
    if (status.state === state && status.detail === detail) return;
    status.state = state;
    if (detail === undefined) delete status.detail;
    else status.detail = detail;
    const level = state === "ok" ? "info" : state === "wrong" ? "error" : "warn";
    const event = state === "wrong" ? "keeper_shard_wrong" : `keeper_${state}`;
    this.#options.log[level](event, {
      keeper: keeper.index,
      url: keeper.url,
      detail: detail ?? null,
    });
  }
}
