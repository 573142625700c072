/** What runs in the core until it stops. */
import type { NexusSettings } from "../../../lib/config/mod.ts";
import type { Auditing } from "../../../lib/audit_store/auditing.ts";
import { scrubStore } from "../../../lib/audit_store/scrub.ts";
import { decodeSealed, SEAL_MARK } from "../../../lib/recovery/mod.ts";
import { watchKeepers } from "../../../lib/root_key/watch.ts";
import type { SharedPage } from "../../../lib/shared_page/page.ts";
import { health, type Logger, meter } from "../../../lib/telemetry/mod.ts";
import type { CoreParts } from "./parts.ts";

/** What the loops need besides the parts. */
export interface LoopOptions {
  readonly settings: NexusSettings;
  readonly page: SharedPage;
  readonly auditing: Auditing;
  readonly stopping: AbortSignal;
  readonly log: Logger;
}

/**
 * Starts the loops: KEK rotation, the watch over expiry and, with a store on disk, the watch over the keepers and the
 * comparison of the store with the audit logs. Each promise resolves once its loop has ended.
 */
export async function startLoops(parts: CoreParts, options: LoopOptions): Promise<Promise<void>[]> {
  const { settings, page, log } = options;
  const { control, rotation, expiry } = parts;
  const running = [rotation.run(), expiry.run()];
  if (settings.backend === "memory") {
    await control.startEphemeral();
    return running;
  }
  await staySealed(parts, log);
  const [clock, random] = [Date.now, Math.random];
  running.push(watchKeepers({ ...parts, settings, page, clock, random, log }));
  if (settings.scrubIntervalMs > 0) running.push(scrub(options));
  return running;
}

/** A Nexus that was sealed when it stopped starts sealed. */
async function staySealed({ store, control }: CoreParts, log: Logger): Promise<void> {
  const mark = await store.mark(SEAL_MARK);
  if (!mark) return;
  control.seal();
  const { reason, by } = decodeSealed(mark);
  log.error("sealed_at_start", { reason, by });
}

function scrub({ settings, page, auditing, stopping, log }: LoopOptions): Promise<void> {
  return scrubStore({
    intervalMs: settings.scrubIntervalMs,
    isReady: () => page.state === "ready",
    verify: (pause) => auditing.verify(pause),
    retain: (pause) => auditing.retain(pause),
    sleep: (ms) => sleepUnless(stopping, ms),
    now: () => performance.now(),
    onFindings: reportFindings(),
    log,
  });
}

/** Reports the number of findings of the last comparison in health and metrics. */
function reportFindings(): (findings: number) => void {
  let last = 0;
  health.add(() => last > 0 ? ["store_unexpected"] : []);
  return (findings) => {
    last = findings;
    meter.set("spike_scrub_findings", {}, findings);
  };
}

/** Sleeps; true as soon as the core stops, false once the time has passed. */
function sleepUnless(stopping: AbortSignal, ms: number): Promise<boolean> {
  if (stopping.aborted) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      resolve(true);
    };
    const timer = setTimeout(() => {
      stopping.removeEventListener("abort", end);
      resolve(false);
    }, ms);
    stopping.addEventListener("abort", end, { once: true });
  });
}
