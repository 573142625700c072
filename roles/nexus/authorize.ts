import { denied } from "../../lib/api/authorize.ts";
import type { Route } from "../../lib/api/mod.ts";
import { RESERVED } from "../../lib/policy/mod.ts";
import { hasRole, type Role, type SpiffeId, type TrustRoots } from "../../lib/spiffe/mod.ts";

/** What follows from a caller's roles alone: the role that grants it, or not; `open` leaves it to the policies. */
export type Judgement = { readonly granted: Role } | "denied" | "open";

/** Narrower than the SPIFFE standard: no underscore in the trust domain. The original's rule for callers. */
const CALLER = /^spiffe:\/\/[a-zA-Z0-9.-]+(?:\/[a-zA-Z0-9._-]+)*$/;

/** What roles grant, of what can be granted by policies too. */
const GRANTS: readonly (readonly [Role, (route: Route) => boolean])[] = [
  ["superuser", () => true],
  ["admin", ({ operation }) => operation.startsWith("policy.")],
  ["operator", ({ operation }) => operation.startsWith("secret.")],
  ["lite", ({ want }) => want.by === "permission" && want.on === RESERVED.cipherExec],
];

/** Their rights are those of the role, and no policy adds to them. */
const CONFINED: readonly Role[] = ["lite", "recover", "restore", "bootstrap", "nexus", "keeper"];

/**
 * Judges a caller by its roles. Throws `access_unauthorized` for an ID that no rule is made for.
 */
export function judgeByRole(id: SpiffeId, { want, ...route }: Route, roots: TrustRoots): Judgement {
  if (!CALLER.test(id)) throw denied(id);
  const has = (role: Role) => hasRole(id, role, roots);
  const granted = want.by === "role"
    ? want.roles.find(has)
    : GRANTS.find(([role, grants]) => grants({ want, ...route }) && has(role))?.[0];
  if (granted) return { granted };
  if (want.by === "role") return "denied";
  return CONFINED.some(has) ? "denied" : "open";
}
