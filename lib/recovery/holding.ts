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

/** Who may hand shards to a keeper. */
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
  /** Bootstrap was told to go on over a confirmed set. */
  readonly isForced: boolean;
  /** Nexus has given up what it prepared: with the shard in force again, the pending one is forgotten. */
  readonly abandonsPending?: boolean;
}

/** A keeper's state in one word: whether a Nexus has ever confirmed what it holds. */
export function holdingState({ current, pending }: Holding): "empty" | "unconfirmed" | "confirmed" {
  // Only a Nexus prepares a successor, so a keeper that holds nothing else is part of its system, too.
  if (current?.from === "nexus" || pending) return "confirmed";
  return current ? "unconfirmed" : "empty";
}

/**
 * The keeper's one rule: what it holds after `contribution`.
 *
 * @throws SpikeError `shard_held` when what is held must not be replaced by this caller,
 *   `shard_generation_stale` when a newer generation of the same store is held,
 *   `api_bad_request` when the shard is not the one its stamp was made for
 */
export function contribute(holding: Holding, contribution: Contribution): Holding {
  const { stamp } = contribution;
  if (stamp && !isCommitted(stamp, contribution.bytes)) {
    throw new SpikeError("api_bad_request", "The shard does not match its commitment");
  }
  if (!stamp && contribution.stage === "pending") {
    // Nothing would ever say when it takes over.
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
    // Who sends no stamp knows none of our codes either.
    const code = contribution.stamp ? "shard_held" : "api_bad_request";
    throw new SpikeError(code, "This keeper holds a shard that a Nexus has confirmed", {
      hint: "The system is already bootstrapped; nothing was changed",
    });
  }
}

/** A Nexus may replace its own store's shard by the same or a later generation, and nobody else's. */
function admitStamped(holding: Holding, stamp: ShardStamp, contribution: Contribution): void {
  const held = (holding.current ?? holding.pending)?.stamp;
  if (!held?.storeId) return;
  if (!isSameId(held.storeId, stamp.storeId)) {
    const isGivenUp = contribution.stage === "current" &&
      isSameId(held.storeId, contribution.replaces);
    if (isGivenUp) return;
    throw new SpikeError("shard_held", "This keeper holds a shard of another store", {
      hint: `Held: store ${held.storeId.toHex()}; restart the keeper to give it up`,
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
      { hint: "A newer Nexus of the same store has pushed since; recover anew before pushing" },
    );
  }
}

/**
 * A pending shard outlives a push of the set that is in force, and ends when itself or a later one is promoted,
 * or when its store gives way to another one.
 */
function successor(
  { pending }: Holding,
  stamp: ShardStamp | undefined,
): { pending?: HeldShard } {
  if (!pending?.stamp || !stamp || !isSameId(pending.stamp.storeId, stamp.storeId)) return {};
  return pending.stamp.generation > stamp.generation ? { pending } : {};
}
