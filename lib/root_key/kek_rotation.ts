import { SpikeError } from "../error/error.ts";
import { type DueReason, isKekDue, rewrapGeneration } from "../rotation/mod.ts";
import { osRandom } from "../seal/mod.ts";
import type { Store } from "../store/mod.ts";
import type { Logger } from "../telemetry/mod.ts";
import type { KeyControl } from "./key_control.ts";
import type { SharedPage } from "../shared_page/page.ts";
import type { Serial } from "../async/serial.ts";
import type { Wake } from "../async/wake.ts";
import type { Writers } from "./writers.ts";

/** How often it is looked whether a generation is due, and whether something is left under an older one. */
const LOOK_MS = 60_000;
/**
 * How long a generation is held after something was sealed anew: a request that read a row before may still be on its
 * way to open it.
 */
const GRACE_MS = 30_000;

/** What `KekRotation` works with. */
export interface KekRotationOptions {
  /** The store whose rows are rewrapped. */
  readonly store: Store;
  /** Publishes changes of the KEK to all threads. */
  readonly page: SharedPage;
  /** Holds the keyring, and adds and removes generations. */
  readonly control: Pick<KeyControl, "keyring" | "addKek" | "removeKek">;
  /** Writers of the present keyring. */
  readonly writers: () => Writers;
  /** Shared with all that handles the root key. */
  readonly inTurn: Serial;
  /** Wakes the rotation early, and ends it. */
  readonly wake: Wake;
  /** 0 turns rotation by age off. */
  readonly maxAgeMs: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Where rotations are logged. */
  readonly log: Logger;
}

/**
 * Rotates key-encryption keys while Nexus serves: makes a generation when one is due, rewraps the rows that are sealed
 * under older ones, and removes generations that no row needs.
 */
export class KekRotation {
  readonly #options: KekRotationOptions;
  /** When this process last rewrapped a row of a generation. */
  readonly #busyAt = new Map<number, number>();
  /** Rows that were already logged. */
  readonly #damaged = new Set<string>();

  /** Starts nothing; `run` does. */
  constructor(options: KekRotationOptions) {
    this.#options = options;
  }

  /** Runs until it is stopped; a failure in one round is logged and the next round follows. */
  async run(): Promise<void> {
    const { wake, page, log } = this.#options;
    while (!wake.isStopping) {
      let isWaiting = false;
      if (page.state === "ready") {
        try {
          isWaiting = await this.round();
        } catch (error) {
          if (wake.isStopping) return;
          const code = error instanceof SpikeError ? error.code : "unexpected";
          const detail = error instanceof Error ? error.message : "not an error";
          log.error("kek_rotation_failed", { code, detail });
        }
      }
      await wake.sleep(page.state === "ready" ? (isWaiting ? GRACE_MS : LOOK_MS) : WAITING_MS);
    }
  }

  /** Makes a new generation at once and lets the rest follow; answers its number. */
  async rotate(reason: DueReason | "request"): Promise<number> {
    const { control, inTurn, wake, log } = this.#options;
    const generation = await inTurn(() => control.addKek());
    log.info("kek_rotated", { generation, reason });
    wake.now();
    return generation;
  }

  /** Does all that is to be done now; true when an older generation is held for those on their way only. */
  async round(): Promise<boolean> {
    const { store, maxAgeMs, clock } = this.#options;
    const due = isKekDue(await store.keks(), { nowMs: clock(), maxAgeMs });
    if (due) await this.rotate(due);
    const older = (await store.keks()).slice(0, -1);
    let isHeld = false;
    for (const { generation } of older) {
      await this.#rewrap(generation);
      if (!await this.#remove(generation)) isHeld = true;
    }
    return isHeld;
  }

  async #rewrap(generation: number): Promise<void> {
    const { store, control, writers, log, clock } = this.#options;
    const startedAtMs = clock();
    const { done, damaged } = await rewrapGeneration({
      store,
      keyring: control.keyring,
      budget: writers().budget,
      random: osRandom,
      pause: (tookMs) => this.#pause(tookMs),
    }, generation);
    const rows = Object.values(done).reduce((sum, count) => sum + count, 0);
    if (rows > 0) {
      this.#busyAt.set(generation, clock());
      log.info("kek_rewrapped", { generation, ...done, tookMs: clock() - startedAtMs });
    }
    for (const what of damaged) {
      const key = `${generation} ${what}`;
      if (this.#damaged.has(key)) continue;
      this.#damaged.add(key);
      log.error("kek_rewrap_damaged", { generation, row: what });
    }
  }

  async #remove(generation: number): Promise<boolean> {
    const { control, inTurn, log, clock } = this.#options;
    const busyAt = this.#busyAt.get(generation);
    if (busyAt !== undefined && clock() - busyAt < GRACE_MS) return false;
    if (!await inTurn(() => control.removeKek(generation))) return false;
    this.#busyAt.delete(generation);
    log.info("kek_removed", { generation });
    return true;
  }

  /** As long as the work before it, so that at least half of the time is others'. */
  async #pause(tookMs: number): Promise<void> {
    const { wake, page } = this.#options;
    await new Promise((resolve) => setTimeout(resolve, tookMs));
    if (!wake.isStopping && page.state === "ready") return;
    throw new SpikeError("state_not_ready", "Nexus is stopping or no longer has a root key");
  }
}

/** Without a root key there is nothing to do, but soon there may be. */
const WAITING_MS = 1_000;
