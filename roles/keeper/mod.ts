/**
 * Keeper: holds one shard of the root key in memory and gives it to Nexus. Knows nothing of its peers.
 *
 * @module
 */
import type { KeeperSettings } from "../../lib/config/mod.ts";
import {
  prepareProcess,
  reportFailure,
  startConfined,
  superviseThreads,
} from "../../lib/process/mod.ts";
import { connectionShare, raiseDescriptorLimit } from "../../lib/process/descriptors.ts";
import { serveHealth } from "../../lib/process/health_server.ts";
import { runRole } from "../../lib/process/role.ts";
import { allocateLocked } from "../../lib/seal/mod.ts";
import { configureLogging, createLogger } from "../../lib/telemetry/mod.ts";
import { keeperPermissions } from "./permissions.ts";
import type { KeeperStart } from "./worker.ts";

/** Runs a keeper until it is told to stop; answers the exit code. */
export function runKeeper(
  args: readonly string[],
  env: Record<string, string>,
): Promise<number> {
  return runRole({ role: "keeper", args, env, run: start });
}

async function start(
  settings: KeeperSettings,
  switches: ReadonlySet<string>,
): Promise<number> {
  prepareProcess();
  const connections = connectionShare(raiseDescriptorLimit(), 2, 1);
  configureLogging({ level: settings.logLevel });
  const tellHealthOf = serveHealth(settings.health, createLogger("keeper"));
  const { buffer, layout, report } = allocateLocked(2);
  const thread = startConfined({
    entry: new URL("./worker.ts", import.meta.url),
    name: "keeper",
    permissions: keeperPermissions(settings),
  });
  const data: KeeperStart = {
    settings,
    connections,
    memory: { buffer, layout },
    locked: report.mlock,
  };
  thread.postMessage({ kind: "start", data });
  tellHealthOf([thread]);
  return await superviseThreads({
    threads: [thread],
    report: reportFailure,
    isBoundToStdin: switches.has("exit-with-stdin"),
  });
}
