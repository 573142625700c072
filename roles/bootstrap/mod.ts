/**
 * Bootstrap: makes the root key once, splits it among the keepers and proves that Nexus has it.
 *
 * @module
 */
import { exitCodeOf } from "../../lib/error/error.ts";
import type { BootstrapSettings } from "../../lib/config/mod.ts";
import {
  prepareProcess,
  reportFailure,
  sayLines,
  startConfined,
  superviseThreads,
} from "../../lib/process/mod.ts";
import { runRole } from "../../lib/process/role.ts";
import { allocateLocked } from "../../lib/seal/mod.ts";
import { bootstrapPermissions } from "./permissions.ts";
import { reasonToSkip } from "./skip.ts";
import type { BootstrapStart } from "./worker.ts";

/** Runs Bootstrap; answers the exit code. `-init` is taken for the sake of existing scripts. */
export function runBootstrapRole(
  args: readonly string[],
  env: Record<string, string>,
): Promise<number> {
  return runRole({ role: "bootstrap", args, env, switches: ["init"], run: start });
}

async function start(
  settings: BootstrapSettings,
  switches: ReadonlySet<string>,
): Promise<number> {
  const reason = reasonToSkip(settings);
  if (reason !== undefined) {
    sayLines(reason);
    return 0;
  }
  prepareProcess();
  const { buffer, layout } = allocateLocked(1);
  const thread = startConfined({
    entry: new URL("./worker.ts", import.meta.url),
    name: "bootstrap",
    permissions: bootstrapPermissions(settings),
  });
  const data: BootstrapStart = { settings, memory: { buffer, layout } };
  thread.postMessage({ kind: "start", data });
  const ended = superviseThreads({
    threads: [thread],
    report: reportFailure,
    isBoundToStdin: switches.has("exit-with-stdin"),
  });
  return await (settings.timeoutMs === 0
    ? ended
    : Promise.race([ended, timeOut(settings.timeoutMs)]));
}

async function timeOut(ms: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  reportFailure({
    code: "state_not_ready",
    message: `Bootstrap did not finish within ${ms} ms`,
    hint: "Run it again",
  });
  return exitCodeOf("state_not_ready");
}
