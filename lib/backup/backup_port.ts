import { SpikeError } from "../error/error.ts";
import type { Call } from "../audit/mod.ts";

/** A backup that is ready to be read. */
export interface BackupBegun {
  /** Names it for as long as it is there. */
  readonly id: string;
  readonly manifest: string;
  /** Of the database. */
  readonly bytes: number;
  readonly sha256: string;
}

/** What is asked of the thread that has the store, for a backup. */
export interface BackupPort {
  /** Copies the database and signs a manifest of the copy. */
  beginBackup(request: { call: Call }): Promise<BackupBegun>;
  /** The piece of a copy from `at` on; empty after the last. */
  readBackup(request: { id: string; at: number }): Promise<Uint8Array>;
  /** Removes the copy; one that is gone is fine. */
  endBackup(request: { id: string }): Promise<void>;
  /** Remembers that the last backup with this digest is in hand, whole. */
  confirmBackup(request: { sha256: string; call: Call }): Promise<void>;
}

/** The port of a Nexus that has no database to copy. */
export const NO_BACKUPS: BackupPort = {
  beginBackup: keepsNothing,
  readBackup: keepsNothing,
  endBackup: keepsNothing,
  confirmBackup: keepsNothing,
};

function keepsNothing(): Promise<never> {
  return Promise.reject(
    new SpikeError("api_bad_request", "A Nexus with a memory store has nothing to back up"),
  );
}
