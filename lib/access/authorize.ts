import type { Grant } from "../audit/mod.ts";
import type { SpiffeId } from "../spiffe/id.ts";
import { hasRole, type TrustRoots } from "../spiffe/role.ts";
import { SpikeError } from "../error/error.ts";
import type { Want } from "../api/operation/mod.ts";

/** The one error of denied access. It never reveals whether the path, policy or key exists. */
export function denied(id: SpiffeId): SpikeError {
  return new SpikeError("access_unauthorized", `${id} may not do this`);
}

/**
 * Returns the role that authorizes the caller, of those that the operation accepts.
 *
 * @throws {SpikeError} `access_unauthorized`
 */
export function authorizeByRole(id: SpiffeId, want: Want, roots: TrustRoots): Grant {
  const name = want.by === "role" && want.roles.find((role) => hasRole(id, role, roots));
  if (!name) throw denied(id);
  return { by: "role", name };
}
