/**
 * Nexus: the secrets store. Its main thread starts the core (control and store writer) and the request workers,
 * each with exactly its permissions, and then gives up its own. Start reading at `core.ts` and `serve.ts`.
 *
 * @module
 */
import type { NexusSettings } from "../../lib/config/mod.ts";
import {
  assertPortIsFree,
  prepareProcess,
  reportFailure,
  startConfined,
  superviseThreads,
} from "../../lib/process/mod.ts";
import { serveHealth } from "../../lib/process/health_server.ts";
import { runRole } from "../../lib/process/role.ts";
import { allocateLocked } from "../../lib/seal/locked_memory.ts";
import { configureLogging, createLogger } from "../../lib/telemetry/mod.ts";
import { CIPHER_SLOTS, KEK_SLOTS, ROOT_SLOTS, SharedPage } from "./page.ts";
import { corePermissions, requestPermissions } from "./permissions.ts";
import type { CoreStart, RequestStart, WorkerPorts } from "./start.ts";

/** Runs Nexus until it is told to stop; answers the exit code. */
export function runNexus(
  args: readonly string[],
  env: Record<string, string>,
): Promise<number> {
  return runRole({ role: "nexus", args, env, run: start });
}

async function start(
  settings: NexusSettings,
  switches: ReadonlySet<string>,
): Promise<number> {
  prepareProcess();
  // Listeners that share a port would silently share it with another process, too.
  assertPortIsFree(settings.listen);
  configureLogging({ level: settings.logLevel });
  const tellHealthOf = await serveHealth(settings.health, createLogger("nexus"));
  const threads = startThreads(settings);
  tellHealthOf(threads);
  return await superviseThreads({
    threads,
    report: reportFailure,
    isBoundToStdin: switches.has("exit-with-stdin"),
  });
}

function startThreads(settings: NexusSettings): Worker[] {
  const root = allocateLocked(ROOT_SLOTS);
  const keks = allocateLocked(KEK_SLOTS);
  const cipher = allocateLocked(CIPHER_SLOTS);
  const page = new SharedPage();
  const kekSlots = { buffer: keks.buffer, layout: keks.layout };
  const cipherSlots = { buffer: cipher.buffer, layout: cipher.layout };
  const servesSecrets = settings.backend !== "lite";
  const core = startConfined({
    entry: new URL("./core_worker.ts", import.meta.url),
    name: "core",
    permissions: corePermissions(settings),
  });
  const coreEnds: WorkerPorts[] = [];
  const workers: Worker[] = [];
  for (let i = 0; i < settings.workers; i++) {
    const worker = startConfined({
      entry: new URL("./request_worker.ts", import.meta.url),
      name: `request-${i + 1}`,
      permissions: requestPermissions(settings),
    });
    const [coreEnd, ports] = connect();
    coreEnds.push(coreEnd);
    const start: RequestStart = {
      settings,
      page: page.buffer,
      cipherSlots,
      ports,
      ...(servesSecrets ? { kekSlots } : {}),
    };
    worker.postMessage({ kind: "start", data: start }, Object.values(ports));
    workers.push(worker);
  }
  const start: CoreStart = {
    settings,
    page: page.buffer,
    kekSlots,
    cipherSlots,
    rootSlots: { buffer: root.buffer, layout: root.layout },
    locked: root.report.mlock,
    workers: coreEnds,
  };
  core.postMessage({ kind: "start", data: start }, coreEnds.flatMap((end) => Object.values(end)));
  return [core, ...workers];
}

function connect(): [WorkerPorts, WorkerPorts] {
  const calls = new MessageChannel();
  const reads = new MessageChannel();
  const identity = new MessageChannel();
  return [
    { calls: calls.port1, reads: reads.port1, identity: identity.port1 },
    { calls: calls.port2, reads: reads.port2, identity: identity.port2 },
  ];
}
