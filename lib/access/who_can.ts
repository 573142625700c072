import type { Permission } from "../policy/permission.ts";
import {
  type CompiledPolicy,
  createPolicySet,
  isGranted,
  isReserved,
  type PermissionWord,
  type PolicySet,
  reachesReserved,
} from "../policy/mod.ts";
import { idsOfRole, type Role, ROLES, type TrustRoots } from "../spiffe/role.ts";
import { explainAccess } from "./explain.ts";

/** A policy that grants the wanted permissions to the SPIFFE IDs that match its pattern. */
export interface GrantingPolicy {
  /** Name of the policy. */
  readonly policy: string;
  /** Regular expression that the SPIFFE ID must match. */
  readonly spiffeidPattern: string;
  /** Regular expression that the path must match. */
  readonly pathPattern: string;
  /** Permissions as the policy lists them. */
  readonly permissions: readonly PermissionWord[];
}

/** A role that grants the wanted permissions, and the SPIFFE IDs that have it. */
export interface GrantingRole {
  /** The role. */
  readonly role: Role;
  /** SPIFFE IDs that have the role; IDs below them have it as well. */
  readonly ids: readonly string[];
}

/** The roles and policies that grant the wanted permissions. */
export interface Grants {
  /** Policies that grant all wanted permissions on the path. */
  readonly policies: readonly GrantingPolicy[];
  /** Roles that grant all wanted permissions on the path. */
  readonly roles: readonly GrantingRole[];
}

const NO_POLICIES = createPolicySet([]);

/**
 * Lists the policies and the roles that grant all wanted permissions on a path. A policy has no effect on a caller whose
 * role is confined.
 */
export function whoCan(
  set: PolicySet,
  { path, wanted }: { readonly path: string; readonly wanted: readonly Permission[] },
  roots: TrustRoots,
): Grants {
  const roles = ROLES.flatMap((role) => {
    const ids = idsOfRole(role, roots).filter((id) => {
      const { allowed, ...by } = explainAccess(NO_POLICIES, { id, path, wanted }, roots);
      return allowed && by.role === role;
    });
    return ids.length > 0 ? [{ role, ids }] : [];
  });
  const policies = set.covering(path).filter((policy) => grants(policy, path, wanted));
  return { roles, policies: policies.map(describe) };
}

function grants(policy: CompiledPolicy, path: string, wanted: readonly Permission[]): boolean {
  const reserved = isReserved(path);
  return (!reserved || reachesReserved(policy, path)) &&
    wanted.every((one) => isGranted(policy.permissions, one, reserved));
}

function describe({ name, id, path, permissions }: CompiledPolicy): GrantingPolicy {
  return { policy: name, spiffeidPattern: id.text, pathPattern: path.text, permissions };
}
