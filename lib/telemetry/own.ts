/** Metrics and health of this thread. Each thread loads this module separately, so each has its own instances. */
import { Health } from "./health.ts";
import { Meter } from "./meter.ts";
import type { Measured } from "./meter.ts";
import type { HealthWord } from "./health.ts";

/** Metrics of this thread. */
export const meter: Meter = new Meter();

/** Health checks of this thread. */
export const health: Health = new Health();

/** Report of one thread to the main thread. */
export interface ThreadReport {
  /** Words that apply now. */
  readonly health: readonly HealthWord[];
  /** Current values of all metrics. */
  readonly measured: Measured;
}

/** The current report of this thread. */
export async function ownReport(): Promise<ThreadReport> {
  return { health: await health.read(), measured: meter.read() };
}

const PERIOD_MS = 500;

/** Measures the timer delay of this thread until it ends. */
export function watchLag(thread: "main" | "core" | "request" | "keeper"): void {
  let due = performance.now() + PERIOD_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    meter.observe("spike_event_loop_lag_seconds", { thread }, Math.max(0, now - due) / 1000);
    due = now + PERIOD_MS;
  }, PERIOD_MS);
  Deno.unrefTimer(timer);
}
