import type { Permission } from "../policy/permission.ts";
import { explain, isReserved, type PolicyMiss, type PolicySet } from "../policy/mod.ts";
import type { SpiffeId } from "../spiffe/id.ts";
import { hasRole, type Role, type TrustRoots } from "../spiffe/role.ts";
import { confinedRole, isCaller, judgementOf } from "./judge.ts";
import { routesWanting, subjectOn } from "./target.ts";

/** Who may do what, where. */
export interface AccessQuestion {
  /** SPIFFE ID of the caller in question. */
  readonly id: SpiffeId;
  /** Secret path or reserved path, not a pattern. */
  readonly path: string;
  /** At least one. */
  readonly wanted: readonly Permission[];
}

/** What decided. */
export type DecidedBy =
  /** A role that grants all of it, or one that no policy adds to. */
  | "role"
  /** One or more policies, for what no role grants. */
  | "policy"
  /** Neither grants it. */
  | "nothing"
  /** The ID: there are no rules for such ones, and they are denied everything. */
  | "id";

/** A decision with its reasons. */
export interface AccessExplanation {
  /** Whether every wanted permission is granted. */
  readonly allowed: boolean;
  /** What decided. */
  readonly by: DecidedBy;
  /** The role that decided, or that confines the caller. */
  readonly role?: Role;
  /** The first, by name, of the policies that decided. */
  readonly policy?: string;
  /** All that grant it, each by itself: to deny it, all of them have to go. */
  readonly policies: readonly string[];
  /** What is not granted: by the policy that comes nearest, or at all. Empty when it is allowed. */
  readonly missing: readonly Permission[];
  /** Policies that come near, the nearest first. Empty when it is allowed. */
  readonly misses: readonly PolicyMiss[];
  /** A sentence for people. */
  readonly reason: string;
}

const NOBODY = { policies: [], missing: [], misses: [] } as const;

/** Explains what a caller may do, by the same rules that decide on its requests: roles first, then policies. */
export function explainAccess(
  policies: PolicySet,
  question: AccessQuestion,
  roots: TrustRoots,
): AccessExplanation {
  const { id, wanted } = question;
  const explained = !isCaller(id)
    ? { ...NOBODY, allowed: false, by: "id" as const, missing: wanted }
    : byRole(question, roots) ?? byPolicy(policies, question, roots);
  return { ...explained, reason: reasonOf(explained, question) };
}

type Unreasoned = Omit<AccessExplanation, "reason">;

/** Undefined where roles leave something to the policies. */
function byRole(question: AccessQuestion, roots: TrustRoots): Unreasoned | undefined {
  const { id, wanted } = question;
  const roles = wanted.map((one) => grantingRole(question, one, roots));
  const [granting] = roles;
  if (granting && roles.every((role) => role !== undefined)) {
    return { ...NOBODY, allowed: true, by: "role", role: granting };
  }
  const role = confinedRole(id, roots);
  if (!role) return undefined;
  const missing = wanted.filter((_, i) => roles[i] === undefined);
  return { ...NOBODY, allowed: false, by: "role", role, missing };
}

/** The role that grants one permission in every request that wants it on the path. */
function grantingRole(
  { id, path }: AccessQuestion,
  permission: Permission,
  roots: TrustRoots,
): Role | undefined {
  const routes = routesWanting(permission, path);
  // What no request asks for yet is still the superuser's, whose word is `super`.
  if (routes.length === 0) return hasRole(id, "superuser", roots) ? "superuser" : undefined;
  const roles = routes.map((route) => {
    const subject = route.want.by === "permission" ? subjectOn(route.want, path) : undefined;
    const judgement = judgementOf(id, route, roots, subject);
    return typeof judgement === "object" ? judgement.granted : undefined;
  });
  return roles.every((role) => role !== undefined) ? roles[0] : undefined;
}

function byPolicy(
  policies: PolicySet,
  question: AccessQuestion,
  roots: TrustRoots,
): Unreasoned {
  const wanted = question.wanted.filter((one) => !grantingRole(question, one, roots));
  const told = explain(policies, { ...question, wanted });
  if (!told.allowed) return { ...told, by: "nothing", policies: [] };
  const [policy] = told.policies;
  return { ...NOBODY, ...told, by: "policy", ...(policy === undefined ? {} : { policy }) };
}

function reasonOf(explained: Unreasoned, { id, path, wanted }: AccessQuestion): string {
  const { allowed, by, role, policies, missing } = explained;
  const what = `${wanted.join(" and ")} on ${path}`;
  if (by === "id") return `${id} is not an ID that rules are made for`;
  if (by === "role") {
    return allowed
      ? `The role ${role} grants ${what}`
      : `The role ${role} is confined: it does not grant ${
        missing.join(" and ")
      } on ${path}, and no policy adds to it`;
  }
  if (allowed) {
    return `${listed(policies)} ${policies.length > 1 ? "each grant" : "grants"} ${what}`;
  }
  const verb = missing.length > 1 ? "are" : "is";
  return `${missing.join(" and ")} on ${path} ${verb} missing${hintOf(explained, path)}`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => JSON.stringify(name));
  const rest = names.length - shown.length;
  const some = rest > 0 ? `${shown.join(", ")} and ${rest} more` : shown.join(" and ");
  return `${names.length > 1 ? "The policies" : "The policy"} ${some}`;
}

/** What is easily overlooked. */
function hintOf({ misses, missing }: Unreasoned, path: string): string {
  const [nearest] = misses;
  if (nearest === undefined) return ": no policy is about this ID or this path";
  const applying = misses.filter(({ lacks }) => lacks === "permissions");
  const isSplit = applying.length > 1 &&
    missing.every((one) => applying.some((miss) => !miss.missing.includes(one)));
  if (isSplit) return ": several policies grant a part each, but one policy has to grant all of it";
  const name = JSON.stringify(nearest.policy);
  if (nearest.lacks === "permissions" && isReserved(path)) {
    return `: policy ${name} applies, but does not grant it on a reserved path`;
  }
  return `: ${MISSED[nearest.lacks](name)}`;
}

const MISSED: Readonly<Record<PolicyMiss["lacks"], (name: string) => string>> = {
  permissions: (name) => `policy ${name} applies, but does not grant it`,
  reserved: (name) =>
    `policy ${name} does not count on a reserved path, since it is not anchored for it`,
  path: (name) => `policy ${name} is about this ID, but not about this path`,
  id: (name) => `policy ${name} is about this path, but not about this ID`,
};
