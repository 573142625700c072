/** A keeper for tests that lives in this thread, under the real rule, without a network. */
import { SpikeError } from "../error/error.ts";
import { contribute, type HeldShard, type Holding } from "./holding.ts";
import type { KeeperClient } from "./keeper_client.ts";
import type { ContributeOptions } from "./message.ts";
import { encodeProbe, type KeeperProbe } from "./message.ts";
import type { Candidate } from "./rebuild.ts";
import type { StampedShard } from "./shard_set.ts";

/** What a fake keeper does instead of answering. */
export type FakeMood = "well" | "down" | "hanging" | Error;

/** Holds shards as a keeper does; `client` is it as Nexus or Bootstrap sees it. */
export class FakeKeeper {
  holding: Holding = {};
  mood: FakeMood = "well";
  /** What it was asked, in order. */
  readonly asked: string[] = [];
  /** Every array of bytes that left this keeper, to see whether it is wiped. */
  readonly given: Uint8Array[] = [];
  #hanging = Promise.withResolvers<void>();

  /** @param isOriginal supports neither probes nor stamps, and accepts every shard */
  constructor(readonly index: number, readonly isOriginal = false) {}

  /** Resumes every call that hangs. */
  release(): void {
    this.mood = "well";
    this.#hanging.resolve();
    this.#hanging = Promise.withResolvers();
  }

  /** Forgets everything, as a restart does. */
  restart(): void {
    this.holding = {};
  }

  clientFor(from: HeldShard["from"]): KeeperClient {
    return {
      index: this.index,
      url: `https://keeper-${this.index}`,
      shards: () => this.#answer("shards", () => this.#shards()),
      probe: () => this.#answer("probe", () => this.#probe()),
      contribute: (shard, options) =>
        this.#answer("contribute", () => this.#take(from, shard, options)),
    };
  }

  #shards(): Candidate[] {
    const { current, pending } = this.holding;
    return [current, pending].filter((held) => held !== undefined).map(({ bytes, stamp }) => {
      const copy = bytes.slice();
      this.given.push(copy);
      return { keeper: this.index, bytes: copy, ...(stamp ? { stamp } : {}) };
    });
  }

  #probe(): KeeperProbe | undefined {
    return this.isOriginal ? undefined : encodeProbe(this.holding);
  }

  #take(
    from: HeldShard["from"],
    { bytes, stamp }: StampedShard,
    { stage = "current", replaces, isForced = false, abandonsPending = false }: ContributeOptions =
      {},
  ): void {
    const copy = bytes.slice();
    if (copy.every((byte) => byte === 0)) {
      throw new SpikeError("net_peer_connection", "The keeper answered 400");
    }
    if (this.isOriginal) {
      this.holding = { current: { bytes: copy, from } };
      return;
    }
    this.holding = contribute(this.holding, {
      from,
      bytes: copy,
      stamp,
      stage,
      isForced,
      abandonsPending,
      ...(replaces ? { replaces } : {}),
    });
  }

  async #answer<T>(question: string, answer: () => T): Promise<T> {
    this.asked.push(question);
    if (this.mood === "down") {
      throw new SpikeError("net_peer_connection", `Cannot reach https://keeper-${this.index}`);
    }
    if (this.mood instanceof Error) throw this.mood;
    if (this.mood === "hanging") await this.#hanging.promise;
    return answer();
  }
}
