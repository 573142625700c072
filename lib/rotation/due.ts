import { RENEW_AT } from "../seal/mod.ts";
import type { KekRow } from "../store/port.ts";

/** Why a new generation is due. */
export type DueReason = "age" | "use";

/**
 * Whether the newest generation has to be followed by another: at a quarter of the sealings that it may do, and when
 * it is older than `maxAgeMs` (0 means that age does not count).
 */
export function isKekDue(
  rows: readonly KekRow[],
  { nowMs, maxAgeMs }: { readonly nowMs: number; readonly maxAgeMs: number },
): DueReason | undefined {
  const newest = rows.at(-1);
  if (newest === undefined) return undefined;
  if (newest.reservedSeals >= RENEW_AT) return "use";
  if (maxAgeMs > 0 && nowMs - newest.createdAtMs >= maxAgeMs) return "age";
  return undefined;
}
