import { SpikeError } from "../error/error.ts";
import type { KeeperStatus } from "../api/mod.ts";
import { constantTimeEqual, wipe } from "../bytes/mod.ts";
import {
  type Candidate,
  type Complaint,
  type ContributeOptions,
  holds,
  type KeeperClient,
  type KeeperProbe,
  type ShardStamp,
  type StampedShard,
} from "../recovery/mod.ts";
import type { Logger } from "../telemetry/mod.ts";
import { within } from "../async/deadline.ts";

/** Most running calls end sooner; those that end later do not change anything in force. */
const PAUSE_PATIENCE_MS = 500;

/** What a keeper holds, compared with what it should. */
type Found = "ok" | "empty" | "unconfirmed" | "prepared" | "leftover" | "foreign" | "wrong";

/** Of a keeper whose shard waits for others. */
const GAVE = "It gave a shard";

/** The words of the status. */
const DETAIL: { readonly [F in Found | "lying"]?: string } = {
  wrong: "It holds another shard",
  foreign: "It holds a shard of another store; restart it to give that up",
  lying: "It says that it holds its shard, and gives another",
};

/** Why a shard was left out. */
const COMPLAINT: Readonly<Record<Complaint["reason"], string>> = {
  "wrong-index": "It holds the shard of another position: is the list of keepers in its old order?",
  "wrong-commitment": "Its shard is not the one that was committed to",
  "not-a-share": "What it returned is not a shard of this scheme",
  "differs": "Its shard is not the one that the root key gives it",
  "other-set": "It holds a shard of another set",
};

const EVENT = {
  ok: "keeper_ok",
  unknown: "keeper_answered",
  empty: "keeper_empty",
  unreachable: "keeper_unreachable",
  wrong: "keeper_shard_wrong",
} as const;

const LEVEL = {
  ok: "info",
  unknown: "info",
  empty: "warn",
  unreachable: "warn",
  wrong: "error",
} as const;

