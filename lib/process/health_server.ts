import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { SpikeError } from "../api/error.ts";
import type { HealthListen } from "../config/mod.ts";
import { expose, EXPOSITION_TYPE } from "../telemetry/exposition.ts";
import { type HealthWord, judgeHealth } from "../telemetry/health.ts";
import { type Logger, meter, type ThreadReport, watchLag } from "../telemetry/mod.ts";
import { VERSION } from "../version.ts";
import { createInspect, type Inspect } from "./inspect.ts";

/** What the listener answers on a path. */
interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

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
    answer(request, inspect).then(
      (found) => send(response, found),
      (error) => {
        log.error("probe_crashed", { detail: error instanceof Error ? error.message : "unknown" });
        send(response, plain(500, "failed\n"));
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
    const why = (cause as { code?: string }).code ?? String(cause);
    if (!isDefault) throw refused(where, why, cause);
    return log.warn("health_listener_missing", { address: where, reason: why });
  }
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

async function answer(request: IncomingMessage, inspect: Inspect): Promise<Answer> {
  if (request.method !== "GET" && request.method !== "HEAD") return plain(405, "GET only\n");
  switch (request.url?.split("?")[0]) {
    case "/livez":
    case "/healthz":
      return report((await found(inspect)).filter((word) => word === "stalled"), "alive");
    case "/readyz":
      return report(await found(inspect), "ready");
    case "/metrics":
      return await metrics(inspect);
    default:
      return plain(404, "There are /livez, /readyz and /metrics\n");
  }
}

async function found(inspect: Inspect): Promise<HealthWord[]> {
  const reports = await inspect();
  return reports.flatMap((report) => report?.health ?? ["stalled"]);
}

function report(words: readonly HealthWord[], good: string): Answer {
  const { failing, warning } = judgeHealth(words);
  const isGood = failing.length === 0;
  const body = { status: isGood ? good : `not ${good}`, failing, warning };
  return {
    status: isGood ? 200 : 503,
    type: "application/json",
    body: `${JSON.stringify(body)}\n`,
  };
}

async function metrics(inspect: Inspect): Promise<Answer> {
  const reports = await inspect();
  const measured = reports.flatMap((report) => report ? [report.measured] : []);
  return { status: 200, type: EXPOSITION_TYPE, body: expose([meter.read(), ...measured]) };
}

function plain(status: number, body: string): Answer {
  return { status, type: "text/plain; charset=utf-8", body };
}

function send(response: ServerResponse, { status, type, body }: Answer): void {
  const bytes = new TextEncoder().encode(body);
  response.writeHead(status, {
    "content-type": type,
    "content-length": bytes.length,
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(bytes);
}
