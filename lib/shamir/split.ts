import { SpikeError } from "../error/error.ts";
import { wipe } from "../bytes/bytes.ts";
import type { CoefficientSource } from "./coefficients.ts";
import { multiply } from "./gf256.ts";
import { requireIndex, requireQuorum, type Shard } from "./shard.ts";

/** Options of {@linkcode split}. */
export interface SplitOptions {
  /** At least one byte. Not modified and not wiped. */
  readonly secret: Uint8Array;
  /** Shards needed to rebuild, t. */
  readonly threshold: number;
  /** Shards to make, n; they get the indices 1 … n. */
  readonly shares: number;
  /** Derived or random coefficients. */
  readonly coefficients: CoefficientSource;
  /** Allows a threshold of 1, with which every shard is the secret itself. Default: false. */
  readonly allowThresholdOne?: boolean;
}

/**
 * Shares a secret by Shamir's scheme, byte by byte over GF(256): any t of the n shards rebuild it.
 *
 * @example
 * ```ts
 * import { osRandom } from "../seal/mod.ts";
 * import { randomCoefficients, split } from "./mod.ts";
 *
 * const coefficients = randomCoefficients(osRandom);
 * const shards = split({ secret: osRandom(32), threshold: 2, shares: 3, coefficients });
 * if (shards.length !== 3) throw new Error("one shard for each share");
 * ```
 *
 * @throws {SpikeError} data_invalid_input for t and n outside 1 ≤ t ≤ n ≤ 255 and for an empty secret
 */
export function split(options: SplitOptions): Shard[] {
  return withPolynomials(options, (rows) =>
    Array.from({ length: options.shares }, (_, i) => ({
      index: i + 1,
      bytes: evaluate(rows, i + 1),
    })));
}

/**
 * The shard at `index` (from 1 to n), as {@linkcode split} would make it.
 *
 * @throws {SpikeError} data_invalid_input as {@linkcode split}, and for an index outside 1 … n
 */
export function shardAt(options: SplitOptions, index: number): Shard {
  requireIndex(index);
  if (index > options.shares) {
    throw new SpikeError(
      "data_invalid_input",
      `Shard index is ${index}, expected an integer from 1 to ${options.shares}`,
    );
  }
  return withPolynomials(options, (rows) => ({ index, bytes: evaluate(rows, index) }));
}

/** Calls `use` with the rows of coefficients, constant terms (the secret) first, and wipes the others. */
function withPolynomials<T>(options: SplitOptions, use: (rows: readonly Uint8Array[]) => T): T {
  const { secret, threshold, shares, coefficients, allowThresholdOne = false } = options;
  requireQuorum(threshold, shares, allowThresholdOne);
  if (secret.length === 0) {
    throw new SpikeError("data_invalid_input", "Secret is empty, expected at least 1 byte");
  }
  const drawn: Uint8Array[] = [];
  try {
    for (let degree = 1; degree < threshold; degree++) {
      const row = coefficients(degree, secret.length);
      drawn.push(row);
      if (row.length !== secret.length) {
        throw new Error(`Coefficient source gave ${row.length} bytes, expected ${secret.length}`);
      }
    }
    return use([secret, ...drawn]);
  } finally {
    wipe(...drawn);
  }
}

/** Values of all polynomials at x, by Horner's rule. */
function evaluate(rows: readonly Uint8Array[], x: number): Uint8Array {
  const values = new Uint8Array(rows[0]?.length ?? 0);
  for (const row of rows.toReversed()) {
    for (let j = 0; j < values.length; j++) {
      values[j] = multiply(values[j] ?? 0, x) ^ (row[j] ?? 0);
    }
  }
  return values;
}
