import { SpikeError } from "../error/error.ts";
import type { MtlsAnswer, MtlsClient } from "../mtls/mod.ts";
import type { SpiffeId } from "../spiffe/mod.ts";
import type { Candidate } from "./rebuild.ts";
import type { ShardStamp } from "./stamp.ts";
import type { StampedShard } from "./shard_set.ts";
import {
  type ContributeOptions,
  decodeProbe,
  decodeShardAnswer,
  encodeContribution,
  type KeeperProbe,
} from "./message.ts";

/** One keeper as Nexus and Bootstrap see it. */
export interface KeeperClient {
  /** Position in the configuration, from 1: the share's x. */
  readonly index: number;
  /** Address of the keeper. */
  readonly url: string;
  /** Its shards, `current` first; empty when it holds none. */
  shards(): Promise<Candidate[]>;
  /** What it holds, without the shard; undefined from a keeper that does not support probes. */
  probe(): Promise<KeeperProbe | undefined>;
  /** Hands it a shard. Rejects with `shard_held` or `shard_generation_stale` when it keeps its own. */
  contribute(shard: StampedShard, options?: ContributeOptions): Promise<void>;
}

/** Options of a keeper client. */
export interface KeeperClientOptions {
  /** Called after each answer with the identity that sent it. */
  readonly onPeer?: (peer: SpiffeId) => void;
}

/** A client for the keeper at `url`. */
export function createKeeperClient(
  transport: MtlsClient,
  index: number,
  url: string,
  { onPeer }: KeeperClientOptions = {},
): KeeperClient {
  const post = async (path: string, message: unknown) => {
    const answer = await transport.post(new URL(path, url).href, JSON.stringify(message));
    onPeer?.(answer.peer);
    return answer;
  };
  return {
    index,
    url,
    shards: async () => {
      const answer = await post("/v1/store/shard", { accept: ["gf256"] });
      // A keeper that holds nothing answers 400.
      if (answer.status === 400) return [];
      if (answer.status !== 200) throw refusal(answer, url);
      return decodeShardAnswer(answer.body, index);
    },
    probe: async () => {
      const answer = await post("/v1/store/contribute", { probe: true });
      return answer.status === 200 ? decodeProbe(answer.body) : undefined;
    },
    contribute: async (shard, options = {}) => {
      const answer = await post("/v1/store/contribute", encodeContribution(shard, options));
      if (answer.status !== 200) throw refusal(answer, url);
    },
  };
}

/** Whether a probe shows exactly the shard with `stamp` in force and confirmed. */
export function holds(probe: KeeperProbe, stamp: ShardStamp): boolean {
  return probe.state === "confirmed" && probe.commitment === stamp.commitment.toHex() &&
    probe.storeId === stamp.storeId?.toHex() && probe.generation === stamp.generation;
}

/**
 * The position that a keeper's identity claims: the number in `…/spike/keeper/<number>`, undefined for any
 * other path.
 */
export function claimedPosition(id: SpiffeId): number | undefined {
  const digits = /\/spike\/keeper\/(\d{1,9})$/.exec(id)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * Takes each identity that answers for the keeper at `index`, and warns once per change when it claims another
 * position: the list of keepers is then in another order than their registration entries.
 */
export function watchPosition(
  index: number,
  url: string,
  log: { warn(event: string, fields: Record<string, string | number>): void },
): (peer: SpiffeId) => void {
  let last: SpiffeId | undefined;
  return (peer) => {
    if (peer === last) return;
    last = peer;
    const claimed = claimedPosition(peer);
    if (claimed === undefined || claimed === index) return;
    log.warn("keeper_position_mismatch", { keeper: index, claimed, url, peer });
  };
}

function refusal(answer: MtlsAnswer, url: string): SpikeError {
  const text = new TextDecoder().decode(answer.body);
  const code = /"err"\s*:\s*"(shard_held|shard_generation_stale)"/i.exec(text)?.[1];
  if (code === "shard_held" || code === "shard_generation_stale") {
    return new SpikeError(code, `The keeper at ${url} keeps the shard it holds`);
  }
  if (answer.status === 401) {
    return new SpikeError("access_unauthorized", `The keeper at ${url} refused this identity`);
  }
  return new SpikeError("net_peer_connection", `The keeper at ${url} answered ${answer.status}`);
}
