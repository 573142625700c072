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
 * The result cannot tell whether it is right: shards of another set or a changed one give other bytes, silently.
 * Compare with a key-check value before using it. The caller wipes it.
 *
 * @param threshold When known: fewer shards are refused and only the first so many are used. Without it all are
 * used and at least 2 are asked for. A threshold of 1 has to be said.
 * @throws `data_invalid_input` for too few shards, an index outside 1 … 255, one given twice, lengths that differ,
 * and for what is no share of the scheme at all (`isShare`).
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
 * The shard at `index` of the polynomials through all the given shards: the way to recompute, from t good shards,
 * what every other keeper should hold. The caller wipes its bytes.
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
 * Whether all shards belong to polynomials of degree below `threshold`. Says something only about more than
 * `threshold` shards: so many or fewer always do, and fewer are refused.
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

/** Lagrange's interpolation at x. The weights come from public indices; only the last product meets a secret. */
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
