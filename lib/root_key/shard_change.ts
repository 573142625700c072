import type { ShardChanged, ShardChangeKind } from "../api/result.ts";
import { SpikeError } from "../error/error.ts";
import type { KeeperClient, StampedShard } from "../recovery/mod.ts";
import { constantTimeEqual, wipe } from "../bytes/mod.ts";
import type { Logger } from "../telemetry/mod.ts";
import { within } from "../async/deadline.ts";
import type { Successor } from "./successor.ts";
import type { Serial } from "../async/serial.ts";

export type { ShardChangeKind as ChangeKind } from "../api/result.ts";

/** What an operator asks for. */
export interface ChangeRequest {
  /** Kind of the change. */
  readonly kind: ShardChangeKind;
  /** Generation that the caller believes to be in force, so that a repeated request changes nothing twice. */
  readonly generation: number;
  /** Absent: as it is. */
  readonly threshold?: number;
  /** Absent: as it is. */
  readonly shares?: number;
  /** The caller accepts that keepers without a second slot make a crash costly. */
  readonly acceptsSingleSlot: boolean;
  /** The caller accepts a threshold of 1. */
  readonly allowsThresholdOne: boolean;
}

export type { ShardChanged as ChangeOutcome } from "../api/result.ts";

/** Places at which a change can be cut off; for tests. */
export type ChangeStep =
  | "surveyed"
  | "planned"
  | `prepare ${number}`
  | "prepared"
  | "committed"
  | `promote ${number}`
  | "promoted";

/** What `ShardChange` works with. */
export interface ShardChangeOptions {
  /** Clients of all keepers, by position. */
  readonly keepers: readonly KeeperClient[];
  /** See `KeyControl`. */
  readonly control: {
    /** Throws `root_key_missing` unless ready. */
    readonly present: {
      readonly generation: number;
      readonly threshold: number;
      readonly shares: number;
    };
    plan(change: SuccessorPlan): Successor;
    shardsOfSuccessor(successor: Successor): StampedShard[];
    /** To be called in turn. */
    commit(successor: Successor): Promise<number>;
    abandon(): void;
  };
  /** Keeps the watch over the keepers still while their shards change. */
  readonly sync: { pause(): Promise<void>; resume(): void };
  /** Whether the shards in force were exported. */
  readonly isExported: () => Promise<boolean>;
  /** Changes of the root key, one after the other. */
  readonly inTurn: Serial;
  /** Where the steps are logged. */
  readonly log: Logger;
  /** How long all keepers together may take before the commit, and after it. */
  readonly patienceMs?: { readonly before: number; readonly after: number };
  /** Called at each step; an error that it throws ends the change there, as a crash would. */
  readonly reached?: (step: ChangeStep) => void | Promise<void>;
}

/** Arguments of `plan`. */
export interface SuccessorPlan {
  /** Generation that the caller believes to be in force. */
  readonly generation: number;
  /** Shards that rebuild the root key from now on. */
  readonly threshold: number;
  /** Shards of the new set. */
  readonly shares: number;
  /** Whether the root key is replaced as well. */
  readonly isNewRoot: boolean;
  /** Whether a threshold of 1 is accepted. */
  readonly allowsThresholdOne: boolean;
}

/** By default a caller waits ten seconds for the head of an answer. */
const PATIENCE_MS = { before: 7_000, after: 1_500 };

/**
 * Replaces the shards that keepers hold, while Nexus serves: prepare on every keeper, commit in the store, promote.
 *
 * Until the commit the old shards are in force and every keeper still has its own; from the commit on the new ones
 * are, and every keeper has them already. So Nexus can crash at any moment: the store's key check decides which of the
 * two is in force. A keeper drops its old shard only on promotion, which the watch completes after a crash.
 */
export class ShardChange {
  readonly #options: ShardChangeOptions;
  #isUnderWay = false;

