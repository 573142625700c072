import type { KeeperStatus, NexusStatus } from "../../lib/api/status.ts";
import { parseTime } from "../../lib/api/time.ts";

/** Keepers that must have been seen, by position from 1: since when, in milliseconds since the epoch. */
export type AwaitedKeepers = ReadonlyMap<number, number>;

/**
 * What a Nexus still lacks, or undefined when it is ready and holds every awaited keeper for good. A keeper
 * counts only when it answered after its present process started: what was heard of a former one is history.
 */
export function lackOf(status: NexusStatus, awaited: AwaitedKeepers): string | undefined {
  if (status.state !== "ready") return `Nexus is ${status.state}${keepersText(status.keepers)}`;
  for (const [position, sinceMs] of awaited) {
    const keeper = status.keepers.find(({ index }) => index === position);
    if (keeper?.state !== "ok") return `keeper-${position} is ${describe(keeper)}`;
    if (seenMs(keeper) < sinceMs) return `keeper-${position} has not answered Nexus yet`;
  }
  return undefined;
}

function keepersText(keepers: readonly KeeperStatus[]): string {
  if (keepers.length === 0) return "";
  return `, ${keepers.map((keeper) => `keeper-${keeper.index} ${keeper.state}`).join(", ")}`;
}

function describe(keeper: KeeperStatus | undefined): string {
  if (keeper === undefined) return "unknown to Nexus";
  return keeper.detail === undefined ? keeper.state : `${keeper.state} (${keeper.detail})`;
}

function seenMs({ lastSeen }: KeeperStatus): number {
  return parseTime(lastSeen ?? "") ?? 0;
}
