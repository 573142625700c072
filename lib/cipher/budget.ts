import { SpikeError } from "../api/error.ts";
import { resumeBudget, SEAL_LIMIT } from "../seal/mod.ts";
import type { Store } from "../store/port.ts";
import { DEFAULT_KEY } from "./default_key.ts";

/**
 * Encryptions that a thread takes at a time. Small, because each start of each thread wastes what it did not use:
 * 2^18 blocks make up the limit of a key.
 */
export const ENCRYPTION_BLOCK = 2 ** 14;

/**
 * Writes one block of encryptions under a version of the default key down as spent, and answers its size. Rejects
 * with `state_not_ready` when the key may not encrypt any more (NIST SP 800-38D section 8.3), and with
 * `state_integrity_check` when the count is beyond its limit already.
 */
export function reserveEncryptions(store: Store, version: number): Promise<number> {
  return store.write(async (tx) => {
    const reserved = await tx.reserveKeySeals(DEFAULT_KEY, version, ENCRYPTION_BLOCK);
    // Nobody gets beyond the limit honestly.
    resumeBudget(reserved - ENCRYPTION_BLOCK);
    if (reserved <= SEAL_LIMIT) return ENCRYPTION_BLOCK;
    throw new SpikeError(
      "state_not_ready",
      `Version ${version} of the cipher key has reached its limit of ${SEAL_LIMIT} encryptions`,
      { hint: "Rotate the key; what was encrypted stays readable" },
    );
  });
}

/**
 * Spends encryptions one by one out of blocks that `reserve` has written down; callers that come while a block is
 * being fetched share it.
 */
export function createEncryptionBudget(
  reserve: (version: number) => Promise<number>,
): (version: number) => Promise<void> {
  let held = { version: 0, left: 0 };
  let refill: Promise<void> | undefined;
  const fetch = async (version: number) => {
    held = { version, left: await reserve(version) };
  };
  return async (version) => {
    while (held.version !== version || held.left === 0) {
      refill ??= fetch(version).finally(() => refill = undefined);
      await refill;
    }
    held.left--;
  };
}