  /** Changes nothing yet. */
  constructor(options: ShardChangeOptions) {
    this.#options = options;
  }

  /**
   * Carries out one change.
   *
   * @throws SpikeError `keeper_not_placed` when a keeper cannot be prepared: nothing was changed;
   *   `keeper_single_slot` or `recovery_not_exported` when a keeper has no second slot
   */
  async run(request: ChangeRequest): Promise<ShardChanged> {
    if (this.#isUnderWay) {
      throw new SpikeError("shard_set_changed", "Another change of the shards is under way");
    }
    this.#isUnderWay = true;
    const { sync } = this.#options;
    try {
      await sync.pause();
      return await this.#run(request);
    } finally {
      sync.resume();
      this.#isUnderWay = false;
    }
  }

  async #run(request: ChangeRequest): Promise<ShardChanged> {
    const { control, inTurn, log } = this.#options;
    const { before, after } = this.#options.patienceMs ?? PATIENCE_MS;
    const deadline = within(before);
    try {
      const present = this.#judge(request);
      const { threshold = present.threshold, shares = present.shares } = request;
      const keepers = this.#options.keepers.slice(0, shares);
      const survey = await this.#survey(keepers, deadline);
      await this.#refuseSingleSlots(survey, request);
      await this.#reached("surveyed");
      const successor = await inTurn(() =>
        Promise.resolve(control.plan({
          generation: Math.max(present.generation, ...survey.map(({ newest }) => newest)) + 1,
          threshold,
          shares,
          isNewRoot: request.kind === "rotate-root",
          allowsThresholdOne: request.allowsThresholdOne,
        }))
      );
      await this.#reached("planned");
      await this.#prepare(survey, successor, deadline);
      await this.#reached("prepared");
      const shards = control.shardsOfSuccessor(successor);
      try {
        const keks = await inTurn(() => control.commit(successor));
        const { generation } = successor.set;
        log.info("shard_set_changed", { kind: request.kind, generation, threshold, shares, keks });
        await this.#reached("committed");
        const promoted = await this.#promote(keepers, shards, after);
        await this.#reached("promoted");
        return { generation, threshold, shares, promoted, keks };
      } finally {
        wipe(...shards.map(({ bytes }) => bytes));
      }
    } finally {
      deadline.end();
      control.abandon();
    }
  }

  #judge({ generation, shares }: ChangeRequest) {
    const { present } = this.#options.control;
    if (generation !== present.generation) {
      throw new SpikeError(
        "shard_set_changed",
        `Generation ${present.generation} is in force, not ${generation}`,
      );
    }
    const listed = this.#options.keepers.length;
    const wanted = shares ?? present.shares;
    if (wanted > listed) {
      throw new SpikeError(
        "keepers_too_few",
        `${wanted} shares need as many keepers, and ${listed} are listed`,
      );
    }
    return present;
  }

  /** Probes every keeper. One that cannot be probed cannot be prepared either. */
  async #survey(keepers: readonly KeeperClient[], deadline: Deadline): Promise<Surveyed[]> {
    return await this.#all(keepers, deadline, async (keeper) => {
      const probe = await keeper.probe();
      const newest = Math.max(probe?.generation ?? 0, probe?.pendingGeneration ?? 0);
      return { keeper, newest, hasTwoSlots: probe !== undefined };
    });
  }

  /**
   * A keeper without a second slot loses its old shard with the first new one it is given: until all have theirs, a
   * crash may leave too few of either kind. Then only exported shards restore the key.
   */
  async #refuseSingleSlots(survey: readonly Surveyed[], request: ChangeRequest): Promise<void> {
    const single = survey.filter(({ hasTwoSlots }) => !hasTwoSlots);
    if (single.length === 0) return;
    const which = single.map(({ keeper }) => keeper.index).join(", ");
    if (!request.acceptsSingleSlot) {
      throw new SpikeError("keeper_single_slot", `Keeper ${which} holds one shard at a time`);
    }
    if (await this.#options.isExported()) return;
    throw new SpikeError("recovery_not_exported", "The shards in force were never exported");
  }

  /** Hands every keeper its new shard beside the old one, and checks that it is stored. */
  async #prepare(
    survey: readonly Surveyed[],
    successor: Successor,
    deadline: Deadline,
  ): Promise<void> {
    const shards = this.#options.control.shardsOfSuccessor(successor);
    const of = new Map(survey.map((surveyed) => [surveyed.keeper.index, surveyed]));
    try {
      await this.#all(survey.map(({ keeper }) => keeper), deadline, async (keeper) => {
        const shard = shards[keeper.index - 1];
        if (!shard) throw new Error(`There is no shard ${keeper.index}`);
        await this.#reached(`prepare ${keeper.index}`);
        const stage = of.get(keeper.index)?.hasTwoSlots ? "pending" : "current";
        await keeper.contribute(shard, { stage });
        // Its answer alone does not prove that it holds the shard.
        const held = await keeper.shards();
        const isThere = held.some(({ bytes }) => constantTimeEqual(bytes, shard.bytes));
        wipe(...held.map(({ bytes }) => bytes));
        if (!isThere) {
          throw new SpikeError("recovery_failed", "It does not hold the shard that it accepted");
        }
      });
    } finally {
      // A late call to a keeper still sends from these; the keeper rejects or drops what it sends.
      wipe(...shards.map(({ bytes }) => bytes));
    }
  }

  /** Puts the new shard in force on every keeper that answers in time. */
  async #promote(
    keepers: readonly KeeperClient[],
    shards: readonly StampedShard[],
    patienceMs: number,
  ): Promise<number[]> {
    const deadline = within(patienceMs);
    const promoted: number[] = [];
    const promote = async (keeper: KeeperClient) => {
      const shard = shards[keeper.index - 1];
      if (!shard) throw new Error(`There is no shard ${keeper.index}`);
      await this.#reached(`promote ${keeper.index}`);
      await deadline.of(keeper.contribute(shard));
      promoted.push(keeper.index);
    };
    const outcomes = await Promise.allSettled(keepers.map(promote));
    deadline.end();
    for (const outcome of outcomes) {
      // The watch promotes the keepers that were not reached, and logs why they were not.
      if (outcome.status === "rejected" && !(outcome.reason instanceof SpikeError)) {
        throw outcome.reason;
      }
    }
    return promoted.sort((a, b) => a - b);
  }

  /** Asks all keepers at once. When one fails all have been asked, and every failure is in the log. */
  async #all<T>(
    keepers: readonly KeeperClient[],
    deadline: Deadline,
    work: (keeper: KeeperClient) => Promise<T>,
  ): Promise<T[]> {
    const outcomes = await Promise.allSettled(keepers.map((keeper) => deadline.of(work(keeper))));
    const failed: number[] = [];
    const done: T[] = [];
    outcomes.forEach((outcome, i) => {
      if (outcome.status === "fulfilled") return void done.push(outcome.value);
      const { reason } = outcome;
      if (!(reason instanceof SpikeError)) throw reason;
      const { index = 0, url = "" } = keepers[i] ?? {};
      this.#options.log.error("keeper_not_prepared", {
        keeper: index,
        url,
        detail: reason.message,
      });
      failed.push(index);
    });
    if (failed.length === 0) return done;
    throw new SpikeError(
      "keeper_not_placed",
      `Keeper ${failed.join(", ")} cannot be given a new shard; nothing was changed`,
    );
  }

  async #reached(step: ChangeStep): Promise<void> {
    await this.#options.reached?.(step);
  }
}

type Deadline = ReturnType<typeof within>;

interface Surveyed {
  readonly keeper: KeeperClient;
  /** Highest generation it holds, 0 when none. */
  readonly newest: number;
  readonly hasTwoSlots: boolean;
}
