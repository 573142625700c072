/**
 * Nexus: the secrets store. Its main thread starts the core (control and store writer) and the request workers,
 * each with exactly its permissions, and then drops its own. Start reading at `core/core.ts` and `request/serve.ts`.
 *
 * `main` is the wiring of the main thread, `core` that of the thread with the root key, `request` that of the threads
 * that answer requests.
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
import { connectionShare, raiseDescriptorLimit } from "../../lib/process/descriptors.ts";
import { serveHealth } from "../../lib/process/health_server.ts";
import { runRole } from "../../lib/process/role.ts";
import { allocateLocked } from "../../lib/seal/locked_memory.ts";
import { configureLogging, createLogger } from "../../lib/telemetry/mod.ts";
import { CIPHER_SLOTS, KEK_SLOTS, ROOT_SLOTS, SharedPage } from "../../lib/shared_page/page.ts";
import { corePermissions, requestPermissions } from "./main/permissions.ts";
import type { CoreStart, RequestStart, WorkerPorts } from "./main/start.ts";

/** Runs Nexus until it is stopped; answers the exit code. */
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
  const connections = connectionShare(
    raiseDescriptorLimit(),
    settings.workers + 2,
    Math.max(settings.workers, 1),
  );
  // Listeners that share a port would silently share it with another process as well.
  assertPortIsFree(settings.listen);
  configureLogging({ level: settings.logLevel });
  const threads = startThreads(settings, connections);
  const tellHealthOf = serveHealth(settings.health, createLogger("nexus"));
  tellHealthOf(threads.first);
  return await superviseThreads({
    threads: threads.first,
    // Requests that are still running in the workers need it.
    stopsLast: threads.core,
    startLater: () => {
      const later = threads.startLater();
      tellHealthOf([...threads.first, ...later]);
      return later;
    },
    report: reportFailure,
    isBoundToStdin: switches.has("exit-with-stdin"),
  });
}

/** The threads of a Nexus. Where processors are few, those that one can do without come second. */
interface Threads {
  readonly core: Worker;
  /** The core, and one request worker. */
  readonly first: readonly Worker[];
  /** The other request workers; the core knows of them already. */
  readonly startLater: () => readonly Worker[];
}

function startThreads(settings: NexusSettings, connections: number): Threads {
  const core = startConfined({
    entry: new URL("./core/core_worker.ts", import.meta.url),
    name: "core",
    permissions: corePermissions(settings),
  });
  const root = allocateLocked(ROOT_SLOTS);
  const keks = allocateLocked(KEK_SLOTS);
  const cipher = allocateLocked(CIPHER_SLOTS);
  const page = new SharedPage();
  const kekSlots = { buffer: keks.buffer, layout: keks.layout };
  const cipherSlots = { buffer: cipher.buffer, layout: cipher.layout };
  const channels = Array.from({ length: settings.workers }, connect);
  const coreEnds = channels.map(([coreEnd]) => coreEnd);
  const start: CoreStart = {
    settings,
    connections,
    page: page.buffer,
    kekSlots,
    cipherSlots,
    rootSlots: { buffer: root.buffer, layout: root.layout },
    locked: root.report.mlock,
    uid: Deno.uid(),
    workers: coreEnds,
  };
  core.postMessage({ kind: "start", data: start }, coreEnds.flatMap((end) => Object.values(end)));
  const servesSecrets = settings.backend !== "lite";
  const starts = channels.map(([, ports], i) => () =>
    startRequestWorker(`request-${i + 1}`, {
      settings,
      connections,
      page: page.buffer,
      cipherSlots,
      ports,
      ...(servesSecrets ? { kekSlots } : {}),
    })
  );
  return {
    core,
    first: [core, ...starts.slice(0, 1).map((begin) => begin())],
    startLater: () => starts.slice(1).map((begin) => begin()),
  };
}

function startRequestWorker(name: string, start: RequestStart): Worker {
  const worker = startConfined({
    entry: new URL("./request/request_worker.ts", import.meta.url),
    name,
    permissions: requestPermissions(start.settings),
  });
  worker.postMessage({ kind: "start", data: start }, Object.values(start.ports));
  return worker;
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
