import { combine, interpolateAt, isShare, liesOnOnePolynomial } from "../shamir/mod.ts";
import { constantTimeEqual } from "../bytes/mod.ts";
import { type ShardSet, shardsOf } from "./shard_set.ts";
import { isCommitted, type Scheme, setKey, type ShardStamp } from "./stamp.ts";

/** Enough for every 5 of 15; past it the wrong shards must be taken out by hand. */
const SUBSET_LIMIT = 10_000;

/** A shard that a keeper returned. */
export interface Candidate {
  /** Position of the keeper in the configuration, from 1: the share's x. */
  readonly keeper: number;
  /** 32 bytes. */
  readonly bytes: Uint8Array;
  /** Absent when the keeper does not know stamps. */
  readonly stamp?: ShardStamp;
}

/** Why a keeper's shard was left out or differs. */
export interface Complaint {
  /** Position of the keeper, from 1. */
  readonly keeper: number;
  /** What is wrong with its shard. */
  readonly reason: "wrong-index" | "wrong-commitment" | "not-a-share" | "differs" | "other-set";
}

/** A root key that was rebuilt and recognised. The caller owns `key` and wipes it. */
export interface Rebuilt {
  /** Distinguishes it from `NotRebuilt`. */
  readonly kind: "rebuilt";
  /** The root key, 32 bytes. */
  readonly key: Uint8Array;
  /** Stamp of the set that rebuilt the key; absent when its shards are unstamped. */
  readonly stamp?: ShardStamp;
  /** Positions of the keepers whose shards rebuilt the key. */
  readonly usedKeepers: readonly number[];
  /** Keepers whose shards were left out or differ. */
  readonly complaints: readonly Complaint[];
}

/** No key yet. `most` is the largest number of shards of one set seen. */
export interface NotRebuilt {
  /** Why no key was rebuilt. */
  readonly kind: "too-few" | "no-match" | "too-many-subsets";
  /** Largest number of shards of one set. */
  readonly most: number;
  /** Keepers whose shards were left out. */
  readonly complaints: readonly Complaint[];
}

/** How to rebuild and recognize a root key. */
export interface RebuildOptions {
  /** Threshold of shards without a stamp. */
  readonly threshold: number;
  /** Scheme of shards without a stamp, whose bytes do not show it. Default: gf256. */
  readonly scheme?: Scheme;
  /** Recognises the root key; `stamp` is the set's, absent for unstamped shards. */
  readonly isKey: (key: Uint8Array, stamp: ShardStamp | undefined) => boolean;
  /**
   * The set in force, where that is known: a keeper that holds its shard is not wrong, whichever set rebuilt the key.
   */
  readonly inForce?: ShardSet;
}

interface Group {
  readonly stamp?: ShardStamp;
  readonly scheme: Scheme;
  readonly threshold: number;
  readonly shards: Candidate[];
}

/**
 * Rebuilds the root key from the shards that keepers returned: sets are never mixed, every candidate key must be
 * recognized before it is used, and wrong shards only cost attempts. Afterwards every shard is compared with
 * what its keeper should hold, so that each one that differs is named.
 */
export function rebuild(
  candidates: readonly Candidate[],
  options: RebuildOptions,
): Rebuilt | NotRebuilt {
  const { threshold, scheme = "gf256" } = options;
  const { sound, complaints } = screen(candidates, scheme);
  const groups = groupBySet(sound, { threshold, scheme });
  let budget = SUBSET_LIMIT;
  let hasTried = false;
  for (const group of groups) {
    if (group.shards.length < group.threshold) continue;
    hasTried = true;
    for (const subset of subsets(group.shards, group.threshold)) {
      if (budget-- === 0) return { kind: "too-many-subsets", most: mostOf(groups), complaints };
      const key = tryKey(subset, group, options.isKey);
      if (key) {
        return {
          kind: "rebuilt",
          key,
          usedKeepers: subset.map((shard) => shard.keeper),
          complaints: [...complaints, ...compare(sound, key, { subset, group, ...options })],
          ...(group.stamp ? { stamp: group.stamp } : {}),
        };
      }
    }
  }
  return { kind: hasTried ? "no-match" : "too-few", most: mostOf(groups), complaints };
}

/** The key that a subset rebuilds, when it is recognized; any other is wiped. */
function tryKey(
  subset: readonly Candidate[],
  { stamp, scheme, threshold }: Group,
  isKey: RebuildOptions["isKey"],
): Uint8Array | undefined {
  const key = combine(subset.map(asShard), threshold, scheme);
  let isRecognised = false;
  try {
    isRecognised = isKey(key, stamp);
  } finally {
    if (!isRecognised) key.fill(0);
  }
  return isRecognised ? key : undefined;
}

/**
 * Whether unstamped shards vouch for each other: more than `threshold` of them, all of them there, on one
 * polynomial. Without a check value this is the only evidence that no shard is foreign.
 */
export function agree(
  candidates: readonly Candidate[],
  threshold: number,
  shares: number,
  scheme: Scheme = "gf256",
): boolean {
  const keepers = new Set(candidates.map((candidate) => candidate.keeper));
  return shares > threshold && keepers.size === shares && candidates.length === shares &&
    candidates.every(({ stamp, bytes }) => !stamp && isShare(scheme, bytes)) &&
    liesOnOnePolynomial(candidates.map(asShard), threshold, scheme);
}

function asShard(candidate: Candidate): { index: number; bytes: Uint8Array } {
  return { index: xOf(candidate), bytes: candidate.bytes };
}

