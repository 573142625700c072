import type { ThreadReport } from "../telemetry/own.ts";
import type { FromThread, ToThread } from "./thread_message.ts";

/** A thread that does not answer for so long hangs. */
const STALLED_MS = 5_000;

/** Gets the reports of threads. Undefined stands for one that did not answer in time. */
export type Inspect = () => Promise<readonly (ThreadReport | undefined)[]>;

/**
 * Makes an `Inspect` for some threads. Calls at the same time share one question to each thread, so that probes cannot
 * keep the threads busy.
 */
export function createInspect(threads: readonly Worker[], patienceMs = STALLED_MS): Inspect {
  const asks = threads.map((thread) => createAsk(thread, patienceMs));
  let underWay: Promise<readonly (ThreadReport | undefined)[]> | undefined;
  return () => {
    underWay ??= Promise.all(asks.map((ask) => ask())).finally(() => underWay = undefined);
    return underWay;
  };
}

function createAsk(thread: Worker, patienceMs: number): () => Promise<ThreadReport | undefined> {
  let waiting: ((report: ThreadReport) => void) | undefined;
  thread.addEventListener("message", ({ data }: MessageEvent<FromThread>) => {
    if (data.kind === "inspected") waiting?.(data.report);
  });
  return () =>
    new Promise((resolve) => {
      const end = (report?: ThreadReport) => {
        clearTimeout(timer);
        waiting = undefined;
        resolve(report);
      };
      const timer = setTimeout(end, patienceMs);
      waiting = end;
      const ask: ToThread<never> = { kind: "inspect" };
      thread.postMessage(ask);
    });
}
