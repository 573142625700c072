import { SpikeError } from "../error/error.ts";
import { Misshapen } from "./sqlite_column.ts";

/** Primary result codes (sqlite.org/rescode.html) that an operator can meet. */
const SQLITE = {
  error: 1,
  busy: 5,
  locked: 6,
  readonly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  constraint: 19,
  notADatabase: 26,
} as const;

/** Runs `work`; what the driver throws comes out as a `SpikeError` that names the file. */
export function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (reason) {
    throw translate(reason, path);
  }
}

/** Whether `reason` is a violated constraint: the key exists already, or a referenced row does not exist. */
export function isConstraint(reason: unknown): boolean {
  return primaryCode(reason) === SQLITE.constraint;
}

/** Extended result codes of a sync of a file or of its directory that failed. */
const SYNC_FAILURES: readonly unknown[] = [1034, 1290];

/** Whether `reason` is a failed sync: what was written may never reach the disk. */
export function isSyncFailure(reason: unknown): boolean {
  return reason instanceof Error && "errcode" in reason && SYNC_FAILURES.includes(reason.errcode);
}

/** Turns the driver's error into a `SpikeError`; an error that is not of the storage is returned unchanged. */
export function translate(cause: unknown, path: string): unknown {
  if (cause instanceof Misshapen) return damaged(`${path} is damaged: ${cause.message}`, cause);
  const code = driverCode(cause);
  if (code === "ERR_OUT_OF_RANGE") return holdsWrong(path, "a number that is out of range", cause);
  if (code !== "ERR_SQLITE_ERROR") return cause;
  switch (primaryCode(cause)) {
    case SQLITE.corrupt:
    case SQLITE.notADatabase:
      return damaged(`${path} is damaged`, cause);
    case SQLITE.busy:
    case SQLITE.locked:
      return new SpikeError("store_failure", `Database ${path} is locked by another process`, {
        hint: "Only one Nexus may use a data directory",
        cause,
      });
    case SQLITE.full:
      return new SpikeError("store_failure", `Disk of database ${path} is full`, { cause });
    case SQLITE.ioError:
    case SQLITE.cannotOpen:
    case SQLITE.readonly:
      return new SpikeError("store_failure", `Database ${path} cannot be read or written`, {
        hint: "Check the disk, the mount and the file's owner and mode",
        cause,
      });
    // The statements are right for the layout that was found at opening.
    case SQLITE.error:
      return holdsWrong(path, "another schema than when it was opened", cause);
    default:
      return new SpikeError("store_failure", `Database ${path} rejected the operation`, {
        hint: "See the log of Nexus",
        cause,
      });
  }
}

function damaged(what: string, cause: unknown): SpikeError {
  return new SpikeError("state_integrity_check", `Database ${what}`, {
    hint: "Restore it from a backup; the file was not changed",
    cause,
  });
}

function holdsWrong(path: string, what: string, cause: unknown): SpikeError {
  return new SpikeError("state_integrity_check", `Database ${path} holds ${what}`, {
    hint: "It was modified outside spike; undo the change, or restore it from a backup",
    cause,
  });
}

/** The runtime's name for the kind of error, where it has one. */
function driverCode(reason: unknown): unknown {
  return reason instanceof Error && "code" in reason ? reason.code : undefined;
}

function primaryCode(reason: unknown): number | undefined {
  if (!(reason instanceof Error) || !("errcode" in reason)) return undefined;
  return typeof reason.errcode === "number" ? reason.errcode & 0xff : undefined;
}