function screen(
  candidates: readonly Candidate[],
  scheme: Scheme,
): { sound: Candidate[]; complaints: Complaint[] } {
  const sound: Candidate[] = [];
  const moved: Candidate[] = [];
  const complaints: Complaint[] = [];
  for (const candidate of candidates) {
    const { keeper, stamp, bytes } = candidate;
    const isMoved = stamp && stamp.index !== keeper;
    if (isMoved) complaints.push({ keeper, reason: "wrong-index" });
    if (stamp && !isCommitted(stamp, bytes)) {
      complaints.push({ keeper, reason: "wrong-commitment" });
    } else if (!isShare(stamp?.scheme ?? scheme, bytes)) {
      complaints.push({ keeper, reason: "not-a-share" });
    } else (isMoved ? moved : sound).push(candidate);
  }
  // Last, so that a keeper that claims another's position cannot replace the keeper that holds it.
  return { sound: [...sound, ...moved], complaints };
}

/** The shard's x: that of the stamp, bound by the commitment, whatever the keeper's present position in the list is. */
function xOf({ keeper, stamp }: Candidate): number {
  return stamp?.index ?? keeper;
}

/**
 * Stamped sets, newest generation first, each helped by keepers that do not carry stamps; then those alone.
 */
function groupBySet(
  candidates: readonly Candidate[],
  { threshold, scheme }: Pick<Group, "threshold" | "scheme">,
): Group[] {
  const unstamped = onePerPlace(candidates.filter((candidate) => !candidate.stamp));
  const sets = new Map<string, Group>();
  for (const candidate of candidates) {
    if (!candidate.stamp) continue;
    const { stamp } = candidate;
    const key = setKey(stamp);
    const group = sets.get(key) ??
      { stamp, scheme: stamp.scheme, threshold: stamp.threshold, shards: [] };
    group.shards.push(candidate);
    sets.set(key, group);
  }
  const groups = [...sets.values()].sort((a, b) =>
    (b.stamp?.generation ?? 0) - (a.stamp?.generation ?? 0) || b.shards.length - a.shards.length
  );
  for (const group of groups) {
    const help = group.scheme === scheme ? unstamped : [];
    group.shards.splice(0, Infinity, ...onePerPlace([...group.shards, ...help]));
  }
  return unstamped.length > 0 ? [...groups, { scheme, threshold, shards: unstamped }] : groups;
}

/** Two shares at one x are not two points of a polynomial: of duplicates the first is used. */
function onePerPlace(candidates: readonly Candidate[]): Candidate[] {
  const seen = new Set<number>();
  return candidates.filter((candidate) => {
    const x = xOf(candidate);
    return !seen.has(x) && seen.add(x);
  });
}

function mostOf(groups: readonly Group[]): number {
  return Math.max(0, ...groups.map((group) => group.shards.length));
}

/** All subsets of `size` elements, in the order of the elements. */
function* subsets<T>(items: readonly T[], size: number, from = 0): Generator<T[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let i = from; i <= items.length - size; i++) {
    const first = items[i];
    if (first === undefined) return;
    for (const rest of subsets(items, size - 1, i + 1)) yield [first, ...rest];
  }
}

/** How a key was found. */
interface Solution extends Pick<RebuildOptions, "inForce"> {
  readonly subset: readonly Candidate[];
  readonly group: Group;
}

/** Lists every keeper whose shard differs from the one that the set of this key assigns to it. */
function compare(
  sound: readonly Candidate[],
  key: Uint8Array,
  { subset, group, inForce }: Solution,
): Complaint[] {
  const inSet = group.stamp ? setKey(group.stamp) : undefined;
  const complaints: Complaint[] = [];
  const good = new Set<number>();
  const bad = new Map<number, Complaint>();
  const expected = expectedShards([...new Set(sound.map(xOf))], key, subset, group);
  const alsoExpected = inForce ? shardsByKeeper(key, inForce) : new Map<number, Uint8Array>();
  for (const candidate of sound) {
    const { keeper, bytes, stamp } = candidate;
    const rights = [expected.get(xOf(candidate)), alsoExpected.get(xOf(candidate))];
    if (rights.some((right) => right && constantTimeEqual(right, bytes))) good.add(keeper);
    else {
      const isForeign = stamp && setKey(stamp) !== inSet;
      bad.set(keeper, { keeper, reason: isForeign ? "other-set" : "differs" });
    }
  }
  for (const bytes of [...expected.values(), ...alsoExpected.values()]) bytes.fill(0);
  // A keeper may return two slots; one of them has to match.
  for (const [keeper, complaint] of bad) if (!good.has(keeper)) complaints.push(complaint);
  return complaints;
}

/**
 * What each keeper should hold. The key and the stamp tell it for certain. Without a stamp it is the polynomial
 * through the shards that were used, which several wrong ones can bend without changing the key.
 */
function expectedShards(
  places: readonly number[],
  key: Uint8Array,
  subset: readonly Candidate[],
  { stamp, scheme }: Group,
): Map<number, Uint8Array> {
  if (stamp) return shardsByKeeper(key, stamp);
  const shards = subset.map(asShard);
  return new Map(places.map((x) => [x, interpolateAt(shards, x, scheme).bytes]));
}

function shardsByKeeper(key: Uint8Array, set: ShardSet): Map<number, Uint8Array> {
  return new Map(shardsOf(key, set).map((shard) => [shard.stamp.index, shard.bytes]));
}
