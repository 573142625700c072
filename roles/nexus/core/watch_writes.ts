import { SpikeError } from "../../../lib/error/error.ts";
import type { Store } from "../../../lib/store/mod.ts";
import type { Health, Meter } from "../../../lib/telemetry/mod.ts";

/**
 * Reports in probes and metrics whether the last write to the store succeeded. Answers the same
 * store.
 */
export function watchWrites(store: Store, health: Health, meter: Meter): Store {
  let isFailing = false;
  const write = store.write.bind(store);
  store.write = async (work) => {
    try {
      const result = await write(work);
      isFailing = false;
      return result;
    } catch (error) {
      if (error instanceof SpikeError && error.code === "store_failure") {
        isFailing = true;
        meter.count("spike_store_failures_total", {});
      }
      throw error;
    }
  };
  health.add(() => isFailing ? ["writes_failing"] : []);
  return store;
}
