import type { Logger } from "../telemetry/mod.ts";
import type { StoreVerified } from "./store_verifier.ts";

/** Options of scrubbing. */
export interface ScrubOptions {
  /** Time from one comparison to the next, in milliseconds. */
  readonly intervalMs: number;
  /** Whether there is a root key now. */
  readonly isReady: () => boolean;
  /** Compares the store with its audit logs; see `Auditing.verify`. */
  readonly verify: (pause: () => Promise<void>) => Promise<StoreVerified>;
  /** Drops expired records from the logs; see `Auditing.retain`. */
  readonly retain: (pause: () => Promise<void>) => Promise<void>;
  /** Resolves after the time, or at once when everything ends: then true. */
  readonly sleep: (ms: number) => Promise<boolean>;
  /** Milliseconds, for measuring. */
  readonly now: () => number;
  /** Called with the number of findings of each comparison. */
  readonly onFindings: (findings: number) => void;
  /** Where findings are logged. */
  readonly log: Logger;
}

/** Milliseconds of rest for each millisecond of work, so that requests are not slowed down. */
const REST = 9;

/**
 * Compares the store with its audit logs again and again, slowly. What differs goes to the log of Nexus, one line for
 * each row and log, and one line about the whole.
 */
export async function scrubStore(options: ScrubOptions): Promise<void> {
  const { intervalMs, isReady, log, sleep } = options;
  while (!await sleep(intervalMs)) {
    if (!isReady()) continue;
    try {
      await options.retain(slowly(options));
      const found = await options.verify(slowly(options));
      options.onFindings(found.findings);
      report(found, log);
    } catch (error) {
      if (error instanceof Ended) return;
      const detail = error instanceof Error ? error.message : "not an error";
      log.error("scrub_failed", { detail });
    }
  }
}

/** Thrown when Nexus stops: the findings so far are not reported. */
class Ended extends Error {}

function slowly({ sleep, now }: ScrubOptions): () => Promise<void> {
  let sinceMs = now();
  return async () => {
    if (await sleep(Math.max(1, (now() - sinceMs) * REST))) throw new Ended();
    sinceMs = now();
  };
}

function report(
  { heads, policies, cipherKeys, older, logs, rows, findings }: StoreVerified,
  log: Logger,
): void {
  for (const { kind, name, what } of rows) log.error("store_row_unexpected", { kind, name, what });
  for (const one of logs) {
    if ("missing" in one && one.left) log.info("audit_log_left", { log: one.log });
    else if ("missing" in one) log.error("audit_log_missing", { log: one.log });
    else {
      for (const { record, what } of one.findings) {
        log.error("audit_record_unexpected", { log: one.log, record, what });
      }
    }
  }
  const fields = { heads, policies, cipherKeys, older, logs: logs.length, findings };
  if (findings > 0) log.error("scrub_done", fields);
  else log.info("scrub_done", fields);
}
