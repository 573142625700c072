/**
 * The keeper protocol's JSON. A shard is an array of 32 numbers, as original peers send it; everything else is
 * an optional member that they ignore, bytes as standard base64.
 */
import { SpikeError } from "../error/error.ts";
import { type Json, type JsonObject, parseJson } from "../json/json.ts";
import type { Candidate } from "./rebuild.ts";
import { type HeldShard, type Holding, holdingState } from "./holding.ts";
import type { StampedShard } from "./shard_set.ts";
import type { Scheme, ShardStamp } from "./stamp.ts";

const SHARD_BYTES = 32;

/** A keeper's answer to a probe; ids and commitment as lower-case hex, absent without a stamp. */
export interface KeeperProbe {
  /** Whether the keeper holds a shard, and whether a Nexus has confirmed it. */
  readonly state: "empty" | "unconfirmed" | "confirmed";
  /** Store of the shard in force. */
  readonly storeId?: string;
  /** Shard set of the shard in force. */
  readonly setId?: string;
  /** Generation of the shard in force. */
  readonly generation?: number;
  /** Position of the keeper in the set, from 1. */
  readonly index?: number;
  /** Commitment to the shard in force. */
  readonly commitment?: string;
  /** Generation of the prepared shard; absent when none is prepared. */
  readonly pendingGeneration?: number;
}

/** A stamp's members on the wire. */
export interface StampMessage {
  /** Scheme of the set; absent means `gf256`. */
  readonly scheme?: string;
  /** Lower-case hex; absent until a Nexus with a store has pushed the shard. */
  readonly storeId?: string;
  /** Lower-case hex. */
  readonly setId?: string;
  /** Generation of the set, from 1. */
  readonly generation?: number;
  /** Shards that rebuild the root key. */
  readonly threshold?: number;
  /** Shards in the set. */
  readonly shares?: number;
  /** Position of the shard in the set, from 1. */
  readonly index?: number;
  /** Commitment to the shard, lower-case hex. */
  readonly commitment?: string;
  /** Key-check value of the root key, lower-case hex. */
  readonly check?: string;
}

/** The members of a stamp as they travel. */
export function encodeStamp(stamp: ShardStamp): StampMessage {
  return {
    scheme: stamp.scheme,
    setId: stamp.setId.toBase64(),
    generation: stamp.generation,
    threshold: stamp.threshold,
    shares: stamp.shares,
    index: stamp.index,
    commitment: stamp.commitment.toBase64(),
    ...(stamp.storeId ? { storeId: stamp.storeId.toBase64() } : {}),
    ...(stamp.check ? { check: stamp.check.toBase64() } : {}),
  };
}

const STAMP_MEMBERS: readonly (keyof StampMessage)[] = [
  "scheme",
  "storeId",
  "setId",
  "generation",
  "threshold",
  "shares",
  "index",
  "commitment",
  "check",
];

/**
 * A stamp, or undefined when the message has none of its members.
 *
 * @throws SpikeError `api_bad_request` when it carries half of one
 */
export function decodeStamp(message: StampMessage): ShardStamp | undefined {
  if (STAMP_MEMBERS.every((name) => message[name] === undefined)) return undefined;
  const { generation, threshold, shares, index } = message;
  const areCounts = [generation, threshold, shares, index].every((n) =>
    Number.isSafeInteger(n) && Number(n) >= 1
  );
  // Only numbers are compared: an object of the peer's may refuse to become one.
  const fits = () =>
    Number(index) <= Number(shares) && Number(threshold) <= Number(shares) && Number(shares) <= 255;
  if (!areCounts || !fits() || (message.scheme !== "gf256" && message.scheme !== "p256")) {
    throw new SpikeError("api_bad_request", "The shard's stamp is incomplete or inconsistent");
  }
  return {
    scheme: message.scheme satisfies Scheme,
    setId: bytesOf(message.setId, 16, "setId"),
    generation: Number(generation),
    threshold: Number(threshold),
    shares: Number(shares),
    index: Number(index),
    commitment: bytesOf(message.commitment, 32, "commitment"),
    ...(message.storeId === undefined ? {} : { storeId: bytesOf(message.storeId, 16, "storeId") }),
    ...(message.check === undefined ? {} : { check: bytesOf(message.check, 32, "check") }),
  };
}

/** Bytes from standard base64 of a known length. */
export function bytesOf(text: string | undefined, length: number, name: string): Uint8Array {
  try {
    const bytes = Uint8Array.fromBase64(text ?? "");
    if (bytes.length === length) return bytes;
  } catch {
    // Same answer as for a wrong length.
  }
  throw new SpikeError("api_bad_request", `Member ${name} is not base64 of ${length} bytes`);
}

