import { constantTimeEqual, wipe } from "../bytes/bytes.ts";
import { invert, multiply } from "./gf256.ts";
import { interpolateP256 } from "./p256.ts";
import type { Scheme } from "./scheme.ts";
import { requireIndex, requireShards, type Shard } from "./shard.ts";

/** The value at x of the polynomials through the given shards. */
const INTERPOLATE: Readonly<Record<Scheme, (shards: readonly Shard[], x: number) => Uint8Array>> = {
  gf256: interpolateGf256,
  p256: interpolateP256,
};

/**
 * Rebuilds the secret from shards of one set.
 *
 * Shards of another set, or a modified shard, silently give wrong bytes: compare the result with a key-check value before
 * using it. The caller wipes it.
 *
 * @param threshold If given, the first `threshold` shards are used and fewer are rejected. Otherwise all shards are used
 * and at least 2 are required, so a threshold of 1 must be explicit.
 * @throws {SpikeError} data_invalid_input for too few shards, an index outside 1 … 255, a repeated index, different
 * lengths, and bytes that are not a share of the scheme (`isShare`)
 * @throws {TypeError} for a threshold that is not a positive integer
 */
export function combine(
  shards: readonly Shard[],
  threshold?: number,
  scheme: Scheme = "gf256",
): Uint8Array {
  if (threshold !== undefined) requireThreshold(threshold);
  requireShards(shards, threshold ?? 2);
  const used = threshold === undefined ? shards : shards.slice(0, threshold);
  return INTERPOLATE[scheme](used, 0);
}

/**
 * The shard at `index` of the polynomials through all given shards: recomputes from t correct shards what any other keeper
 * should hold. The caller wipes its bytes.
 *
 * @throws {SpikeError} data_invalid_input as {@linkcode combine}, and for an index outside 1 … 255
 */
export function interpolateAt(
  shards: readonly Shard[],
  index: number,
  scheme: Scheme = "gf256",
): Shard {
  requireShards(shards, 1);
  requireIndex(index);
  return { index, bytes: INTERPOLATE[scheme](shards, index) };
}

/**
 * Whether all shards lie on polynomials of degree below `threshold`. Meaningful only for more than `threshold` shards:
 * exactly `threshold` always do, and fewer are rejected.
 *
 * @throws {SpikeError} data_invalid_input as {@linkcode combine}
 */
export function liesOnOnePolynomial(
  shards: readonly Shard[],
  threshold: number,
  scheme: Scheme = "gf256",
): boolean {
  requireThreshold(threshold);
  requireShards(shards, threshold);
  const basis = shards.slice(0, threshold);
  return shards.slice(threshold).every((shard) => {
    const expected = INTERPOLATE[scheme](basis, shard.index);
    const fits = constantTimeEqual(expected, shard.bytes);
    wipe(expected);
    return fits;
  });
}

function requireThreshold(threshold: number): void {
  if (!Number.isInteger(threshold) || threshold < 1) {
    throw new TypeError(`${threshold} is not a threshold`);
  }
}

/** Lagrange interpolation at x. The weights depend on public indices; only the last product involves a secret. */
function interpolateGf256(shards: readonly Shard[], x: number): Uint8Array {
  const values = new Uint8Array(shards[0]?.bytes.length ?? 0);
  for (const { index, bytes } of shards) {
    const weight = weightOf(index, shards, x);
    for (let j = 0; j < values.length; j++) {
      values[j] = (values[j] ?? 0) ^ multiply(bytes[j] ?? 0, weight);
    }
  }
  return values;
}

/** Product of (x - m) / (index - m) over all other indices m; subtraction is XOR. */
function weightOf(index: number, shards: readonly Shard[], x: number): number {
  let numerator = 1;
  let denominator = 1;
  for (const other of shards) {
    if (other.index === index) continue;
    numerator = multiply(numerator, x ^ other.index);
    denominator = multiply(denominator, index ^ other.index);
  }
  return multiply(numerator, invert(denominator));
}
