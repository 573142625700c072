import { type Comparer, createComparer, excludeEachOther } from "./compare.ts";
import { isGranted, type Permission, PERMISSIONS } from "./permission.ts";
import { type PatternMember, type Policy, unanchoredPatterns } from "./policy.ts";
import { type Shape, shapeOf } from "./shape.ts";

/** Severities of findings, highest first. */
export const LEVELS = ["error", "warning", "note"] as const;
/** Severity of a finding. */
export type Level = typeof LEVELS[number];

/** Kinds of findings. */
export type Rule =
  /** A pattern that matches no valid SPIFFE ID or path, or a policy that grants nothing. */
  | "never"
  /** A pattern without anchors, which may match more than intended. */
  | "unanchored"
  /** An unescaped dot in the trust domain, which matches any character. */
  | "dot"
  /** A policy that applies to reserved paths. */
  | "reserved"
  /** A policy that grants exactly what another one grants. */
  | "duplicate"
  /** A policy whose grants another one includes. */
  | "shadowed"
  /** Policies that grant the same permission on the same path to the same caller. */
  | "overlapping"
  /** A pattern that cannot be analysed. */
  | "unread"
  /** Comparisons that were stopped. */
  | "unfinished";

/** A finding. */
export interface LintFinding {
  /** Severity. */
  readonly level: Level;
  /** Kind of finding. */
  readonly rule: Rule;
  /** Name of the policy; absent if the finding is about all policies. */
  readonly policy?: string;
  /** Pattern concerned; absent if the finding is about the whole policy. */
  readonly member?: PatternMember;
  /** Names of the other policies involved. */
  readonly others?: readonly string[];
  /** A request that demonstrates it. */
  readonly example?: {
    readonly id: string;
    readonly path: string;
    readonly permission: Permission;
  };
  /** Description without the policy's name. */
  readonly message: string;
}

/** Steps of all comparisons together: a few seconds. Two ordinary policies take a few hundred. */
const DEFAULT_STEPS = 2_000_000;

/**
 * Finds likely mistakes in policies. Every finding is proven over all valid SPIFFE IDs and paths; patterns that cannot be
 * analysed and comparisons that were stopped are reported as findings. Names must be unique.
 */
export function lint(
  policies: readonly Policy[],
  { steps = DEFAULT_STEPS }: { readonly steps?: number } = {},
): LintFinding[] {
  const comparer = createComparer({ left: steps });
  const sorted = [...policies].sort((a, b) => a.name < b.name ? -1 : 1);
  const alone = sorted.flatMap((policy) => lintOne(policy, comparer));
  const effective = sorted.map((policy) => effectOf(policy, comparer))
    .filter((effect) => effect !== undefined);
  const together = lintTogether(effective, comparer);
  return [...alone, ...together, ...unfinished(comparer.givenUp)];
}

function unfinished(count: number): LintFinding[] {
  if (count === 0) return [];
  const message = `${count} comparisons took too long and were stopped; findings may be missing`;
  return [{ level: "note", rule: "unfinished", message }];
}

function lintOne(policy: Policy, comparer: Comparer): LintFinding[] {
  const { name } = policy;
  const unanchored = unanchoredPatterns(policy).map((member): LintFinding => ({
    level: "warning",
    rule: "unanchored",
    policy: name,
    member,
    message: `${member} ${
      policy[member]
    } is not anchored and may match more than intended; write ^…$`,
  }));
  const unread = MEMBERS.filter((member) => !comparer.reads(policy[member])).map((
    member,
  ): LintFinding => ({
    level: "note",
    rule: "unread",
    policy: name,
    member,
    message: `${member} ${
      policy[member]
    } cannot be analysed because of its flags, classes or escapes`,
  }));
  return [
    ...never(policy, comparer),
    ...unanchored,
    ...looseDot(policy),
    ...reserved(policy, comparer),
    ...unread,
  ];
}

const MEMBERS = ["spiffeidPattern", "pathPattern"] as const;

function never(policy: Policy, comparer: Comparer): LintFinding[] {
  const { name, spiffeidPattern, pathPattern } = policy;
  const finding = (message: string, member?: PatternMember): LintFinding => ({
    level: "error",
    rule: "never",
    policy: name,
    ...(member ? { member } : {}),
    message,
  });
  const findings: LintFinding[] = [];
  if (comparer.common("ids", [spiffeidPattern]).kind === "none") {
    findings.push(
      finding(`spiffeidPattern ${spiffeidPattern} matches no valid SPIFFE ID`, "spiffeidPattern"),
    );
  }
  const places = REGIONS.map((region) => comparer.common(region, [pathPattern]).kind);
  if (places.every((kind) => kind === "none")) {
    findings.push(finding(`pathPattern ${pathPattern} matches no valid path`, "pathPattern"));
  } else if (effectOf(policy, comparer) === undefined && findings.length === 0) {
    findings.push(
      finding(
        `The policy grants nothing: ${
          policy.permissions.join(", ")
        } has no effect on the paths that it matches`,
      ),
    );
  }
  return findings;
}

