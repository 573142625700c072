import type { NexusSettings } from "../../../lib/config/mod.ts";
import { listenPermissions, urlPermissions } from "../../../lib/process/mod.ts";
import { RANDOM_DEVICE } from "../../../lib/seal/mod.ts";
import { permissionsOf } from "../../../lib/workload_api/source_settings.ts";
import { COPIER_MODULES } from "../core/copier_modules.ts";

/** All that the core may do: get its identity, reach the keepers, draw keys, and keep its data. It listens only without request workers. */
export function corePermissions(settings: NexusSettings): Deno.PermissionOptionsObject {
  const identity = permissionsOf(settings);
  const data = settings.backend === "memory" ? [] : [settings.dataDir];
  const listen = settings.workers === 0 ? listenPermissions(settings.listen) : [];
  const sinks = settings.auditSinks.filter((sink) => sink.kind !== "stdout");
  const sockets = sinks.filter(({ kind }) => kind === "unix").map(({ path }) => path);
  return {
    net: [
      ...identity.net,
      ...listen,
      ...urlPermissions(settings.keeperPeers),
      ...sockets.map((path) => `unix:${path}`),
    ],
    read: [
      RANDOM_DEVICE,
      ...identity.read,
      ...data,
      ...(settings.backend === "memory" ? [] : COPIER_MODULES),
      ...tokenFiles(settings),
      ...sockets,
    ],
    write: [...identity.write, ...data, ...sinks.map(({ path }) => path)],
  };
}

function tokenFiles({ jwt }: NexusSettings): string[] {
  return jwt?.bundleFile === undefined ? [] : [jwt.bundleFile];
}

/**
 * All that a request worker may do: listen, draw nonces, and read the database. Reading one that another thread writes takes
 * write permission, for its shared-memory index. Where no secrets are served, only the core opens the database.
 */
export function requestPermissions(settings: NexusSettings): Deno.PermissionOptionsObject {
  const data = settings.backend === "sqlite" ? [settings.dataDir] : [];
  return { net: listenPermissions(settings.listen), read: [RANDOM_DEVICE, ...data], write: data };
}
