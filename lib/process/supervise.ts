import { exitCodeOf } from "../error/error.ts";
import { revokeAll } from "./confine.ts";
import { type PlainFailure, plainFailure } from "./plain_failure.ts";
import type { FromThread } from "./thread_message.ts";

/** What the main thread supervises. */
export interface SupervisedOptions {
  /** Threads that are running already. */
  readonly threads: readonly Worker[];
  /** Starts the threads that nothing waits for, once the others have loaded and left the processors to them. */
  readonly startLater?: () => readonly Worker[];
  /** Reports a failure before the process ends. */
  readonly report: (failure: PlainFailure) => void;
  /** End when standard input ends, so that children end with their supervisor however it died. */
  readonly isBoundToStdin?: boolean;
  /** The thread that the others depend on: it is stopped after them, or when they take too long. */
  readonly stopsLast?: Worker;
  /** How long a stop may take before it is forced. */
  readonly patienceMs?: number;
}

/** Signals that stop a server. */
const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** Ends a process by default, for example when its terminal closes; servers reopen their files instead. */
const REOPEN = "SIGHUP";

/**
 * The rest of a server role's main thread: drop all permissions once the threads are loaded, then wait for a
 * signal or for the end of a thread. Answers the exit code. A second signal ends the process at once.
 */
export function superviseThreads(options: SupervisedOptions): Promise<number> {
  const ended = Promise.withResolvers<number>();
  const threads: Worker[] = [];
  let isStopping = false;
  let patience: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    if (isStopping) return ended.resolve(130);
    isStopping = true;
    const patienceMs = options.patienceMs ?? 10_000;
    for (const thread of threads) if (thread !== options.stopsLast) tellToStop(thread);
    if (running === (options.stopsLast ? 1 : 0)) stopLast();
    // Also where one hangs, so that the last one wipes its keys.
    patience = setTimeout(() => {
      stopLast();
      patience = setTimeout(() => ended.resolve(1), patienceMs / 2);
    }, patienceMs / 2);
  };
  const tellToStop = (thread: Worker) => thread.postMessage({ kind: "stop" });
  let wasLastTold = false;
  const stopLast = () => {
    if (!options.stopsLast || wasLastTold) return;
    wasLastTold = true;
    tellToStop(options.stopsLast);
  };
  const fail = (failure: PlainFailure) => {
    options.report(failure);
    ended.resolve(exitCodeOf(failure.code));
  };
  let running = 0;
  let loading = 0;
  let worst = 0;
  let startLater = options.startLater;
  const haveLoaded = () => {
    const later = isStopping ? [] : startLater?.() ?? [];
    startLater = undefined;
    later.forEach(watch);
    // Modules of a worker are read with this thread's permissions, so they are dropped only now.
    if (loading === 0) revokeAll().catch((error) => fail(plainFailure(error)));
  };
  const watch = (thread: Worker) => {
    threads.push(thread);
    running++;
    loading++;
    thread.addEventListener("error", (event) => {
      event.preventDefault();
      fail({ code: "api_internal_error", message: `A thread failed: ${event.message}` });
    });
    thread.addEventListener("message", ({ data }: MessageEvent<FromThread>) => {
      if (data.kind === "failed") fail(data.failure);
      else if (data.kind === "loaded") {
        if (--loading === 0) haveLoaded();
      } else if (data.kind === "stopped") {
        worst = Math.max(worst, data.code);
        running--;
        if (running === 0) ended.resolve(worst);
        else if (running === 1 && isStopping) stopLast();
      }
    });
  };
  options.threads.forEach(watch);
  const reopen = () => threads.forEach((thread) => thread.postMessage({ kind: "reopen" }));
  for (const signal of SIGNALS) Deno.addSignalListener(signal, stop);
  Deno.addSignalListener(REOPEN, reopen);
  if (options.isBoundToStdin) void untilStdinEnds().then(stop);
  return ended.promise.finally(() => {
    clearTimeout(patience);
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, stop);
    Deno.removeSignalListener(REOPEN, reopen);
  });
}

async function untilStdinEnds(): Promise<void> {
  const buffer = new Uint8Array(64);
  try {
    while (await Deno.stdin.read(buffer) !== null);
  } catch {
    // A standard input that cannot be read counts as ended.
  }
}
