import {
  type Budget,
  consume,
  isRenewalDue,
  type Keyring,
  reserve,
  resumeBudget,
} from "../seal/mod.ts";
import type { Store } from "../store/port.ts";
import { unknownKek } from "../store/refusal.ts";

/**
 * The sealings that the current KEK still allows (NIST SP 800-38D section 8.3). Blocks are reserved durably before their
 * first use, so that a crash wastes the rest of a block and never undercounts.
 */
export interface SealBudget {
  /**
   * Takes `count` sealings from the budget of the current KEK and returns its generation, under which the caller seals.
   * Must not be called inside a write transaction.
   *
   * @throws {SpikeError} `state_not_ready` when the KEK has reached its limit
   */
  take(count: number): Promise<number>;
  /** Whether the current key should be replaced by a new generation soon. */
  isRenewalDue(): boolean;
}

/** Creates the budget; all code in the process that seals under a KEK shares one. */
export function createSealBudget(options: { store: Store; keyring: Keyring }): SealBudget {
  const { store, keyring } = options;
  let generation = 0;
  let budget: Budget | undefined;
  let refill: Promise<void> | undefined;

  const extend = async (wanted: number, count: number) => {
    const extended = await reserveDurably(store, wanted, count);
    generation = wanted;
    budget = extended;
  };
  return {
    async take(count) {
      for (;;) {
        const current = keyring.currentKek;
        const rest = generation === current && budget ? consume(budget, count) : undefined;
        if (rest) {
          budget = rest;
          return current;
        }
        refill ??= extend(current, count).finally(() => refill = undefined);
        await refill;
      }
    },
    isRenewalDue: () => budget !== undefined && isRenewalDue(budget),
  };
}

/** A new block starts at the stored total; the rest of the block before is wasted. */
function reserveDurably(store: Store, generation: number, count: number): Promise<Budget> {
  return store.write(async (tx) => {
    const row = (await tx.keks()).find((row) => row.generation === generation);
    if (row === undefined) throw unknownKek(generation);
    const budget = reserve(resumeBudget(row.reservedSeals), count);
    await tx.reserveSeals(generation, budget.reserved - row.reservedSeals);
    return budget;
  });
}
