import { SpikeError } from "../error/error.ts";

/** A version number that is there already, although the head calls it free. */
export function repeatedVersion(path: string, version: number, cause?: unknown): SpikeError {
  return new SpikeError(
    "state_integrity_check",
    `Version ${version} of ${path} is stored already, its head does not know it`,
    { hint: "An older head was put back; compare with a backup", cause },
  );
}

/** A key generation that the store does not hold. */
export function unknownKek(generation: number): SpikeError {
  return new SpikeError(
    "state_integrity_check",
    `Key generation ${generation} is not in the store`,
  );
}

/** A version of a long-lived key that the store does not hold. */
export function unknownKey(name: string, version: number): SpikeError {
  return new SpikeError(
    "state_integrity_check",
    `Version ${version} of key ${name} is not in the store`,
  );
}

/** The row that counts write transactions is not there, although every store is made with it. */
export function missingCounter(): SpikeError {
  return new SpikeError("state_integrity_check", "The store's counter of revisions is missing", {
    hint: "The row was removed outside spike; restore the store from a backup",
  });
}

/** A row that is not the one which was looked up, by name and perhaps version. */
export function misdirected(wanted: readonly (string | number)[]): SpikeError {
  return new SpikeError(
    "state_integrity_check",
    `Looking up ${wanted.join(" version ")} leads to another row`,
    { hint: "An index of the database is damaged; restore the store from a backup" },
  );
}

/** A store used after `close`. */
export function closed(): SpikeError {
  return new SpikeError("store_failure", "Store is closed");
}

/**
 * After a sync that failed, a system may hold for written what is not on the disk, and later syncs may succeed
 * without it. Only a new start reads what is really there.
 */
export function failedSync(path: string): SpikeError {
  return new SpikeError(
    "store_failure",
    `The disk of database ${path} failed, nothing more is written to it`,
    { hint: "Reads go on. Look at the disk, then restart Nexus" },
  );
}
