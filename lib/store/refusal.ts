import { SpikeError } from "../error/error.ts";

/** A version number is stored already, although the head does not list it. */
export function repeatedVersion(path: string, version: number, cause?: unknown): SpikeError {
  return new SpikeError(
    "state_integrity_check",
    `Version ${version} of ${path} is already stored, but its head does not list it`,
    { hint: "An older head was restored; compare with a backup", cause },
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

/** The row that counts write transactions is missing, although every store is created with it. */
export function missingCounter(): SpikeError {
  return new SpikeError("state_integrity_check", "The revision counter of the store is missing", {
    hint: "The row was removed outside spike; restore the store from a backup",
  });
}

/** A lookup by name, or by name and version, returned the row of another one. */
export function misdirected(wanted: readonly (string | number)[]): SpikeError {
  return new SpikeError(
    "state_integrity_check",
    `Lookup of ${wanted.join(" version ")} returned another row`,
    { hint: "An index of the database is damaged; restore the store from a backup" },
  );
}

/** A store used after `close`. */
export function closed(): SpikeError {
  return new SpikeError("store_failure", "Store is closed");
}

/**
 * After a failed sync the operating system may consider pages written that are not on the disk, and later syncs may
 * succeed without them. Only a restart reads what is on the disk.
 */
export function failedSync(path: string): SpikeError {
  return new SpikeError(
    "store_failure",
    `Sync of database ${path} failed, no further writes are accepted`,
    { hint: "Reads continue. Check the disk, then restart Nexus" },
  );
}
