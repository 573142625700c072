import type { NexusStatus } from "../../../lib/api/status.ts";
import { parseHttpDate } from "../../../lib/api/time.ts";
import { isPostQuantum } from "./key_exchange.ts";
import { type Diagnosis, failure, ok, spanText, warning } from "./diagnosis.ts";

/** Checks that need Nexus to tell how it is. */
export const STATUS_CHECKS = ["keepers", "recovery shards", "backup", "memory of Nexus"] as const;

/** Checks that need an answer of Nexus. */
export const NEXUS_CHECKS = [...STATUS_CHECKS, "clock"] as const;

/** What to do in each state that is not `ready`. */
const STATE_ADVICE = {
  waiting:
    "Start enough keepers that hold their shards; if they are lost, see spike operator restore",
  provisional: "Run spike bootstrap, which verifies the root key",
  database_lost: "Restore the database, or abandon it with --accept-empty-store true",
  sealed: "Run spike operator unseal when Nexus may serve again",
} as const;

/** What is to be said of Nexus, by what it tells of itself. */
export function judgeNexus(status: NexusStatus, url: string): Diagnosis[] {
  return [
    judgeState(status, url),
    judgeKeepers(status),
    ...judgeRecovery(status),
    ...judgeBackup(status),
    ...judgeLocked(status),
  ];
}

function judgeState({ state, version, backend }: NexusStatus, url: string): Diagnosis {
  const what = `${version} at ${url}, ${backend} store: ${state}`;
  return state === "ready" ? ok("nexus", what) : failure("nexus", what, STATE_ADVICE[state]);
}

function judgeKeepers({ keepers, threshold, backend }: NexusStatus): Diagnosis {
  if (backend === "memory") return ok("keepers", "none are needed for a memory store");
  const good = keepers.filter(({ state }) => state === "ok");
  const bad = keepers.filter(({ state }) => state !== "ok" && state !== "unknown");
  const unknown = keepers.length - good.length - bad.length;
  const named = bad.map(({ index, state, detail }) =>
    `keeper ${index} is ${state}${detail ? ` (${detail})` : ""}`
  );
  const detail = [
    `${good.length} of ${keepers.length} hold their shard, ${threshold} are needed`,
    ...(unknown === 0 ? [] : [`${unknown} not asked yet`]),
    ...named,
  ].join("; ");
  if (bad.length === 0) return ok("keepers", detail);
  if (keepers.length - bad.length >= threshold) {
    return warning("keepers", detail, "Start or repair the named keepers");
  }
  return failure(
    "keepers",
    detail,
    "Do not restart Nexus until enough keepers hold their shard: it could not get its root key",
  );
}

function judgeRecovery({ recovery }: NexusStatus): Diagnosis[] {
  const check = "recovery shards";
  if (recovery === undefined) return [];
  if (recovery.exported) return [ok(check, `exported ${recovery.exportedAt ?? "before"}`)];
  return [
    warning(
      check,
      "those in force were never exported: if too many keepers are lost with Nexus, all is lost",
      "Run spike operator recover and store the shards separately and offline",
    ),
  ];
}

function judgeBackup({ backup, backend, initialized }: NexusStatus): Diagnosis[] {
  if (backend === "memory" || !initialized) return [];
  if (backup) return [ok("backup", `the last one is of ${backup.at}`)];
  return [
    warning(
      "backup",
      "none is known to have been made: with the disk of Nexus all would be lost",
      "Run spike operator backup regularly and store backups elsewhere",
    ),
  ];
}

function judgeLocked({ memoryLocked }: NexusStatus): Diagnosis[] {
  const check = "memory of Nexus";
  if (memoryLocked === undefined) return [];
  if (memoryLocked) return [ok(check, "its keys are kept out of swap")];
  return [
    warning(check, "the system refused to lock its keys, which may reach swap", LOCK_ADVICE),
  ];
}

/** How memory gets locked. */
export const LOCK_ADVICE =
  "Raise the limit of locked memory (ulimit -l, LimitMEMLOCK=), or use encrypted swap or none";

/** Differences that the check bears: the header has whole seconds, and the answer takes its time. */
const SKEW_WARNING_MS = 5_000;
const SKEW_FAILURE_MS = 60_000;

/** Compares this machine's clock with the one in an answer's `date` header. */
export function judgeClock(date: string | undefined, nowMs: number): Diagnosis {
  const theirs = parseHttpDate(date ?? "");
  if (theirs === undefined) {
    return warning("clock", "Nexus does not report its time", "Compare the clocks by hand");
  }
  const skewMs = nowMs - theirs;
  const times = `here it is ${new Date(nowMs).toISOString()}, at Nexus ${
    new Date(theirs).toISOString()
  }`;
  if (Math.abs(skewMs) <= SKEW_WARNING_MS) return ok("clock", `agrees with that of Nexus`);
  const detail = `${spanText(skewMs)} ${skewMs > 0 ? "ahead of" : "behind"} Nexus: ${times}`;
  const advice = "Synchronize the clocks: short-lived certificates are rejected if they differ";
  return Math.abs(skewMs) > SKEW_FAILURE_MS
    ? failure("clock", detail, advice)
    : warning("clock", detail, advice);
}

/** What is to be said of the group that Nexus and clients of this runtime agree on. */
export function judgeKeyExchange(group: string | undefined): Diagnosis {
  if (group === undefined) {
    return warning(
      "key exchange",
      "Nexus does not speak TLS 1.3",
      "Check for a proxy between this machine and Nexus",
    );
  }
  return ok(
    "key exchange",
    isPostQuantum(group)
      ? `${group}, closed to quantum computers`
      : `${group}, not post-quantum: this runtime asks for it first (docs/security.md)`,
  );
}
