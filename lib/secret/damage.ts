import { SpikeError } from "../error/error.ts";

/** A head that is not what was stored. */
export function damagedHead(path: string, cause?: unknown): SpikeError {
  return new SpikeError("state_integrity_check", `Head of ${path} is not what was stored`, {
    hint: "The row was changed outside spike; restore the store from a backup",
    cause,
  });
}

/** A version that is missing or not what was stored. */
export function damagedVersion(path: string, version: number, cause?: unknown): SpikeError {
  const message = `Version ${version} of ${path} is not what was stored`;
  return new SpikeError("state_integrity_check", message, {
    hint: "The row was changed or removed outside spike; other versions are not affected",
    cause,
  });
}

/** A head whose revision the store has not reached: the counter was lowered, or the head is from another store. */
export function aheadOfStore(path: string, revision: number, reached: number): SpikeError {
  const message = `Head of ${path} has revision ${revision}, but the store is at ${reached}`;
  return new SpikeError("state_integrity_check", message, {
    hint: "The database was changed outside spike; restore it from a backup",
  });
}
