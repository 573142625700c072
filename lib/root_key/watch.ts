import { SpikeError } from "../error/error.ts";
import type { NexusSettings } from "../config/mod.ts";
import type { Candidate } from "../recovery/mod.ts";
import type { Logger } from "../telemetry/mod.ts";
import type { SharedPage } from "../shared_page/page.ts";
import type { Serial } from "../async/serial.ts";

const RETRY_FIRST_MS = 100;
const RETRY_LAST_MS = 10_000;

/** What the watch works with. */
export interface WatchOptions {
  /** How often to push shards and to probe. */
  readonly settings: Pick<NexusSettings, "keeperUpdateIntervalMs" | "keeperProbeIntervalMs">;
  /** State of Nexus. */
  readonly page: SharedPage;
  /** See `KeyControl`. */
  readonly control: {
    offer(candidates: readonly Candidate[]): Promise<boolean>;
    roundOver(): void;
    readonly awaitsEvidence: boolean;
  };
  /** See `KeeperSync`. */
  readonly sync: {
    collect(onCandidates: (candidates: Candidate[]) => Promise<boolean>): Promise<boolean>;
    check(): void;
    push(): void;
  };
  /** See `RestoreCollection`. */
  readonly restore: { expire(): void; clear(): void };
  /** Changes of the root key, one after the other. */
  readonly inTurn: Serial;
  /** See `Wake`. */
  readonly wake: { readonly isStopping: boolean; sleep(ms: number): Promise<boolean> };
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** From 0 to 1, for jitter. */
  readonly random: () => number;
  /** Where rounds are logged. */
  readonly log: Logger;
}

/**
 * The loop of the root key: without a key it collects shards; with one it checks that every keeper has its own. It
 * runs until it is stopped; a failure in one round is logged and the next round follows.
 */
export async function watchKeepers(watch: WatchOptions): Promise<void> {
  const { page, restore, wake, clock } = watch;
  let pauseMs = RETRY_FIRST_MS;
  while (!wake.isStopping) {
    restore.expire();
    if (page.state === "ready") {
      const sinceMs = clock();
      await keepFed(watch);
      // Dropped at once, again and again, means that another Nexus is at it: then each try waits longer.
      if (clock() - sinceMs > RETRY_LAST_MS) pauseMs = RETRY_FIRST_MS;
    } else if (
      page.state !== "sealed" && (page.state !== "provisional" || watch.control.awaitsEvidence)
    ) {
      if (await recoverOnce(watch)) continue;
    }
    const ms = page.state === "provisional" ? RETRY_LAST_MS : pauseMs;
    const wasWoken = await wake.sleep(jittered(watch.random, ms));
    pauseMs = wasWoken ? RETRY_FIRST_MS : Math.min(pauseMs * 2, RETRY_LAST_MS);
  }
}

/**
 * Sees that every keeper has its shard, as long as there is a key. What they hold is looked at before anything
 * is pushed unasked, so that a wrong shard is named before it is put right.
 */
async function keepFed(watch: WatchOptions): Promise<void> {
  const { page, restore, wake, sync, settings, clock, random } = watch;
  restore.clear();
  let pushedAtMs = clock();
  sync.check();
  for (;;) {
    await wake.sleep(jittered(random, settings.keeperProbeIntervalMs));
    if (page.state !== "ready" || wake.isStopping) return;
    if (clock() - pushedAtMs < settings.keeperUpdateIntervalMs) sync.check();
    else {
      pushedAtMs = clock();
      sync.push();
    }
  }
}

/** True when there is a key, final or not, that was not there before. */
async function recoverOnce(watch: WatchOptions): Promise<boolean> {
  const { page, control, sync, inTurn, log } = watch;
  try {
    const hasKey = await sync.collect((candidates) =>
      inTurn(async () => {
        // A restore by hand or a proof may have won meanwhile.
        if (page.state === "ready") return true;
        // Nor may an answer that was under way undo a seal.
        if (page.state === "sealed") return false;
        return await control.offer(candidates);
      })
    );
    if (!hasKey) control.roundOver();
    return hasKey;
  } catch (error) {
    const code = error instanceof SpikeError ? error.code : "unexpected";
    const detail = error instanceof Error ? error.message : "not an error";
    log.error("recovery_failed", { code, detail });
    return false;
  }
}

/** Between 0.8 and 1.2 of `ms`, so that many do not ask at the same moment. */
function jittered(random: () => number, ms: number): number {
  return ms * (0.8 + random() * 0.4);
}
