import type { PolicySet, Question } from "./decide.ts";
import { isGranted, type Permission } from "./permission.ts";
import type { CompiledPolicy } from "./policy.ts";
import { isReserved, reachesReserved } from "./reserved.ts";

/** What a policy lacks, checked in this order; the first one is reported. */
export type Lack =
  /** Its SPIFFE ID pattern does not match the ID. */
  | "id"
  /** Its path pattern does not match the path. */
  | "path"
  /** The path is reserved, and the policy is not anchored as required there. */
  | "reserved"
  /** It applies but does not grant all wanted permissions. */
  | "permissions";

/** A policy that does not allow the request, and why. */
export interface PolicyMiss {
  /** Name of the policy. */
  readonly policy: string;
  /** Why it does not allow the request. */
  readonly lacks: Lack;
  /** Wanted permissions that it does not grant; may be empty unless `lacks` is `permissions`. */
  readonly missing: readonly Permission[];
}

/** Why the policies decide as they do. */
export type PolicyExplanation =
  | {
    readonly allowed: true;
    /** Every policy that allows the request, sorted by name. Each one suffices; removing all of them denies it. */
    readonly policies: readonly string[];
  }
  | {
    readonly allowed: false;
    /** Permissions that the closest policy does not grant; all wanted ones if no policy applies. */
    readonly missing: readonly Permission[];
    /** Closest first, then by name. Policies that match neither the ID nor the path are omitted. */
    readonly misses: readonly PolicyMiss[];
  };

/** Closest first. A matching ID counts more than a matching path, because most questions are about one caller. */
const NEAREST_FIRST: readonly Lack[] = ["permissions", "reserved", "path", "id"];

/**
 * Explains the decision on a request. It evaluates every policy that matches the ID or the path, so it costs more than
 * {@linkcode decide}.
 *
 * @example
 * ```ts
 * import { createPolicySet, explain } from "./mod.ts";
 *
 * const question = { id: "spiffe://acme.example/app", path: "tenants/acme/db", wanted: ["write"] } as const;
 * const why = explain(createPolicySet([]), question);
 * if (why.allowed) console.log(`Remove ${why.policies} to deny it`);
 * else console.log(`No policy grants ${why.missing}`); // No policy grants write
 * ```
 */
export function explain(set: PolicySet, question: Question): PolicyExplanation {
  const { id, path, wanted } = question;
  if (wanted.length === 0) throw new Error("Nothing is wanted");
  const misses: PolicyMiss[] = [];
  const policies: string[] = [];
  const forId = new Set(set.applyingTo(id));
  const forPath = new Set(set.covering(path));
  for (const policy of forId.union(forPath)) {
    const finds = { id: forId.has(policy), path: forPath.has(policy) };
    const miss = missOf(policy, question, finds);
    if (miss) misses.push(miss);
    else policies.push(policy.name);
  }
  if (policies.length > 0) return { allowed: true, policies: policies.sort() };
  return { allowed: false, missing: nearest(misses, wanted), misses: misses.sort(byNearness) };
}

function missOf(
  { name, permissions, ...policy }: CompiledPolicy,
  { path, wanted }: Question,
  finds: { readonly id: boolean; readonly path: boolean },
): PolicyMiss | undefined {
  const reserved = isReserved(path);
  const missing = wanted.filter((one) => !isGranted(permissions, one, reserved));
  const miss = (lacks: Lack) => ({ policy: name, lacks, missing });
  if (!finds.id) return miss("id");
  if (!finds.path) return miss("path");
  if (reserved && !reachesReserved(policy, path)) return miss("reserved");
  return missing.length > 0 ? miss("permissions") : undefined;
}

/** The same as in the result of `decide`. */
function nearest(misses: readonly PolicyMiss[], wanted: readonly Permission[]) {
  return misses.filter(({ lacks }) => lacks === "permissions").sort(byNearness)[0]?.missing ??
    wanted;
}

function byNearness(a: PolicyMiss, b: PolicyMiss): number {
  return NEAREST_FIRST.indexOf(a.lacks) - NEAREST_FIRST.indexOf(b.lacks) ||
    a.missing.length - b.missing.length || (a.policy < b.policy ? -1 : 1);
}
