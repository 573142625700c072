import { authorizeByRole, denied } from "../../lib/api/authorize.ts";
import type { Route } from "../../lib/api/mod.ts";
import { hasRole, type SpiffeId, type TrustRoots } from "../../lib/spiffe/mod.ts";

/**
 * Whether a caller may use a route, by its role. What a role does not grant is denied.
 *
 * @throws SpikeError `access_unauthorized`
 */
export function authorize(id: SpiffeId, route: Route, roots: TrustRoots): void {
  if (route.want.by === "role") return authorizeByRole(id, route.want, roots);
  if (hasRole(id, "superuser", roots)) return;
  if (route.operation.startsWith("secret.") && hasRole(id, "operator", roots)) return;
  if (route.want.on === "spike/system/cipher/exec" && hasRole(id, "lite", roots)) return;
  throw denied(id);
}
