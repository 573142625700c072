import type { PolicySet, Question } from "./decide.ts";
import { isGranted, type Permission } from "./permission.ts";
import type { CompiledPolicy } from "./policy.ts";
import { isReserved, reachesReserved } from "./reserved.ts";

/** What a policy lacks, looked for in this order: of several the first is told. */
export type Lack =
  /** Its SPIFFE ID pattern is not found in the ID. */
  | "id"
  /** Its path pattern is not found in the path. */
  | "path"
  /** The path is the system's own, and the policy is not anchored so that it may count there. */
  | "reserved"
  /** It applies, but does not grant all that is wanted. */
  | "permissions";

/** A policy that does not grant what is asked, and why. */
export interface PolicyMiss {
  readonly policy: string;
  readonly lacks: Lack;
  /** What it does not grant of what is wanted; for most kinds of lack it may grant everything. */
  readonly missing: readonly Permission[];
}

/** Why the policies decide as they do. */
export type PolicyExplanation =
  | {
    readonly allowed: true;
    /** Every policy that grants all of it, by name. Each suffices; without all of them it is denied. */
    readonly policies: readonly string[];
  }
  | {
    readonly allowed: false;
    /** What the policy that comes nearest does not grant: all that was wanted when none applies. */
    readonly missing: readonly Permission[];
    /** Nearest first, by name where they are equally near. Those that lack both ID and path are left out. */
    readonly misses: readonly PolicyMiss[];
  };

/** From near to far. Who is meant counts for more than where: the question is mostly about one caller. */
const NEAREST_FIRST: readonly Lack[] = ["permissions", "reserved", "path", "id"];

/**
 * Explains the decision on a question. It looks at every policy that finds the ID or the path, so it costs more
 * than the decision.
 *
 * @example
 * ```ts
 * const why = explain(set, { id, path: "tenants/acme/db", wanted: ["write"] });
 * if (why.allowed) console.log(`Remove ${why.policies} to deny it`);
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

/** As `decide()` tells it. */
function nearest(misses: readonly PolicyMiss[], wanted: readonly Permission[]) {
  return misses.filter(({ lacks }) => lacks === "permissions").sort(byNearness)[0]?.missing ??
    wanted;
}

function byNearness(a: PolicyMiss, b: PolicyMiss): number {
  return NEAREST_FIRST.indexOf(a.lacks) - NEAREST_FIRST.indexOf(b.lacks) ||
    a.missing.length - b.missing.length || (a.policy < b.policy ? -1 : 1);
}
