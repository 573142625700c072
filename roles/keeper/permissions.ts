import type { KeeperSettings } from "../../lib/config/mod.ts";
import { listenPermissions } from "../../lib/process/mod.ts";
import { permissionsOf } from "../../lib/workload_api/source_settings.ts";

/** All that a keeper's thread may do: get its identity and listen on its address. */
export function keeperPermissions(settings: KeeperSettings): Deno.PermissionOptionsObject {
  const identity = permissionsOf(settings);
  return { ...identity, net: [...identity.net, ...listenPermissions(settings.listen)] };
}
