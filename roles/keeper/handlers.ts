import type { Handlers } from "../../lib/http/app.ts";
import { SpikeError } from "../../lib/error/error.ts";
import type { RequestOf } from "../../lib/api/mod.ts";
import type { Call } from "../../lib/audit/mod.ts";
import {
  bytesOf,
  type Contribution,
  type Contributor,
  decodeStamp,
  encodeProbe,
  encodeShardAnswer,
  type HeldShard,
} from "../../lib/recovery/mod.ts";
import { wipe } from "../../lib/bytes/mod.ts";
import { hasRole, type TrustRoots } from "../../lib/spiffe/mod.ts";
import type { Logger } from "../../lib/telemetry/mod.ts";
import type { ShardSlots } from "./slots.ts";

/** Scheme of shards that only a Nexus of this project can combine. */
const OWN_SCHEME = "gf256";

/** A keeper's two operations. It knows its slots and who may ask, and nothing of its peers. */
export function createHandlers(
  slots: ShardSlots,
  roots: TrustRoots,
  log: Logger,
): Handlers<"keeper.contribute" | "keeper.shard"> {
  return {
    "keeper.contribute": (request, call) => {
      try {
        if (request.probe) return Promise.resolve(encodeProbe(slots.holding));
        const contribution = toContribution(request, contributorOf(call, roots));
        slots.take(contribution);
        const { from, stage, stamp } = contribution;
        log.info("shard_taken", { from, stage, generation: stamp?.generation ?? null });
        return Promise.resolve({});
      } finally {
        wipe(request.shard);
      }
    },
    "keeper.shard": (request) => {
      const { current, pending } = slots.holding;
      // A keeper that was away when its shard was due may hold the prepared one alone; it may be in force by now.
      const first = current ?? pending;
      if (!first) throw new SpikeError("api_bad_request", "This keeper holds no shard");
      // A Nexus that does not say that it understands the scheme would rebuild a wrong key from it.
      const isAccepted = (held: HeldShard | undefined) =>
        held?.stamp?.scheme !== OWN_SCHEME || request.accept.includes(OWN_SCHEME);
      if (!isAccepted(first) || !isAccepted(pending)) {
        throw new SpikeError(
          "api_bad_request",
          `A shard held is of scheme ${OWN_SCHEME}, which was not accepted`,
        );
      }
      return Promise.resolve(encodeShardAnswer(first, current ? pending : undefined));
    },
  };
}

function contributorOf({ id }: Call, roots: TrustRoots): Contributor {
  return hasRole(id, "nexus", roots) ? "nexus" : "bootstrap";
}

function toContribution(request: RequestOf<"keeper.contribute">, from: Contributor): Contribution {
  const { shard } = request;
  if (!shard?.some((byte) => byte !== 0)) {
    throw new SpikeError(
      "api_bad_request",
      "Member shard must be 32 numbers that are not all zero",
    );
  }
  const stamp = decodeStamp(request);
  return {
    from,
    bytes: shard,
    stage: request.stage,
    isForced: request.force,
    abandonsPending: request.abandon,
    ...(stamp ? { stamp } : {}),
    ...(request.replaces === undefined
      ? {}
      : { replaces: bytesOf(request.replaces, 16, "replaces") }),
  };
}
