import type { Permission } from "../policy/permission.ts";
import { explain, isReserved, type PolicyMiss, type PolicySet } from "../policy/mod.ts";
import type { SpiffeId } from "../spiffe/id.ts";
import { hasRole, type Role, type TrustRoots } from "../spiffe/role.ts";
import { confinedRole, isCaller, judgementOf } from "./judge.ts";
import { routesWanting, subjectOn } from "./target.ts";

/** A question about access: may this caller do all of this on this path? */
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
  /** A role that grants all of it, or a confined role, which policies do not extend. */
  | "role"
  /** One or more policies, each of which grants what the roles do not. */
  | "policy"
  /** Neither grants it. */
  | "nothing"
  /** The form of the ID: access rules do not cover it, so every request is denied. */
  | "id";

/** A decision with its reasons. */
export interface AccessExplanation {
  /** Whether every wanted permission is granted. */
  readonly allowed: boolean;
  /** What decided. */
  readonly by: DecidedBy;
  /** The role that decided, or that confines the caller. */
  readonly role?: Role;
  /** The first, by name, of the policies in `policies`. */
  readonly policy?: string;
  /** All policies that grant it, each on its own: revoking access means changing every one of them. */
  readonly policies: readonly string[];
  /** What the closest policy does not grant, or everything where no policy matches. Empty when allowed. */
  readonly missing: readonly Permission[];
  /** The closest policies, best match first. Empty when allowed. */
  readonly misses: readonly PolicyMiss[];
  /** The decision in one sentence. */
  readonly reason: string;
}

const NO_POLICY = { policies: [], missing: [], misses: [] } as const;

/** Explains what a caller may do, by the rules that also authorize its requests: roles first, then policies. */
export function explainAccess(
  policies: PolicySet,
  question: AccessQuestion,
  roots: TrustRoots,
): AccessExplanation {
  const { id, wanted } = question;
  const explained = !isCaller(id)
    ? { ...NO_POLICY, allowed: false, by: "id" as const, missing: wanted }
    : byRole(question, roots) ?? byPolicy(policies, question, roots);
  return { ...explained, reason: reasonOf(explained, question) };
}

type Unreasoned = Omit<AccessExplanation, "reason">;

/** Undefined where policies decide about a part. */
function byRole(question: AccessQuestion, roots: TrustRoots): Unreasoned | undefined {
  const { id, wanted } = question;
  const roles = wanted.map((one) => grantingRole(question, one, roots));
  const [granting] = roles;
  if (granting && roles.every((role) => role !== undefined)) {
    return { ...NO_POLICY, allowed: true, by: "role", role: granting };
  }
  const role = confinedRole(id, roots);
  if (!role) return undefined;
  const missing = wanted.filter((_, i) => roles[i] === undefined);
  return { ...NO_POLICY, allowed: false, by: "role", role, missing };
}

/** The role that grants one permission in every request that wants it on the path. */
function grantingRole(
  { id, path }: AccessQuestion,
  permission: Permission,
  roots: TrustRoots,
): Role | undefined {
  const routes = routesWanting(permission, path);
  // Where no operation needs the permission, only the superuser has it.
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
  const found = explain(policies, { ...question, wanted });
  if (!found.allowed) return { ...found, by: "nothing", policies: [] };
  const [policy] = found.policies;
  return { ...NO_POLICY, ...found, by: "policy", ...(policy === undefined ? {} : { policy }) };
}

function reasonOf(explained: Unreasoned, { id, path, wanted }: AccessQuestion): string {
  const { allowed, by, role, policies, missing } = explained;
  const what = `${wanted.join(" and ")} on ${path}`;
  if (by === "id") return `${id} is not a supported caller ID, so it is denied everything`;
  if (by === "role") {
    return allowed
      ? `The role ${role} grants ${what}`
      : `The role ${role} is confined: it does not grant ${
        missing.join(" and ")
      } on ${path}, and policies do not extend it`;
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

/** The most likely cause of a denial. */
function hintOf({ misses, missing }: Unreasoned, path: string): string {
  const [closest] = misses;
  if (closest === undefined) return ": no policy matches this ID or this path";
  const applying = misses.filter(({ lacks }) => lacks === "permissions");
  const isSplit = applying.length > 1 &&
    missing.every((one) => applying.some((miss) => !miss.missing.includes(one)));
  if (isSplit) {
    return ": several policies grant a part each, but a single policy must grant all of it";
  }
  const name = JSON.stringify(closest.policy);
  if (closest.lacks === "permissions" && isReserved(path)) {
    return `: policy ${name} matches, but does not grant it on a reserved path`;
  }
  return `: ${MISSED[closest.lacks](name)}`;
}

const MISSED: Readonly<Record<PolicyMiss["lacks"], (name: string) => string>> = {
  permissions: (name) => `policy ${name} matches, but does not grant it`,
  reserved: (name) =>
    `policy ${name} is not effective on a reserved path, because its path pattern is not anchored there`,
  path: (name) => `policy ${name} matches this ID, but not this path`,
  id: (name) => `policy ${name} matches this path, but not this ID`,
};
