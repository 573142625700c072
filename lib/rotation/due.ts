import { RENEW_AT } from "../seal/mod.ts";
import type { KekRow } from "../store/port.ts";

/** Why a new generation is due. */
export type DueReason = "age" | "use";

/**
 * Why a new KEK generation is due: the newest one has reserved a quarter of its sealing limit, or is older than
 * `maxAgeMs` (0 disables the age limit). Undefined when none is due. `rows` are ordered by generation.
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
