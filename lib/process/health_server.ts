import { SpikeError } from "../error/error.ts";
import { listenFaultWords } from "../error/os_listen_fault.ts";
import type { HealthListen } from "../config/mod.ts";
import { type Logger, meter, type ThreadReport, watchLag } from "../telemetry/mod.ts";
import { VERSION } from "../version.ts";
import { createInspect, type Inspect } from "./inspect.ts";
import { servePlain } from "./plain_http.ts";
import { answerProbe, FAILED, type Probe } from "./probe_answer.ts";

/**
 * Answers probes in plain HTTP: `/livez` and `/healthz`, `/readyz`, `/metrics`. It belongs to the main thread, which
 * holds no key, sees no request, and drops all permissions once this listens; it still answers when a thread hangs.
 * It answers words and numbers, never a path, an ID or a key.
 *
 * A configured address must be available. The default one may be in use, since several keepers may share a machine:
 * that is logged, and there is no listener.
 *
 * Answers a function that takes the threads; until it is called, the server is `starting`.
 *
 * @throws SpikeError `config_invalid` when it cannot listen on a configured address
 */
export function serveHealth(
  listen: HealthListen | undefined,
  log: Logger,
): (threads: readonly Worker[]) => void {
  if (listen === undefined) return () => undefined;
  let inspect: Inspect = () => Promise.resolve([NOT_YET]);
  open(listen, () => inspect(), log);
  watchProcess();
  return (threads) => inspect = createInspect(threads);
}

const NOT_YET: ThreadReport = { health: ["starting"], measured: new Map() };

const LIMITS = { most: 64, patienceMs: 15_000 };

function open(
  { host, port, isDefault }: HealthListen,
  inspect: Inspect,
  log: Logger,
): void {
  const where = `${host || "*"}:${port}`;
  let listener: Deno.TcpListener;
  try {
    listener = listenOn(host, port);
  } catch (cause) {
    const isTaken = cause instanceof Deno.errors.AddrInUse;
    const why = isTaken ? "EADDRINUSE" : listenFaultWords(cause, host);
    if (!isDefault) throw refused(where, why, cause);
    return log.warn("health_listener_missing", { address: where, reason: why });
  }
  const answer = async (request: Probe) => {
    try {
      return await answerProbe(request, inspect);
    } catch (error) {
      log.error("probe_crashed", { detail: error instanceof Error ? error.message : "unknown" });
      return FAILED;
    }
  };
  const onFailure = seldomFailure((reason) => log.warn("health_listener_failed", { reason }));
  void servePlain(listener, answer, LIMITS, onFailure);
  log.info("health_listening", { port: listener.addr.port });
}

/** Without a host on all addresses, of both families where there are two. */
function listenOn(host: string, port: number): Deno.TcpListener {
  if (host) return Deno.listen({ hostname: host, port });
  try {
    return Deno.listen({ hostname: "::", port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) throw error;
    return Deno.listen({ hostname: "0.0.0.0", port });
  }
}

const FAILURE_LOG_MS = 10_000;

/** Once in a while: a shortage lasts. */
function seldomFailure(tell: (reason: string) => void): (error: Error) => void {
  let nextMs = 0;
  return ({ message }) => {
    if (performance.now() < nextMs) return;
    nextMs = performance.now() + FAILURE_LOG_MS;
    tell(message);
  };
}

/** The main thread measures what is the same for all threads. */
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
