import { SpikeError } from "../error/error.ts";

/** Most shards of one set: one for each non-zero byte. */
export const MAX_SHARES = 255;

/** One share of a secret: the value of the polynomials at `index`. */
export interface Shard {
  /** From 1 to 255. Public. */
  readonly index: number;
  /** As long as the secret. Secret. */
  readonly bytes: Uint8Array;
}

/**
 * Requires an index from 1 to 255; 0 would be the secret itself.
 *
 * @throws {SpikeError} data_invalid_input
 */
export function requireIndex(index: number): void {
  if (!Number.isInteger(index) || index < 1 || index > MAX_SHARES) {
    throw new SpikeError(
      "data_invalid_input",
      `Shard index is ${index}, expected an integer from 1 to ${MAX_SHARES}`,
    );
  }
}

/**
 * Requires at least `least` shards of one length with distinct indices.
 *
 * @throws {SpikeError} data_invalid_input
 */
export function requireShards(shards: readonly Shard[], least: number): void {
  if (shards.length < least || shards.length === 0) {
    throw new SpikeError(
      "data_invalid_input",
      `${shards.length} shards were given, at least ${Math.max(least, 1)} are needed`,
    );
  }
  const length = shards[0]?.bytes.length ?? 0;
  const seen = new Set<number>();
  for (const { index, bytes } of shards) {
    requireIndex(index);
    if (seen.has(index)) {
      throw new SpikeError("data_invalid_input", `Shard index ${index} was given twice`);
    }
    seen.add(index);
    if (bytes.length !== length || length === 0) {
      throw new SpikeError(
        "data_invalid_input",
        `Shard ${index} is ${bytes.length} bytes long, expected ${Math.max(length, 1)}`,
      );
    }
  }
}

/**
 * Requires 1 ≤ threshold ≤ shares ≤ 255, and a threshold of at least 2 unless 1 is allowed.
 *
 * @throws {SpikeError} data_invalid_input
 */
export function requireQuorum(threshold: number, shares: number, allowThresholdOne: boolean): void {
  if (!Number.isInteger(shares) || shares < 1 || shares > MAX_SHARES) {
    throw new SpikeError(
      "data_invalid_input",
      `Number of shares is ${shares}, expected an integer from 1 to ${MAX_SHARES}`,
    );
  }
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > shares) {
    throw new SpikeError(
      "data_invalid_input",
      `Threshold is ${threshold}, expected an integer from 1 to ${shares}`,
    );
  }
  if (threshold === 1 && !allowThresholdOne) {
    throw new SpikeError(
      "data_invalid_input",
      "Threshold is 1, which makes every shard the secret itself",
      { hint: "Use a threshold of at least 2, or allow a threshold of 1 explicitly" },
    );
  }
}
