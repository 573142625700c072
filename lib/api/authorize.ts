import { hasRole, type SpiffeId, type TrustRoots } from "../spiffe/mod.ts";
import { SpikeError } from "./error.ts";
import type { Want } from "./route.ts";

/** The one refusal. It never tells whether what was asked for exists. */
export function denied(id: SpiffeId): SpikeError {
  return new SpikeError("access_unauthorized", `${id} may not do this`);
}

/** Lets through who has one of the roles that a route names. @throws SpikeError `access_unauthorized` */
export function authorizeByRole(id: SpiffeId, want: Want, roots: TrustRoots): void {
  if (want.by === "role" && want.roles.some((role) => hasRole(id, role, roots))) return;
  throw denied(id);
}
