import { isGranted, type Permission } from "./permission.ts";
import type { CompiledPolicy } from "./policy.ts";
import { PrefixIndex } from "./prefix_index.ts";
import { isReserved, reachesReserved, RESERVED_PREFIX } from "./reserved.ts";

/** A request to evaluate. */
export interface Question {
  /** The caller's SPIFFE ID. */
  readonly id: string;
  /** The path as received, valid or not. */
  readonly path: string;
  /** At least one permission; a single policy must grant all of them. */
  readonly wanted: readonly Permission[];
}

/** Result of an evaluation. */
export type Decision =
  | {
    readonly allowed: true;
    /** The first policy by name that grants it. */
    readonly policy: string;
  }
  | {
    readonly allowed: false;
    /** Permissions that the closest policy does not grant; all wanted ones if no policy applies. */
    readonly missing: readonly Permission[];
  };

/** An immutable set of compiled policies. */
export interface PolicySet {
  /** Sorted by name, bytewise ascending; names are unique. */
  readonly policies: readonly CompiledPolicy[];
  /** Policies that may apply to an ID and a path: a superset of those that do. */
  candidates(id: string, path: string): readonly CompiledPolicy[];
  /** Policies whose ID pattern matches `id`, sorted by name. */
  applyingTo(id: string): readonly CompiledPolicy[];
  /** Policies whose path pattern matches `path`, sorted by name. On a reserved path they may still have no effect. */
  covering(path: string): readonly CompiledPolicy[];
}

/**
 * Creates a set. The cost of a decision depends on the number of policies whose patterns share a literal prefix with the
 * ID or with the path, whichever is smaller, and not on the total number.
 *
 * @throws {Error} if two policies have the same name
 */
export function createPolicySet(policies: readonly CompiledPolicy[]): PolicySet {
  const sorted = [...policies].sort(byName);
  const repeated = sorted.find((policy, i) => policy.name === sorted[i - 1]?.name);
  if (repeated) throw new Error(`Policy ${repeated.name} exists twice`);
  const byId = new PrefixIndex(sorted, (policy) => policy.id.shape);
  const byPath = new PrefixIndex(sorted, (policy) => policy.path.shape);
  return {
    policies: sorted,
    candidates: (id, path) => {
      const [forId, forPath] = [byId.candidates(id), byPath.candidates(path)];
      return merged(sizeOf(forId) <= sizeOf(forPath) ? forId : forPath);
    },
    applyingTo: (id) => merged(byId.candidates(id)).filter((policy) => policy.id.finds(id)),
    covering: (path) => merged(byPath.candidates(path)).filter((policy) => policy.path.finds(path)),
  };
}

/**
 * Evaluates a request. It is allowed by the first policy, by name, whose ID pattern matches the ID, whose path pattern
 * matches the path, that may apply to the path if it is reserved, and that grants all wanted permissions.
 */
export function decide(set: PolicySet, question: Question): Decision {
  return decideAmong(set.candidates(question.id, question.path), question);
}

/** As {@linkcode decide}, over all of `policies`, which must be sorted by name. */
export function decideAmong(policies: readonly CompiledPolicy[], question: Question): Decision {
  if (question.wanted.length === 0) throw new Error("Nothing is wanted");
  let missing = question.wanted;
  for (const policy of policies) {
    const lacking = lackingIn(policy, question);
    if (lacking.length < missing.length) {
      if (lacking.length === 0) return { allowed: true, policy: policy.name };
      missing = lacking;
    }
  }
  return { allowed: false, missing };
}

/** Wanted permissions that a policy does not grant. The cheap test comes first. */
function lackingIn(policy: CompiledPolicy, { id, path, wanted }: Question): readonly Permission[] {
  const reserved = isReserved(path);
  const lacking = wanted.filter((one) => !isGranted(policy.permissions, one, reserved));
  if (lacking.length === wanted.length) return wanted;
  const applies = policy.id.finds(id) && policy.path.finds(path) &&
    (!reserved || reachesReserved(policy, path));
  return applies ? lacking : wanted;
}

/** The part of a listing that one caller may see. */
export interface Sight {
  /** Whether the caller may list or read `path`. */
  sees(path: string): boolean;
  /** The first policy by name that lets the caller list something. */
  readonly policy: string;
  /** Every visible path begins with one of these. Ascending; none is a prefix of another. */
  readonly prefixes: readonly string[];
}

/**
 * The part of a listing that `id` may see without the system-wide permission; undefined if no policy grants it `list`
 * outside the reserved paths.
 */
export function sightOf(set: PolicySet, id: string): Sight | undefined {
  const applying = set.applyingTo(id);
  const first = applying.find(mayListSomething);
  if (!first) return undefined;
  const showing = applying.filter(({ permissions }) =>
    isGranted(permissions, "list", false) || isGranted(permissions, "read", false)
  );
  const byPath = new PrefixIndex(showing, (policy) => policy.path.shape);
  return {
    policy: first.name,
    prefixes: shortest(showing.map(({ path }) => path.shape.text)),
    // Reserved paths hold no secrets.
    sees: (path) =>
      !isReserved(path) &&
      byPath.candidates(path).some((list) => list.some((policy) => policy.path.finds(path))),
  };
}

function mayListSomething({ permissions, path }: CompiledPolicy): boolean {
  return isGranted(permissions, "list", false) && !path.shape.text.startsWith(RESERVED_PREFIX);
}

/** Drops prefixes that begin with another one. */
function shortest(prefixes: readonly string[]): string[] {
  const kept: string[] = [];
  for (const prefix of [...prefixes].sort()) {
    const last = kept.at(-1);
    if (last === undefined || !prefix.startsWith(last)) kept.push(prefix);
  }
  return kept;
}

function sizeOf(lists: readonly (readonly CompiledPolicy[])[]): number {
  return lists.reduce((size, list) => size + list.length, 0);
}

function merged(lists: readonly (readonly CompiledPolicy[])[]): readonly CompiledPolicy[] {
  const [only] = lists;
  return lists.length === 1 && only ? only : lists.flat().sort(byName);
}

/** Names are ASCII, so this is also the bytewise order. */
function byName(a: CompiledPolicy, b: CompiledPolicy): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
