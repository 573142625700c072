import type { StoreReader } from "../../../lib/store/mod.ts";
import { type Logger, meter } from "../../../lib/telemetry/mod.ts";
import type { SharedPage } from "../../../lib/shared_page/page.ts";
import type { Wake } from "../../../lib/async/wake.ts";

/** How often it is looked. */
const LOOK_MS = 60_000;
/** How often it is looked whether there is a key. */
const WAITING_MS = 1_000;
/** Paths named in one look; the metrics count all of them. */
const MOST_NAMED = 100;
/** Names that are remembered, so that each is logged once. */
const MOST_KNOWN = 10_000;

export interface ExpiryWatchOptions {
  readonly store: Pick<StoreReader, "expiring">;
  readonly page: Pick<SharedPage, "state">;
  readonly wake: Wake;
  /** How long before they expire secrets are named. */
  readonly warningMs: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly log: Logger;
}

/** Says which secrets expire before long, once each, and which have; and counts both. */
export class ExpiryWatch {
  readonly #options: ExpiryWatchOptions;
  readonly #logged = new Set<string>();

  constructor(options: ExpiryWatchOptions) {
    this.#options = options;
  }

  /** Runs until it is stopped; a failure in one look is logged and the next look follows. */
  async run(): Promise<void> {
    const { wake, page, log } = this.#options;
    while (!wake.isStopping) {
      const isReady = page.state === "ready";
      try {
        if (isReady) await this.look();
      } catch (error) {
        if (wake.isStopping) return;
        log.error("expiry_watch_failed", {
          detail: error instanceof Error ? error.message : "not an error",
        });
      }
      await wake.sleep(isReady ? LOOK_MS : WAITING_MS);
    }
  }

  /** Looks once. */
  async look(): Promise<void> {
    const { store, warningMs, clock } = this.#options;
    const nowMs = clock();
    const expired = await store.expiring({ untilMs: nowMs, limit: MOST_NAMED });
    const soon = await store.expiring({
      untilMs: nowMs + warningMs,
      limit: Math.min(expired.count, MOST_KNOWN) + MOST_NAMED,
    });
    meter.set("spike_secrets_expired", {}, expired.count);
    meter.set("spike_secrets_expiring_soon", {}, soon.count - expired.count);
    for (const { path, expiresMs } of expired.paths) this.#tell("secret_expired", path, expiresMs);
    for (const { path, expiresMs } of soon.paths) {
      if (expiresMs > nowMs) this.#tell("secret_expires_soon", path, expiresMs);
    }
  }

  #tell(event: string, path: string, expiresMs: number): void {
    const text = `${event} ${expiresMs} ${path}`;
    if (this.#logged.has(text)) return;
    if (this.#logged.size >= MOST_KNOWN) this.#logged.clear();
    this.#logged.add(text);
    this.#options.log.warn(event, { path, at: new Date(expiresMs).toISOString() });
  }
}
