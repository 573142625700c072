import { health, ownReport } from "../telemetry/mod.ts";
import { plainFailure } from "./plain_failure.ts";
import type { FromThread, ToThread } from "./thread_message.ts";

/** Work that runs until it is stopped. */
export interface Running {
  /** Stops the work and releases what it holds. */
  stop(): Promise<void>;
  /** Reopens the files that it writes to. */
  reopen?(): void;
}

/** The side of a worker that talks to its main thread. */
interface WorkerScope {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: FromThread): void;
  close(): void;
}

/**
 * Runs a worker module: waits for its data, starts, and stops on request. A failure to start
 * or to stop reaches the main thread with its code and hint.
 */
export function runThread<T>(start: (data: T) => Promise<Running>): void {
  const scope = globalThis as unknown as WorkerScope;
  let running: Promise<Running> | undefined;
  let hasStarted = false;
  const report = (error: unknown) =>
    scope.postMessage({ kind: "failed", failure: plainFailure(error) });
  const stop = async () => {
    // A thread that has not started yet (it may wait long for its identity) has nothing to release.
    if (hasStarted) await (await running)?.stop();
    scope.postMessage({ kind: "stopped", code: 0 });
  };
  const inspect = async () => scope.postMessage({ kind: "inspected", report: await ownReport() });
  health.add(() => hasStarted ? [] : ["starting"]);
  scope.onmessage = ({ data: message }: MessageEvent<ToThread<T>>) => {
    if (message.kind === "stop") return void stop().catch(report);
    if (message.kind === "reopen") return void running?.then((it) => it.reopen?.(), () => {});
    if (message.kind === "inspect") return void inspect().catch(report);
    running = start(message.data);
    running.then(() => hasStarted = true, report);
  };
  scope.postMessage({ kind: "loaded" });
}

/** The whole of a worker module that does one job and ends with an exit code. */
export function runJob<T>(work: (data: T) => Promise<number>): void {
  const scope = globalThis as unknown as WorkerScope;
  scope.onmessage = ({ data: message }: MessageEvent<ToThread<T>>) => {
    // Nothing of a job outlives its process: a stop needs no tidying.
    if (message.kind === "stop") return scope.postMessage({ kind: "stopped", code: 130 });
    if (message.kind !== "start") return;
    work(message.data).then(
      (code) => scope.postMessage({ kind: "stopped", code }),
      (error) => scope.postMessage({ kind: "failed", failure: plainFailure(error) }),
    );
  };
  scope.postMessage({ kind: "loaded" });
}
