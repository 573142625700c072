import { SpikeError } from "../error/error.ts";
import { isCommitted, isSameId, type ShardStamp } from "./stamp.ts";

/** One shard as a keeper holds it. */
export interface HeldShard {
  /** 32 bytes. */
  readonly bytes: Uint8Array;
  /** Absent when the pusher does not know stamps. */
  readonly stamp?: ShardStamp;
  /** Who handed the shard in. */
  readonly from: Contributor;
}

/** The roles that hand shards to a keeper. */
export type Contributor = "nexus" | "bootstrap";

/** Everything a keeper knows: the shard in force, and maybe one prepared to follow it. */
export interface Holding {
  /** The shard in force. */
  readonly current?: HeldShard;
  /** The shard that is prepared to follow it. */
  readonly pending?: HeldShard;
}

/** A shard offered to a keeper. */
export interface Contribution {
  /** Who hands the shard in. */
  readonly from: Contributor;
  /** 32 bytes. */
  readonly bytes: Uint8Array;
  /** Absent when the contributor does not know stamps. */
  readonly stamp?: ShardStamp;
  /** `pending` prepares a successor; `current` puts in force, which drops what was in force before. */
  readonly stage: "current" | "pending";
  /** Store whose shard may be replaced although it is another store's: an operator's explicit decision. */
  readonly replaces?: Uint8Array;
  /** Bootstrap replaces a confirmed set at an operator's request. */
  readonly isForced: boolean;
  /** Nexus abandoned the successor: the keeper drops the pending shard and keeps the one in force. */
  readonly abandonsPending?: boolean;
}

/** A keeper's state in one word: whether a Nexus has ever confirmed what it holds. */
export function holdingState({ current, pending }: Holding): "empty" | "unconfirmed" | "confirmed" {
  // Only a Nexus prepares a successor, so a keeper that holds nothing else belongs to that system as well.
  if (current?.from === "nexus" || pending) return "confirmed";
  return current ? "unconfirmed" : "empty";
}

/**
 * The keeper's one rule: what it holds after `contribution`.
 *
 * @throws SpikeError `shard_held` when this caller must not replace the held shard,
 *   `shard_generation_stale` when a newer generation of the same store is held,
 *   `api_bad_request` when the shard is not the one its stamp was made for
 */
export function contribute(holding: Holding, contribution: Contribution): Holding {
  const { stamp } = contribution;
  if (stamp && !isCommitted(stamp, contribution.bytes)) {
    throw new SpikeError("api_bad_request", "The shard does not match its commitment");
  }
  if (!stamp && contribution.stage === "pending") {
    // Without a stamp the keeper could not know when to promote it.
    throw new SpikeError("api_bad_request", "A pending shard needs a stamp");
  }
  if (contribution.from === "bootstrap") admitBootstrap(holding, contribution);
  else if (stamp) admitStamped(holding, stamp, contribution);
  const offered: HeldShard = {
    bytes: contribution.bytes,
    from: contribution.from,
    ...(stamp ? { stamp } : {}),
  };
  if (contribution.stage === "pending") return { ...holding, pending: offered };
  if (contribution.abandonsPending) return { current: offered };
  return { current: offered, ...successor(holding, stamp) };
}

function admitBootstrap(holding: Holding, contribution: Contribution): void {
  if (contribution.stage === "pending") {
    throw new SpikeError("api_bad_request", "Bootstrap cannot prepare a pending shard");
  }
  if (holdingState(holding) === "confirmed" && !contribution.isForced) {
    // A client that sends no stamp does not know our codes either.
    const code = contribution.stamp ? "shard_held" : "api_bad_request";
    throw new SpikeError(code, "This keeper holds a shard that a Nexus has confirmed", {
      hint: "The system is already bootstrapped; nothing was changed",
    });
  }
}

/** A Nexus replaces only shards of its own store, by the same or a later generation. */
function admitStamped(holding: Holding, stamp: ShardStamp, contribution: Contribution): void {
  const held = (holding.current ?? holding.pending)?.stamp;
  if (!held?.storeId) return;
  if (!isSameId(held.storeId, stamp.storeId)) {
    const isGivenUp = contribution.stage === "current" &&
      isSameId(held.storeId, contribution.replaces);
    if (isGivenUp) return;
    throw new SpikeError("shard_held", "This keeper holds a shard of another store", {
      hint: `Held: store ${held.storeId.toHex()}; restart the keeper to drop it`,
    });
  }
  if (!holding.current) return;
  const isOlder = contribution.stage === "pending"
    ? stamp.generation <= held.generation
    : stamp.generation < held.generation;
  if (isOlder) {
    throw new SpikeError(
      "shard_generation_stale",
      `Generation ${stamp.generation} was offered, generation ${held.generation} is held`,
      {
        hint:
          "A newer Nexus of the same store has pushed since; recover the root key again before pushing",
      },
    );
  }
}

/**
 * A pending shard outlives a push of the set that is in force, and ends when itself or a later one is promoted,
 * or when an operator replaces its store by another one.
 */
function successor(
  { pending }: Holding,
  stamp: ShardStamp | undefined,
): { pending?: HeldShard } {
  if (!pending?.stamp || !stamp || !isSameId(pending.stamp.storeId, stamp.storeId)) return {};
  return pending.stamp.generation > stamp.generation ? { pending } : {};
}
