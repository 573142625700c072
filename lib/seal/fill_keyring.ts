import { SpikeError } from "../error/error.ts";
import { wipe } from "../bytes/bytes.ts";
import { unwrapKek } from "./keyring.ts";
import type { LockedKeyring } from "./locked_keyring.ts";

/** One generation of the KEK as stored. */
export interface WrappedKek {
  /** From 1. */
  readonly generation: number;
  /** The KEK sealed under the storage key. */
  readonly wrapped: Uint8Array;
}

/**
 * Unwraps every stored KEK into an empty ring and makes the newest generation the current one. The wrapping authenticates
 * the generation but not the state of a row.
 *
 * @throws {SpikeError} state_integrity_check if there is no row, because every store has a KEK, or if a row was modified.
 * The ring may then hold some of the keys; the caller wipes it.
 */
export function fillKeyring(
  ring: LockedKeyring,
  storageKey: Uint8Array,
  rows: readonly WrappedKek[],
): void {
  if (rows.length === 0) {
    throw new SpikeError("state_integrity_check", "The store holds no key-encryption key", {
      hint: "Its rows were removed outside spike; restore the store from a backup",
    });
  }
  for (const { generation, wrapped } of rows) {
    const kek = unwrapKek(storageKey, ring.storeId, generation, wrapped);
    ring.put(generation, kek);
    wipe(kek);
  }
  ring.use(Math.max(...ring.generations()));
}
