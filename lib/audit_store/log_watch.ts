import type { ChangedFile } from "../audit/mod.ts";
import type { Health, Logger } from "../telemetry/mod.ts";

/** Options of the watch. */
export interface LogWatchOptions {
  /** Files that are changed now; see `Auditing.changedFiles`. */
  readonly look: () => readonly ChangedFile[];
  /** Reports changed files. */
  readonly health: Health;
  /** Where changed files are logged. */
  readonly log: Logger;
}

/** Watches the files of the audit log. */
export interface WatchedLog {
  /** Looks again. A change is logged once, and once more when it is undone. */
  look(): void;
  /** The files found last. */
  readonly found: readonly ChangedFile[];
}

/** How often the files are looked at: a change is to be noticed within a minute. */
export const WATCH_MS = 15_000;

/** Reports files that were removed, replaced or truncated outside Nexus in log and probes. */
export function watchLog({ look, health, log }: LogWatchOptions): WatchedLog {
  let found: readonly ChangedFile[] = [];
  health.add(() => found.length > 0 ? ["audit_log_changed"] : []);
  return {
    get found() {
      return found;
    },
    look: () => {
      const now = lookSafely(look, log);
      for (const each of now) {
        if (!includes(found, each)) log.error("audit_log_changed", { ...each });
      }
      for (const { log: name, file } of found) {
        if (!now.some((each) => each.file === file)) {
          log.info("audit_log_as_written", { log: name, file });
        }
      }
      found = now;
    },
  };
}

/** A file that cannot be examined does not count as changed. */
function lookSafely(look: LogWatchOptions["look"], log: Logger): readonly ChangedFile[] {
  try {
    return look();
  } catch (error) {
    log.error("audit_log_unreadable", {
      detail: error instanceof Error ? error.message : "unknown",
    });
    return [];
  }
}

function includes(found: readonly ChangedFile[], { file, change }: ChangedFile): boolean {
  return found.some((each) => each.file === file && each.change === change);
}
