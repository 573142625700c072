import { KEEPER_STATES, type KeeperStatus, NEXUS_STATES } from "../api/mod.ts";
import type { NexusSettings } from "../config/mod.ts";
import { health, type HealthWord, meter } from "../telemetry/mod.ts";
import type { NexusState, SharedPage } from "../shared_page/page.ts";

/** What probes and metrics report about the root key. */
export interface WatchedState {
  /** State of Nexus. */
  readonly page: SharedPage;
  /** A memory store has no keepers. */
  readonly settings: Pick<NexusSettings, "backend">;
  /** See `KeeperSync`. */
  readonly sync: { readonly statuses: readonly KeeperStatus[] };
  /** How many shards rebuild the root key now. */
  readonly threshold: () => number;
  /** Whether the shards in force were exported. */
  readonly isExported: () => Promise<boolean>;
}

/** Reports the state of Nexus and of its keepers in probes and metrics. */
export function watchState({ page, settings, sync, threshold, isExported }: WatchedState): void {
  const keepers = () => settings.backend === "memory" ? [] : sync.statuses;
  health.add(() => judgeState(page.state, keepers(), threshold()));
  health.add(async () => {
    const mayLack = page.state === "ready" && settings.backend !== "memory";
    return mayLack && !await isExported() ? ["recovery_not_exported"] : [];
  });
  meter.collect(() => {
    for (const state of NEXUS_STATES) {
      meter.set("spike_nexus_state", { state }, page.state === state ? 1 : 0);
    }
    for (const { index, state: now } of keepers()) {
      for (const state of KEEPER_STATES) {
        const labels = { keeper: String(index), state };
        meter.set("spike_keeper_state", labels, now === state ? 1 : 0);
      }
    }
  });
}

/** What keeps Nexus from serving, or endangers its next start. Keepers that were not probed yet are ignored. */
export function judgeState(
  state: NexusState,
  keepers: readonly Pick<KeeperStatus, "state">[],
  threshold: number,
): HealthWord[] {
  if (state !== "ready") return [state];
  const known = keepers.filter((keeper) => keeper.state !== "unknown");
  const good = known.filter((keeper) => keeper.state === "ok");
  if (good.length === known.length) return [];
  const reachable = good.length + keepers.length - known.length;
  return reachable < threshold ? ["keepers_degraded", "keepers_too_few"] : ["keepers_degraded"];
}
