import { BoundedCache } from "../cache/cache.ts";

/**
 * Encryptions that a thread reserves at a time. Small, because every restart of a thread wastes the unused rest; the
 * limit of a key is 2^18 blocks.
 */
export const ENCRYPTION_BLOCK = 2 ** 14;

/** Most keys whose blocks a thread keeps; the rest of an evicted block counts as spent. */
const MAX_BUDGETS = 256;

/**
 * Spends encryptions one by one from blocks that `reserve` has stored durably. Concurrent callers share one fetch.
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

/** As {@linkcode createEncryptionBudget}, for any number of keys. */
export function createEncryptionBudgets(
  reserve: (name: string, version: number) => Promise<number>,
): (name: string, version: number) => Promise<void> {
  const budgets = new BoundedCache<(version: number) => Promise<void>>(MAX_BUDGETS);
  return (name, version) => {
    let spend = budgets.get(name);
    if (!spend) {
      spend = createEncryptionBudget((version) => reserve(name, version));
      budgets.set(name, spend);
    }
    return spend(version);
  };
}
