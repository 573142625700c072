import { type Comparer, createComparer, excludeEachOther } from "./compare.ts";
import { isGranted, type Permission, PERMISSIONS } from "./permission.ts";
import { type PatternMember, type Policy, unanchoredPatterns } from "./policy.ts";
import { type Shape, shapeOf } from "./shape.ts";

/** How bad a finding is. */
export const LEVELS = ["error", "warning", "note"] as const;
export type Level = typeof LEVELS[number];

/** What is looked for. */
export type Rule =
  /** A pattern that finds no SPIFFE ID, or no path, or a policy that grants nothing anywhere. */
  | "never"
  /** A pattern that may find what begins or ends elsewhere than its author wrote. */
  | "unanchored"
  /** A dot in the trust domain that stands for any character. */
  | "dot"
  /** A policy that reaches the system's own paths. */
  | "reserved"
  /** A policy that grants exactly what another one does. */
  | "duplicate"
  /** A policy all of whose grants another one makes too. */
  | "shadowed"
  /** Policies that both grant the same to the same caller. */
  | "overlapping"
  /** A pattern that is too complicated to be compared. */
  | "unread"
  /** Comparisons that were given up. */
  | "unfinished";

/** Something to look at. */
export interface LintFinding {
  readonly level: Level;
  readonly rule: Rule;
  /** Absent where it is about all of them. */
  readonly policy?: string;
  /** Absent where it is about the policy as a whole. */
  readonly member?: PatternMember;
  /** Policies that it has to do with, by name. */
  readonly others?: readonly string[];
  /** A request that shows it. */
  readonly example?: {
    readonly id: string;
    readonly path: string;
    readonly permission: Permission;
  };
  readonly message: string;
}

/** What is looked at in all comparisons together: some seconds. Two ordinary policies take a few hundred. */
const DEFAULT_STEPS = 2_000_000;

/**
 * Looks for policies that say something else than their author may mean. All findings are proven, on all valid
 * SPIFFE IDs and paths; what was not read or not finished is a finding of its own. Names have to differ.
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
  const message =
    `${count} comparisons took too long and were given up; what they would find is not told`;
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
    } is not anchored: it may find more than is meant; write ^…$`,
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
    } is not compared: it has flags, classes or escapes that are not analysed`,
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
      finding(`spiffeidPattern ${spiffeidPattern} finds no valid SPIFFE ID`, "spiffeidPattern"),
    );
  }
  const places = REGIONS.map((region) => comparer.common(region, [pathPattern]).kind);
  if (places.every((kind) => kind === "none")) {
    findings.push(finding(`pathPattern ${pathPattern} finds no valid path`, "pathPattern"));
  } else if (effectOf(policy, comparer) === undefined && findings.length === 0) {
    findings.push(
      finding(
        `The policy grants nothing: ${
          policy.permissions.join(", ")
        } has no effect on the paths that it is about`,
      ),
    );
  }
  return findings;
}

function looseDot({ name, spiffeidPattern }: Policy): LintFinding[] {
  // A dot without a quantifier, behind literal characters only: written for itself, most likely.
  const loose = /^\^?spiffe:\/\/(?:[a-z0-9-]|\\[.-])+\.(?![*+?{])/.exec(spiffeidPattern)?.[0];
  if (loose === undefined) return [];
  return [{
    level: "warning",
    rule: "dot",
    policy: name,
    member: "spiffeidPattern",
    message:
      `spiffeidPattern ${spiffeidPattern} has a dot in the trust domain that finds any character; write \\.`,
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
      isMeant ? "" : ", besides those of secrets"
    }`,
  }];
}

const REGIONS = ["secrets", "reserved"] as const;
type PathRegion = typeof REGIONS[number];

/** A policy with what it grants where it grants anything. */
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

/** Undefined when it is proven that the policy grants nothing to anybody. */
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
      findings.push(about(name, "shadowed", wider, "grants nothing that others do not grant too:"));
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

/** Whether it is proven that `outer` grants all that `inner` does. The cheap tests come first. */
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

/** Literal beginnings tell most pairs apart, at no cost. */
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
    message: `grants some of what others grant too: ${
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
