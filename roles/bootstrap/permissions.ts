import type { BootstrapSettings } from "../../lib/config/mod.ts";
import { urlPermissions } from "../../lib/process/mod.ts";
import { RANDOM_DEVICE } from "../../lib/seal/mod.ts";
import { permissionsOf } from "../../lib/workload_api/source_settings.ts";

/** All that Bootstrap's thread may do: get its identity, draw the root key, and reach Nexus and the keepers. */
export function bootstrapPermissions(settings: BootstrapSettings): Deno.PermissionOptionsObject {
  const identity = permissionsOf(settings);
  const peers = urlPermissions([settings.nexusUrl, ...settings.keeperPeers]);
  const read = [RANDOM_DEVICE, ...identity.read];
  return { ...identity, read, net: [...identity.net, ...peers] };
}