/** How a keeper stores a shard. */
export interface ContributeOptions {
  /** `pending` prepares a successor. Default: `current`. */
  readonly stage?: "current" | "pending";
  /** See `Contribution.replaces`. */
  readonly replaces?: Uint8Array;
  /** See `Contribution.isForced`. */
  readonly isForced?: boolean;
  /** See `Contribution.abandonsPending`. */
  readonly abandonsPending?: boolean;
}

/** Body of a contribution. */
export function encodeContribution(shard: StampedShard, options: ContributeOptions): unknown {
  return {
    shard: [...shard.bytes],
    ...encodeStamp(shard.stamp),
    ...(options.stage === "pending" ? { stage: "pending" } : {}),
    ...(options.replaces ? { replaces: options.replaces.toBase64() } : {}),
    ...(options.isForced ? { force: true } : {}),
    ...(options.abandonsPending ? { abandon: true } : {}),
  };
}

/** Body of a keeper's answer to a probe. */
export function encodeProbe(holding: Holding): KeeperProbe {
  const stamp = holding.current?.stamp;
  const pending = holding.pending?.stamp;
  return {
    state: holdingState(holding),
    ...(stamp?.storeId ? { storeId: stamp.storeId.toHex() } : {}),
    ...(stamp
      ? {
        setId: stamp.setId.toHex(),
        generation: stamp.generation,
        index: stamp.index,
        commitment: stamp.commitment.toHex(),
      }
      : {}),
    ...(pending ? { pendingGeneration: pending.generation } : {}),
  };
}

/** Body of a keeper's answer with its shards: the first in the place where original peers look for it. */
export function encodeShardAnswer(first: HeldShard, pending?: HeldShard): unknown {
  const member = (held: HeldShard) => ({
    shard: [...held.bytes],
    ...(held.stamp ? encodeStamp(held.stamp) : {}),
  });
  return { ...member(first), Err: "", ...(pending ? { pending: member(pending) } : {}) };
}

/**
 * A keeper's shards, from an answer with status 200.
 *
 * @throws SpikeError `data_unmarshal_failure`, never quoting the answer
 */
export function decodeShardAnswer(body: Uint8Array, keeper: number): Candidate[] {
  const answer = parse(body);
  const slots = [answer, answer["pending"]].filter((slot) => isRecord(slot));
  return slots.map((slot) => {
    const stamp = receivedStamp(slot);
    return { keeper, bytes: shardBytes(slot["shard"]), ...(stamp ? { stamp } : {}) };
  });
}

function receivedStamp(slot: Record<string, unknown>): ShardStamp | undefined {
  try {
    return decodeStamp(slot as StampMessage);
  } catch (error) {
    // What is a caller's mistake in a request is a broken peer in an answer.
    if (error instanceof SpikeError) throw malformed();
    throw error;
  }
}

const PROBE_STATES: readonly unknown[] = ["empty", "unconfirmed", "confirmed"];
const PROBE_MEMBERS = [
  ["storeId", "string"],
  ["setId", "string"],
  ["commitment", "string"],
  ["generation", "number"],
  ["index", "number"],
  ["pendingGeneration", "number"],
] as const;

/** A keeper's answer to a probe; undefined for any other answer, as keepers without probes send it. */
export function decodeProbe(body: Uint8Array): KeeperProbe | undefined {
  const answer = parse(body);
  // Not converted to text first: an object's text is chosen by the keeper.
  if (!PROBE_STATES.includes(answer["state"])) return undefined;
  const fits = PROBE_MEMBERS.every(([name, type]) =>
    answer[name] === undefined || typeof answer[name] === type
  );
  if (!fits) throw malformed();
  return answer as unknown as KeeperProbe;
}

function shardBytes(value: unknown): Uint8Array {
  const isShard = Array.isArray(value) && value.length === SHARD_BYTES &&
    value.every((n) => Number.isInteger(n) && n >= 0 && n <= 255) && value.some((n) => n !== 0);
  if (!isShard) throw malformed();
  return Uint8Array.from(value as number[]);
}

/** Parses within the limits of a request, a hundred times what a keeper answers. */
function parse(body: Uint8Array): Record<string, unknown> {
  let value: Json;
  try {
    value = parseJson(body);
  } catch (error) {
    // The same error as for a value that is not an object: the text may hold a shard and is not quoted.
    if (error instanceof SpikeError) throw malformed();
    throw error;
  }
  if (value instanceof Map) return membersOf(value);
  throw malformed();
}

function membersOf(object: JsonObject): Record<string, unknown> {
  return Object.fromEntries(
    [...object].map(([name, value]) => [name, value instanceof Map ? membersOf(value) : value]),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function malformed(): SpikeError {
  return new SpikeError(
    "data_unmarshal_failure",
    "The keeper's answer does not follow the protocol",
  );
}
