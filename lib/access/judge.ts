import { denied } from "./authorize.ts";
import type { Route } from "../api/route.ts";
import type { PermissionWant } from "../api/operation/mod.ts";
import { RESERVED } from "../policy/mod.ts";
import type { SpiffeId } from "../spiffe/id.ts";
import { hasRole, type Role, type TrustRoots } from "../spiffe/role.ts";
import { targetOf } from "./target.ts";

/** What follows from a caller's roles alone: the role that grants it, or not; `open` leaves it to the policies. */
export type Judgement = { readonly granted: Role } | "denied" | "open";

/** Narrower than the SPIFFE standard: no underscore in the trust domain. The original's rule for callers. */
const CALLER = /^spiffe:\/\/[a-zA-Z0-9.-]+(?:\/[a-zA-Z0-9._-]+)*$/;

/** Their rights are those of the role, and no policy adds to them. */
const CONFINED: readonly Role[] = ["lite", "recover", "restore", "bootstrap", "nexus", "keeper"];

/** Whether there are rules for such an ID at all; who has another one is denied everything. */
export function isCaller(id: SpiffeId): boolean {
  return CALLER.test(id);
}

/** The role that no policy adds to, or undefined. */
export function confinedRole(id: SpiffeId, roots: TrustRoots): Role | undefined {
  return CONFINED.find((role) => hasRole(id, role, roots));
}

/** Judges a caller with an ID that rules are made for. `subject` is what the request is about, see `targetOf`. */
export function judgementOf(
  id: SpiffeId,
  route: Route,
  roots: TrustRoots,
  subject = "",
): Judgement {
  const has = (role: Role) => hasRole(id, role, roots);
  const { want } = route;
  const granted = want.roles.find(has) ??
    (want.by === "permission" ? defaultKeyRole(want, subject, has) : undefined);
  if (granted) return { granted };
  if (want.by === "role") return "denied";
  return confinedRole(id, roots) ? "denied" : "open";
}

/**
 * Judges a caller by its roles. Throws `access_unauthorized` for an ID that no rule is made for.
 */
export function judgeByRole(
  id: SpiffeId,
  route: Route,
  roots: TrustRoots,
  subject = "",
): Judgement {
  if (!isCaller(id)) throw denied(id);
  return judgementOf(id, route, roots, subject);
}

/** The role that has a permission for the default cipher key alone, where that key is what the request is about. */
function defaultKeyRole(
  want: PermissionWant,
  subject: string,
  has: (role: Role) => boolean,
): Role | undefined {
  const isDefaultKey = targetOf(want, subject) === RESERVED.cipherExec;
  return isDefaultKey ? want.defaultKeyRoles?.find(has) : undefined;
}
