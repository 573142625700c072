import type { KeySlots } from "../../lib/seal/mod.ts";
import { meter } from "../../lib/telemetry/mod.ts";
import type { KEY_KINDS } from "../../lib/telemetry/metric_table.ts";

/** Reports how many keys of some kinds this thread holds. The values of all threads are added. */
export function tellKeys(counts: { readonly [K in typeof KEY_KINDS[number]]?: number }): void {
  for (const [kind, count] of Object.entries(counts)) {
    meter.set("spike_keys_held", { kind }, count ?? 0);
  }
}

/** Slots that are not zeroed. */
export function usedSlots(slots: KeySlots): number {
  let used = 0;
  for (let i = 0; i < slots.count; i++) if (slots.slot(i).some((byte) => byte !== 0)) used++;
  return used;
}
