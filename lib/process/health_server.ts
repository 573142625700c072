import { createServer, type ServerResponse } from "node:http";
import { SpikeError } from "../api/error.ts";
import { listenFaultWords } from "../api/listen_fault.ts";
import type { HealthListen } from "../config/mod.ts";
import { type Logger, meter, type ThreadReport, watchLag } from "../telemetry/mod.ts";
import { VERSION } from "../version.ts";
import { createInspect, type Inspect } from "./inspect.ts";
import { answerProbe, FAILED, type ProbeAnswer } from "./probe_answer.ts";

/**
 * Answers probes in plain HTTP: `/livez` and `/healthz`, `/readyz`, `/metrics`. It belongs to the main thread, which
 * holds no key, sees no request, and gives up all permissions once this listens; it goes on answering when a thread
 * hangs. It tells words and numbers, never a path, an ID or a key.
 *
 * An address that was asked for must be had. The default one may be taken, since several keepers may share a
 * machine: then that is logged, and there is no listener.
 *
 * Answers a function that is told of the threads; until it is called, the server is `starting`.
 *
 * @throws SpikeError `config_invalid` when it cannot listen on an address that was asked for
 */
export async function serveHealth(
  listen: HealthListen | undefined,
  log: Logger,
): Promise<(threads: readonly Worker[]) => void> {
  if (listen === undefined) return () => undefined;
  let inspect: Inspect = () => Promise.resolve([NOT_YET]);
  await open(listen, () => inspect(), log);
  watchProcess();
  return (threads) => inspect = createInspect(threads);
}

const NOT_YET: ThreadReport = { health: ["starting"], measured: new Map() };

async function open(
  { host, port, isDefault }: HealthListen,
  inspect: Inspect,
  log: Logger,
): Promise<void> {
  const server = createServer({
    maxHeaderSize: 4096,
    headersTimeout: 5_000,
    requestTimeout: 5_000,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: 1_000,
  }, (request, response) => {
    answerProbe(request, inspect).then(
      (found) => send(response, found),
      (error) => {
        log.error("probe_crashed", { detail: error instanceof Error ? error.message : "unknown" });
        send(response, FAILED);
      },
    );
  });
  server.maxConnections = 64;
  const where = `${host || "*"}:${port}`;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port, ...(host ? { host } : {}) }, resolve);
    });
  } catch (cause) {
    const { code } = cause as { code?: string };
    const why = code === "EADDRINUSE" ? code : listenFaultWords(cause, host);
    if (!isDefault) throw refused(where, why, cause);
    return log.warn("health_listener_missing", { address: where, reason: why });
  }
  server.on("error", (error) => log.warn("health_listener_failed", { reason: error.message }));
  const bound = server.address();
  const actual = typeof bound === "object" && bound ? bound.port : port;
  log.info("health_listening", { port: actual });
}

/** What is the same for all threads is measured by the main thread. */
function watchProcess(): void {
  watchLag("main");
  meter.set("spike_build_info", { version: VERSION }, 1);
  meter.set("spike_start_time_seconds", {}, (Date.now() - performance.now()) / 1000);
  meter.collect(() => meter.set("spike_resident_memory_bytes", {}, Deno.memoryUsage().rss));
}

function refused(where: string, why: string, cause: unknown): SpikeError {
  return new SpikeError("config_invalid", `Cannot answer health probes on ${where}: ${why}`, {
    hint: "Choose another SPIKE_HEALTH_ADDR, or turn it off with SPIKE_HEALTH_ADDR=off",
    cause,
  });
}

function send(response: ServerResponse, { status, type, body }: ProbeAnswer): void {
  const bytes = new TextEncoder().encode(body);
  response.writeHead(status, {
    "content-type": type,
    "content-length": bytes.length,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(bytes);
}
