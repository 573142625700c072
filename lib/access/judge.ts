import { denied } from "./authorize.ts";
import type { Route } from "../api/route.ts";
import type { PermissionWant } from "../api/operation/mod.ts";
import { RESERVED } from "../policy/mod.ts";
import type { SpiffeId } from "../spiffe/id.ts";
import { hasRole, type Role, type TrustRoots } from "../spiffe/role.ts";
import { targetOf } from "./target.ts";

/** What a caller's roles decide: granted by a role, denied, or `open`, where the policies decide. */
export type Judgement = { readonly granted: Role } | "denied" | "open";

/** Narrower than the SPIFFE standard: no underscore in the trust domain. The original's rule for callers. */
const CALLER = /^spiffe:\/\/[a-zA-Z0-9.-]+(?:\/[a-zA-Z0-9._-]+)*$/;

/** Confined roles: they have exactly the rights of the role; policies do not extend them. */
const CONFINED: readonly Role[] = ["lite", "recover", "restore", "bootstrap", "nexus", "keeper"];

/** Whether access rules cover an ID of this form; every other ID is denied everything. */
export function isCaller(id: SpiffeId): boolean {
  return CALLER.test(id);
}

/** The confined role of the ID, or undefined. */
export function confinedRole(id: SpiffeId, roots: TrustRoots): Role | undefined {
  return CONFINED.find((role) => hasRole(id, role, roots));
}

/** Decides by roles about a caller that {@linkcode isCaller} accepts. `subject` is what the request is about, see `targetOf`. */
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
 * Decides by roles about any caller.
 *
 * @throws {SpikeError} `access_unauthorized` for an ID that {@linkcode isCaller} does not accept
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

/** The role that has a permission for the default cipher key alone, where the request is about that key. */
function defaultKeyRole(
  want: PermissionWant,
  subject: string,
  has: (role: Role) => boolean,
): Role | undefined {
  const isDefaultKey = targetOf(want, subject) === RESERVED.cipherExec;
  return isDefaultKey ? want.defaultKeyRoles?.find(has) : undefined;
}
