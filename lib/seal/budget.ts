import { SpikeError } from "../error/error.ts";

/** Most sealings one key may do with random 96-bit nonces (NIST SP 800-38D section 8.3). */
export const SEAL_LIMIT = 2 ** 32;
/** Sealings that are written down as spent before the first of them is done. */
export const RESERVE_BLOCK = 2 ** 20;
/** From here on a new key generation is due: a quarter of the limit, where a nonce collision has chance 2^-37. */
export const RENEW_AT = 2 ** 30;

/**
 * How much of a key's sealing allowance is spent.
 *
 * `reserved` is what the store has durably written down, `used` what was really done. After a crash `used` is
 * unknown, so the whole reservation counts as used: a block is wasted, never counted twice.
 */
export interface Budget {
  readonly reserved: number;
  readonly used: number;
}

/** The budget of a key as read from the store: everything reserved counts as used. */
export function resumeBudget(reserved: number): Budget {
  if (!Number.isSafeInteger(reserved) || reserved < 0 || reserved > SEAL_LIMIT) {
    throw new SpikeError(
      "state_integrity_check",
      `Sealing budget is ${reserved}, expected an integer from 0 to ${SEAL_LIMIT}`,
    );
  }
  return { reserved, used: reserved };
}

/** Takes `count` sealings out of the reservation; undefined when it is too small and `reserve` has to come first. */
export function consume(budget: Budget, count: number): Budget | undefined {
  if (!Number.isSafeInteger(count) || count < 0) throw new TypeError(`${count} is not a count`);
  const used = budget.used + count;
  return used > budget.reserved ? undefined : { reserved: budget.reserved, used };
}

/**
 * Reserves whole blocks, enough for `count` further sealings. The result may be used only after its `reserved` is
 * durable. Throws `state_not_ready` when the key's limit would be passed.
 */
export function reserve(budget: Budget, count: number): Budget {
  const missing = Math.max(budget.used + count - budget.reserved, 1);
  const reserved = budget.reserved + Math.ceil(missing / RESERVE_BLOCK) * RESERVE_BLOCK;
  if (!(reserved <= SEAL_LIMIT)) {
    throw new SpikeError("state_not_ready", `Key has reached its limit of ${SEAL_LIMIT} sealings`, {
      hint: "Rotate the key-encryption key",
      reason: "key_used_up",
    });
  }
  return { reserved, used: budget.used };
}

/** Whether a new key generation is due. */
export function isRenewalDue(budget: Budget): boolean {
  return budget.used >= RENEW_AT;
}
