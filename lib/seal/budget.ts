import { SpikeError } from "../error/error.ts";

/** Most seal operations of one key with random 96-bit nonces (NIST SP 800-38D section 8.3). */
export const SEAL_LIMIT = 2 ** 32;
/** Seal operations that are durably reserved at a time, before the first of them. */
export const RESERVE_BLOCK = 2 ** 20;
/** A new key generation is due from here on: a quarter of the limit, where a nonce collision has probability 2^-37. */
export const RENEW_AT = 2 ** 30;

/**
 * Seal operations of one key. After a crash `used` is unknown, so the whole reservation counts as used: a block is wasted
 * but never counted twice.
 */
export interface Budget {
  /** Operations that the store has durably recorded. */
  readonly reserved: number;
  /** Operations done, at most `reserved`. */
  readonly used: number;
}

/**
 * The budget of a key as read from the store: the whole reservation counts as used.
 *
 * @throws {SpikeError} state_integrity_check for a value outside 0 … {@linkcode SEAL_LIMIT}
 */
export function resumeBudget(reserved: number): Budget {
  if (!Number.isSafeInteger(reserved) || reserved < 0 || reserved > SEAL_LIMIT) {
    throw new SpikeError(
      "state_integrity_check",
      `Sealing budget is ${reserved}, expected an integer from 0 to ${SEAL_LIMIT}`,
    );
  }
  return { reserved, used: reserved };
}

/** Uses `count` operations of the reservation; undefined if it is too small and {@linkcode reserve} must come first. */
export function consume(budget: Budget, count: number): Budget | undefined {
  if (!Number.isSafeInteger(count) || count < 0) throw new TypeError(`${count} is not a count`);
  const used = budget.used + count;
  return used > budget.reserved ? undefined : { reserved: budget.reserved, used };
}

/**
 * Reserves whole blocks, enough for `count` more operations. Use the result only after its `reserved` is durable.
 *
 * @throws {SpikeError} state_not_ready (reason `key_used_up`) if the limit of the key would be exceeded
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
