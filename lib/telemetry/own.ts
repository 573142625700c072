/** What this thread tells of itself. Each thread loads this module for itself, so each has its own. */
import { Health } from "./health.ts";
import { Meter } from "./meter.ts";
import type { Measured } from "./meter.ts";
import type { HealthWord } from "./health.ts";

/** The counters of this thread. */
export const meter: Meter = new Meter();

/** What may be wrong with this thread. */
export const health: Health = new Health();

/** Everything that a thread tells when it is asked. */
export interface ThreadReport {
  readonly health: readonly HealthWord[];
  readonly measured: Measured;
}

/** What this thread has to tell now. */
export async function ownReport(): Promise<ThreadReport> {
  return { health: await health.read(), measured: meter.read() };
}

const PERIOD_MS = 500;

/** Measures how late this thread's timers are, for as long as it runs. */
export function watchLag(thread: "main" | "core" | "request" | "keeper"): void {
  let due = performance.now() + PERIOD_MS;
  const timer = setInterval(() => {
    const now = performance.now();
    meter.observe("spike_event_loop_lag_seconds", { thread }, Math.max(0, now - due) / 1000);
    due = now + PERIOD_MS;
  }, PERIOD_MS);
  Deno.unrefTimer(timer);
}
