import { isGranted, type Permission } from "./permission.ts";
import type { CompiledPolicy } from "./policy.ts";
import { PrefixIndex } from "./prefix_index.ts";
import { isReserved, reachesReserved, RESERVED_PREFIX } from "./reserved.ts";

/** What is asked. */
export interface Question {
  /** The caller's SPIFFE ID. */
  readonly id: string;
  /** The path as received, be it valid or not. */
  readonly path: string;
  /** At least one; a single policy has to grant all of them. */
  readonly wanted: readonly Permission[];
}

/** What the policies say. */
export type Decision =
  | {
    readonly allowed: true;
    /** Of all policies that grant it, the first by name. */
    readonly policy: string;
  }
  | {
    readonly allowed: false;
    /** What the policy that comes nearest does not grant: all that was wanted when none applies. */
    readonly missing: readonly Permission[];
  };

/** Policies ready to be asked. It never changes. */
export interface PolicySet {
  /** By name, bytewise ascending; names differ. */
  readonly policies: readonly CompiledPolicy[];
  /** Those that may apply to an ID and a path: none that applies is missing, some may not apply. */
  candidates(id: string, path: string): readonly CompiledPolicy[];
  /** Those whose ID pattern is found in `id`, by name. */
  applyingTo(id: string): readonly CompiledPolicy[];
  /** Those whose path pattern is found in `path`, by name. They need not count there if it is reserved. */
  covering(path: string): readonly CompiledPolicy[];
}

/**
 * Makes a set. The cost of a decision then depends on how many policies share the literal beginning of their
 * patterns with the ID, or with the path, whichever are fewer; not on how many there are.
 */
export function createPolicySet(policies: readonly CompiledPolicy[]): PolicySet {
  const sorted = [...policies].sort(byName);
  const repeated = sorted.find((policy, i) => policy.name === sorted[i - 1]?.name);
  if (repeated) throw new Error(`Policy ${repeated.name} is there twice`);
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
 * Decides by the first policy, by name, whose ID pattern is found in the ID, whose path pattern is found in the
 * path, that may count on the path if it is reserved, and that grants all that is wanted.
 *
 * @example
 * ```ts
 * const decision = decide(set, { id, path: "tenants/acme/db", wanted: ["read"] });
 * if (!decision.allowed) console.log(decision.missing);
 * ```
 */
export function decide(set: PolicySet, question: Question): Decision {
  return decideAmong(set.candidates(question.id, question.path), question);
}

/** As {@linkcode decide}, by looking at every one of `policies`, which are in the order of their names. */
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

/** What a policy does not grant of what is wanted. The cheap test comes first. */
function lackingIn(policy: CompiledPolicy, { id, path, wanted }: Question): readonly Permission[] {
  const reserved = isReserved(path);
  const lacking = wanted.filter((one) => !isGranted(policy.permissions, one, reserved));
  if (lacking.length === wanted.length) return wanted;
  const applies = policy.id.finds(id) && policy.path.finds(path) &&
    (!reserved || reachesReserved(policy, path));
  return applies ? lacking : wanted;
}

/** What one caller may see of a listing. */
export interface Sight {
  /** Whether it may list, or read, `path`. */
  sees(path: string): boolean;
  /** Of all policies that let it list something, the first by name. */
  readonly policy: string;
  /** Every path that it sees begins with one of these. Ascending; none begins with another. */
  readonly prefixes: readonly string[];
}

/**
 * What `id` may see of a listing without the system-wide permission, or undefined when no policy grants it
 * `list` on anything but the system's own paths.
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
    // The system's own paths hold no secrets.
    sees: (path) =>
      !isReserved(path) &&
      byPath.candidates(path).some((list) => list.some((policy) => policy.path.finds(path))),
  };
}

function mayListSomething({ permissions, path }: CompiledPolicy): boolean {
  return isGranted(permissions, "list", false) && !path.shape.text.startsWith(RESERVED_PREFIX);
}

/** Without those that begin with another one. */
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

/** Names are ASCII, so this is their order in bytes, too. */
function byName(a: CompiledPolicy, b: CompiledPolicy): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