function wrongUnless({ state }: KeeperProbe): "empty" | "unconfirmed" | "wrong" {
  return state === "confirmed" ? "wrong" : state;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What `KeeperSync` works with. */
export interface KeeperSyncOptions {
  /** Clients of all keepers, by position. */
  readonly keepers: readonly KeeperClient[];
  /** Where changes of a keeper's state are logged. */
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** The shards in force. Throws unless ready. The caller wipes them. */
  readonly shards: () => StampedShard[];
  /** Store whose shards the operator allows to replace; undefined when none. */
  readonly replaces: () => Uint8Array | undefined;
  /** Called when a keeper that was offered `generation` holds a later one from another Nexus. */
  readonly onNewerGeneration: (generation: number) => void;
}

/**
 * Collects shards from the keepers and pushes shards to them, each keeper on its own, so that one that hangs does not
 * delay the others. `status` shows the last known state of each; every change of it is logged once.
 */
export class KeeperSync {
  readonly #options: KeeperSyncOptions;
  readonly #statuses: Mutable<KeeperStatus>[];
  /** What was logged about each keeper since its state was last `ok`, so that a flapping one is logged once. */
  readonly #said = new Map<number, Set<string>>();
  readonly #underWay = new Map<number, Promise<void>>();
  readonly #stopped = Promise.withResolvers<false>();
  #isStopped = false;
  #isPaused = false;

  /** Makes no connection before it is asked to. */
  constructor(options: KeeperSyncOptions) {
    this.#options = options;
    this.#statuses = options.keepers.map(({ index, url }) => ({ index, url, state: "unknown" }));
  }

  /** The last known state of each keeper, by position. */
  get statuses(): readonly KeeperStatus[] {
    return this.#statuses;
  }

  /**
   * Asks all keepers at once; `onCandidates` sees everything given so far after each answer and says whether
   * they suffice. Resolves true as soon as they do, so that a keeper that hangs does not delay recovery; the late
   * ones are compared by the next `check`. All candidates are wiped, the late ones when they come.
   */
  async collect(onCandidates: (candidates: Candidate[]) => Promise<boolean>): Promise<boolean> {
    const candidates: Candidate[] = [];
    const enough = Promise.withResolvers<boolean>();
    let isOver = false;
    let turn: Promise<unknown> = Promise.resolve();
    const judge = async (given: readonly Candidate[]) => {
      if (isOver) return wipe(...given.map(({ bytes }) => bytes));
      candidates.push(...given);
      if (given.length > 0 && await onCandidates([...candidates])) {
        isOver = true;
        enough.resolve(true);
      }
    };
    const asked = this.#options.keepers.map(async (keeper) => {
      const given = await this.#ask(keeper);
      const mine = turn.then(() => judge(given));
      turn = mine.catch(() => undefined);
      await mine;
    });
    Promise.all(asked).then(() => enough.resolve(false), enough.reject);
    try {
      return await Promise.race([enough.promise, this.#stopped.promise]);
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

  /** Starts nothing more, and resolves when nothing is under way. A keeper that hangs is not waited for. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    const deadline = within(PAUSE_PATIENCE_MS);
    await deadline.of(this.settled()).catch(() => undefined);
    deadline.end();
  }

  /** Ends a pause. */
  resume(): void {
    this.#isPaused = false;
  }

  /** Ends a collection that waits for a keeper that hangs. Later answers are ignored. */
  stop(): void {
    this.#isStopped = true;
    this.#stopped.resolve(false);
  }

  /** Resolves when all calls have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  /** A keeper that has not answered the last question is not asked the next one. */
  #withShards(work: (keeper: KeeperClient, shard: StampedShard) => Promise<void>): void {
    if (this.#isPaused) return;
    const shards = this.#options.shards();
    for (const keeper of this.#options.keepers) {
      const shard = shards[keeper.index - 1];
      if (!shard || this.#underWay.has(keeper.index)) {
        wipe(shard?.bytes);
        continue;
      }
      const done = work(keeper, shard)
        .catch((error) => this.#failed(keeper, error, shard.stamp.generation))
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
      else this.#note(keeper, "unknown", GAVE);
      return shards;
    } catch (error) {
      this.#failed(keeper, error);
      return [];
    }
  }

  async #checkOne(keeper: KeeperClient, shard: StampedShard): Promise<void> {
    const found = await this.#look(keeper, shard);
    if (found === "unconfirmed" || found === "prepared") return await this.#give(keeper, shard);
    if (found === "leftover") return await this.#give(keeper, shard, { abandonsPending: true });
    this.#note(keeper, found === "foreign" ? "wrong" : found, DETAIL[found]);
    // A shard of another store must not be replaced, and repeating the question would not change that.
    if (found !== "ok" && found !== "foreign") await this.#give(keeper, shard);
  }

  /** What a keeper states that it holds; from a keeper without probes the shard itself is fetched. */
  async #look(
    keeper: KeeperClient,
    { bytes, stamp }: StampedShard,
  ): Promise<Found> {
    const probe = await keeper.probe();
    if (probe) {
      const { pendingGeneration: pending = 0 } = probe;
      // Prepared and neither promoted nor abandoned: the Nexus that did it was interrupted.
      if (holds(probe, stamp)) return pending > stamp.generation ? "leftover" : "ok";
      if (pending === stamp.generation && probe.state === "confirmed") return "prepared";
      return this.#isForeign(probe, stamp) ? "foreign" : wrongUnless(probe);
    }
    const held = await keeper.shards();
    const isRight = held.some((candidate) => constantTimeEqual(candidate.bytes, bytes));
    wipe(...held.map((candidate) => candidate.bytes));
    if (isRight) return "ok";
    return held.length === 0 ? "empty" : "wrong";
  }

  #isForeign({ storeId }: KeeperProbe, stamp: ShardStamp): boolean {
    const isOthers = storeId !== undefined && storeId !== stamp.storeId?.toHex();
    return isOthers && storeId !== this.#options.replaces()?.toHex();
  }

  /** Hands over a shard and checks that the keeper holds it: its answer alone does not prove that. */
  async #give(
    keeper: KeeperClient,
    shard: StampedShard,
    options: ContributeOptions = {},
  ): Promise<void> {
    const replaces = this.#options.replaces();
    await keeper.contribute(shard, { ...options, ...(replaces ? { replaces } : {}) });
    const found = await this.#look(keeper, shard);
    if (found !== "ok") return this.#note(keeper, "wrong", DETAIL.wrong);
    if (!await this.#hasShard(keeper, shard)) return this.#note(keeper, "wrong", DETAIL.lying);
    this.#note(keeper, "ok");
  }

  /** Whether it returns the shard that it was given. Its own statement does not prove that. */
  async #hasShard(keeper: KeeperClient, { bytes }: StampedShard): Promise<boolean> {
    const held = await keeper.shards();
    const isThere = held.some((candidate) => constantTimeEqual(candidate.bytes, bytes));
    wipe(...held.map((candidate) => candidate.bytes));
    return isThere;
  }

  /** Notes why a keeper's shard was left out while there was no key. */
  complain(complaints: readonly Complaint[]): void {
    for (const { keeper: index, reason } of complaints) {
      const keeper = this.#options.keepers.find((one) => one.index === index);
      if (!keeper) continue;
      // The evaluation has logged it.
      this.#isNews(keeper, "wrong", COMPLAINT[reason]);
      this.#note(keeper, "wrong", COMPLAINT[reason]);
    }
  }

  /** False for what was logged already since the keeper's state was last `ok`. */
  #isNews(keeper: KeeperClient, state: KeeperStatus["state"], detail = ""): boolean {
    const said = this.#said.get(keeper.index) ?? new Set();
    if (state === "ok") this.#said.delete(keeper.index);
    else this.#said.set(keeper.index, said);
    const text = `${state} ${detail}`;
    if (said.has(text)) return false;
    said.add(text);
    return true;
  }

  #failed(keeper: KeeperClient, error: unknown, generation?: number): void {
    if (!(error instanceof SpikeError)) {
      // A failure with one keeper must not affect the others. Its text is not logged: it may hold what the keeper sent.
      const kind = error instanceof Error ? error.name : typeof error;
      return this.#note(keeper, "unreachable", `Unexpected failure: ${kind}`);
    }
    if (error.code === "shard_generation_stale") {
      this.#note(keeper, "wrong", error.message);
      if (generation !== undefined) this.#options.onNewerGeneration(generation);
      return;
    }
    const isWrong = error.code === "shard_held" || error.code === "data_unmarshal_failure";
    this.#note(keeper, isWrong ? "wrong" : "unreachable", error.message);
  }

  #note(keeper: KeeperClient, state: KeeperStatus["state"], detail?: string): void {
    const status = this.#statuses[keeper.index - 1];
    if (!status || this.#isStopped) return;
    if (state !== "unreachable") status.lastSeen = new Date(this.#options.clock()).toISOString();
    if (status.state === state && status.detail === detail) return;
    status.state = state;
    if (detail === undefined) delete status.detail;
    else status.detail = detail;
    if (!this.#isNews(keeper, state, detail)) return;
    const level = LEVEL[state];
    const event = EVENT[state];
    this.#options.log[level](event, {
      keeper: keeper.index,
      url: keeper.url,
      detail: detail ?? null,
    });
  }
}
