import { SpikeError } from "../error/error.ts";
import { wipe } from "../bytes/bytes.ts";
import { unwrapKek } from "./keyring.ts";
import type { LockedKeyring } from "./locked_keyring.ts";

/** One generation of the KEK as it is stored. */
export interface WrappedKek {
  readonly generation: number;
  readonly wrapped: Uint8Array;
}

/**
 * Unwraps every stored KEK into an empty ring, and makes the newest generation the one that new rows are sealed
 * under: a generation is authenticated by its wrapping, while what a row says of its state is not.
 *
 * Throws `state_integrity_check` when there is no row, since a store is made with its first KEK, and for a row that is
 * not what was stored. The ring may then hold some of the keys; the caller wipes it.
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
