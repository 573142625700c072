import { SpikeError } from "../error/error.ts";
import { isSameId, type Scheme } from "./stamp.ts";
import { shardCommitment } from "../shamir/mod.ts";
import type { ShardSet } from "./shard_set.ts";

/** Name of the mark that a store keeps the record under. */
export const RECOVERY_MARK = "recovery";

/** Sets that are remembered; shards of older ones are not recognized. */
const PAST_LIMIT = 100;
const FORMAT = 1;

/** A set with the commitments to its shards. */
export interface CommittedSet extends ShardSet {
  /** 32 bytes for each share, by index from 1; empty when the set came without commitments. */
  readonly commitments: readonly Uint8Array[];
}

/** A set that is not in force any more. */
export interface PastSet extends CommittedSet {
  /** Which root key it was made of: 1 is the first one, and each rotation adds one. */
  readonly rootEpoch: number;
  /** Milliseconds since the epoch. */
  readonly endedAtMs: number;
}

/**
 * What a store remembers of its shard sets. In the clear and not authenticated: it names things, and decides
 * nothing. Only the key check decides whether a key is right.
 */
export interface RecoveryRecord {
  /** Which root key is in force: 1 is the first, and each rotation adds one. */
  readonly rootEpoch: number;
  /** The set whose shards were exported last. */
  readonly exported?: { readonly setId: Uint8Array; readonly atMs: number };
  /** Newest first. */
  readonly past: readonly PastSet[];
}

/** Of a store that has only ever had the one set it was made with. */
export const FIRST_RECORD: RecoveryRecord = { rootEpoch: 1, past: [] };

/** Whether the shards of `setId` were exported. */
export function isExported({ exported }: RecoveryRecord, setId: Uint8Array): boolean {
  return isSameId(exported?.setId, setId);
}

/** The record once `ended` is followed by another set, of the same root key or of a new one. */
export function withSuccessor(
  record: RecoveryRecord,
  ended: CommittedSet,
  change: { readonly isNewRoot: boolean; readonly atMs: number },
): RecoveryRecord {
  const past = [{ ...ended, rootEpoch: record.rootEpoch, endedAtMs: change.atMs }, ...record.past];
  return {
    ...record,
    rootEpoch: record.rootEpoch + (change.isNewRoot ? 1 : 0),
    past: past.slice(0, PAST_LIMIT),
  };
}

/** Whether a shard is the one that `set` has at `index`; undefined when the set has no commitments. */
export function belongsTo(
  { setId, commitments }: CommittedSet,
  index: number,
  shard: Uint8Array,
): boolean | undefined {
  if (commitments.length === 0) return undefined;
  const expected = commitments[index - 1];
  return expected !== undefined &&
    shardCommitment(setId, index, shard).toHex() === expected.toHex();
}

/** The record as the store keeps it. */
export function encodeRecord({ rootEpoch, exported, past }: RecoveryRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({
    format: FORMAT,
    rootEpoch,
    ...(exported ? { exported: { set: exported.setId.toHex(), at: exported.atMs } } : {}),
    past: past.map((set) => ({
      scheme: set.scheme,
      set: set.setId.toHex(),
      generation: set.generation,
      threshold: set.threshold,
      shares: set.shares,
      commitments: set.commitments.map((commitment) => commitment.toHex()),
      rootEpoch: set.rootEpoch,
      ended: set.endedAtMs,
    })),
  }));
}

/**
 * Decodes the output of `encodeRecord`.
 *
 * @throws SpikeError `state_integrity_check` for anything else
 */
export function decodeRecord(bytes: Uint8Array): RecoveryRecord {
  try {
    const { format, rootEpoch, exported, past } = JSON.parse(new TextDecoder().decode(bytes));
    if (format !== FORMAT) throw new RangeError("another format");
    return {
      rootEpoch: count(rootEpoch),
      ...(exported === undefined
        ? {}
        : { exported: { setId: hex(exported.set, 16), atMs: count(exported.at) } }),
      past: past.map(pastSet),
    };
  } catch (cause) {
    throw new SpikeError(
      "state_integrity_check",
      "The store's record of its shard sets cannot be read",
      { cause },
    );
  }
}

// deno-lint-ignore no-explicit-any
function pastSet(entry: any): PastSet {
  return {
    scheme: schemeOf(entry.scheme),
    setId: hex(entry.set, 16),
    generation: count(entry.generation),
    threshold: count(entry.threshold),
    shares: count(entry.shares),
    commitments: entry.commitments.map((text: unknown) => hex(text, 32)),
    rootEpoch: count(entry.rootEpoch),
    endedAtMs: count(entry.ended),
  };
}

function schemeOf(text: unknown): Scheme {
  if (text === "gf256" || text === "p256") return text;
  throw new RangeError("no scheme");
}

function count(value: unknown): number {
  if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value);
  throw new RangeError("no count");
}

function hex(text: unknown, length: number): Uint8Array {
  const bytes = Uint8Array.fromHex(String(text));
  if (bytes.length !== length) throw new RangeError("another length");
  return bytes;
}
