import type { SvidSource } from "../spiffe/mod.ts";
import { health, meter } from "../telemetry/mod.ts";
import type { HealthWord } from "../telemetry/mod.ts";

/** Reports the state of a thread's own identity in probes and metrics. */
export function watchIdentity(source: SvidSource, clock: () => number = Date.now): void {
  health.add(() => judgeIdentity(source, clock()));
  meter.collect(() => {
    const svid = present(source)?.svid;
    if (!svid) return meter.clear("spike_svid_remaining_seconds");
    meter.set("spike_svid_remaining_seconds", {}, (svid.notAfterMs - clock()) / 1000);
  });
  let generation = 0;
  const take = () => {
    const now = present(source)?.generation ?? generation;
    if (now !== generation) meter.count("spike_svid_updates_total", {});
    generation = now;
  };
  source.subscribe(take);
  take();
}

/** The health words for the identity that a source has at an instant. */
export function judgeIdentity(source: SvidSource, nowMs: number): HealthWord[] {
  const svid = present(source)?.svid;
  if (!svid) return ["no_identity"];
  const leftMs = svid.notAfterMs - nowMs;
  if (leftMs < 0) return ["identity_expired"];
  return leftMs * 4 < svid.notAfterMs - svid.notBeforeMs ? ["identity_expiring"] : [];
}

function present(source: SvidSource) {
  try {
    return source.current();
  } catch {
    // A missing identity is a result here, not an error.
    return undefined;
  }
}