function looseDot({ name, spiffeidPattern }: Policy): LintFinding[] {
  // A dot without a quantifier after literal characters only is most likely meant literally.
  const loose = /^\^?spiffe:\/\/(?:[a-z0-9-]|\\[.-])+\.(?![*+?{])/.exec(spiffeidPattern)?.[0];
  if (loose === undefined) return [];
  return [{
    level: "warning",
    rule: "dot",
    policy: name,
    member: "spiffeidPattern",
    message:
      `spiffeidPattern ${spiffeidPattern} has a dot in the trust domain that matches any character; write \\.`,
  }];
}

function reserved(policy: Policy, comparer: Comparer): LintFinding[] {
  if (grantsIn("reserved", policy).length === 0) return [];
  const found = comparer.common("reserved", [policy.pathPattern]);
  if (found.kind !== "found") return [];
  const isMeant = /^\^\(?spike\/system\//.test(policy.pathPattern);
  return [{
    level: isMeant ? "note" : "warning",
    rule: "reserved",
    policy: policy.name,
    member: "pathPattern",
    message: `pathPattern ${policy.pathPattern} reaches reserved paths such as ${found.text}${
      isMeant ? "" : " as well as paths of secrets"
    }`,
  }];
}

const REGIONS = ["secrets", "reserved"] as const;
type PathRegion = typeof REGIONS[number];

/** A policy with the permissions it grants by region. */
interface Effect {
  readonly policy: Policy;
  readonly shapes: readonly [id: Shape, path: Shape];
  readonly grants: readonly (readonly [PathRegion, readonly Permission[]])[];
}

function grantsIn(region: PathRegion, { permissions, spiffeidPattern }: Policy): Permission[] {
  const isReserved = region === "reserved";
  if (isReserved && !(spiffeidPattern.startsWith("^") && spiffeidPattern.endsWith("$"))) return [];
  return PERMISSIONS.filter((one) => isGranted(permissions, one, isReserved));
}

/** Undefined if the policy provably grants nothing. */
function effectOf(policy: Policy, comparer: Comparer): Effect | undefined {
  if (comparer.common("ids", [policy.spiffeidPattern]).kind === "none") return undefined;
  const grants = REGIONS.flatMap((region) => {
    const granted = grantsIn(region, policy);
    const isNowhere = granted.length === 0 ||
      comparer.common(region, [policy.pathPattern]).kind === "none";
    return isNowhere ? [] : [[region, granted] as const];
  });
  const shapes = [shapeOf(policy.spiffeidPattern), shapeOf(policy.pathPattern)] as const;
  return grants.length > 0 ? { policy, shapes, grants } : undefined;
}

function lintTogether(effects: readonly Effect[], comparer: Comparer): LintFinding[] {
  const order = new Map(effects.map((effect, i) => [effect, i]));
  return effects.flatMap((effect, i) => {
    const { name } = effect.policy;
    const covering = effects.filter((other) => other !== effect && covers(other, effect, comparer));
    const same = covering.filter((other) => covers(effect, other, comparer));
    const earlier = same.filter((other) => (order.get(other) ?? 0) < i);
    const wider = covering.filter((other) => !same.includes(other));
    const findings: LintFinding[] = [];
    if (earlier.length > 0) {
      findings.push(about(name, "duplicate", earlier, "grants exactly what others grant:"));
    }
    if (wider.length > 0) {
      findings.push(about(name, "shadowed", wider, "grants nothing beyond what others grant:"));
    }
    if (covering.length > 0) return findings;
    const later = effects.slice(i + 1).filter((other) => !covers(effect, other, comparer));
    return [...findings, ...overlap(effect, later, comparer)];
  });
}

function about(
  name: string,
  rule: "duplicate" | "shadowed",
  others: readonly Effect[],
  what: string,
): LintFinding {
  const names = others.map(({ policy }) => policy.name);
  return {
    level: "warning",
    rule,
    policy: name,
    others: names,
    message: `${what} ${listed(names)}`,
  };
}

/** Whether `outer` provably grants all that `inner` grants. The cheap tests come first. */
function covers(outer: Effect, inner: Effect, comparer: Comparer): boolean {
  if (areApart(outer, inner)) return false;
  const pairs = inner.grants.map(([region, wanted]) => ({
    region,
    wanted,
    given: outer.grants.find(([other]) => other === region)?.[1] ?? [],
  }));
  if (!pairs.every(({ wanted, given }) => wanted.every((one) => given.includes(one)))) return false;
  const [a, b] = [outer.policy, inner.policy];
  return pairs.every(({ region }) =>
    comparer.contains(region, a.pathPattern, b.pathPattern) === "yes"
  ) && comparer.contains("ids", a.spiffeidPattern, b.spiffeidPattern) === "yes";
}

/** Literal prefixes separate most pairs cheaply. */
function areApart(a: Effect, b: Effect): boolean {
  return excludeEachOther(a.shapes[0], b.shapes[0]) || excludeEachOther(a.shapes[1], b.shapes[1]);
}

function overlap(effect: Effect, others: readonly Effect[], comparer: Comparer): LintFinding[] {
  const met = others.flatMap((other) => {
    const example = exampleOf(effect, other, comparer);
    return example ? [{ name: other.policy.name, example }] : [];
  });
  const [first] = met;
  if (!first) return [];
  const { id, path, permission } = first.example;
  const names = met.map(({ name }) => name);
  return [{
    level: "note",
    rule: "overlapping",
    policy: effect.policy.name,
    others: names,
    example: first.example,
    message: `grants some of what others also grant: ${
      listed(names)
    }; for example ${permission} on ${path} to ${id}`,
  }];
}

function exampleOf(a: Effect, b: Effect, comparer: Comparer): LintFinding["example"] {
  if (areApart(a, b)) return undefined;
  for (const [region, granted] of a.grants) {
    const given = b.grants.find(([other]) => other === region)?.[1] ?? [];
    const permission = granted.find((one) => given.includes(one));
    if (!permission) continue;
    const path = comparer.common(region, [a.policy.pathPattern, b.policy.pathPattern]);
    if (path.kind !== "found") continue;
    const id = comparer.common("ids", [a.policy.spiffeidPattern, b.policy.spiffeidPattern]);
    if (id.kind === "found") return { id: id.text, path: path.text, permission };
  }
  return undefined;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
