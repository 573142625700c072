/**
 * Shamir's scheme over the scalar field of P-256, byte for byte as SPIKE in Go shares its root key (with the
 * `secretsharing` package of cloudflare/circl from version 1.6.2 on). Only in this scheme do shards of both projects
 * combine.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { SpikeError } from "../error/error.ts";
import { wipe } from "../bytes/bytes.ts";
import { isScalar, readInteger, scalars, writeScalar } from "./scalar.ts";
import { requireQuorum, type Shard } from "./shard.ts";

/** Options of {@linkcode splitP256}. No randomness: the coefficients are derived from the secret. */
export interface P256SplitOptions {
  /** 32 bytes below the order of P-256. Not modified and not wiped. */
  readonly secret: Uint8Array;
  /** Shards needed to rebuild, t. */
  readonly threshold: number;
  /** Shards to make, n; they get the indices 1 … n. */
  readonly shares: number;
  /** See `SplitOptions`. */
  readonly allowThresholdOne?: boolean;
}

/**
 * The shards of `secret`; deterministic: the coefficient of x^i is the i-th scalar of the chain SHA-256(secret),
 * SHA-256(SHA-256(secret)), …
 *
 * @throws {SpikeError} data_invalid_input for t and n outside 1 ≤ t ≤ n ≤ 255, and for a secret that is not a scalar
 */
export function splitP256(options: P256SplitOptions): Shard[] {
  const { secret, threshold, shares, allowThresholdOne = false } = options;
  requireQuorum(threshold, shares, allowThresholdOne);
  requireScalar(secret, "Secret");
  const row = [readInteger(secret), ...firstScalars(hashChain(secret), threshold - 1)];
  return Array.from({ length: shares }, (_, i) => ({
    index: i + 1,
    bytes: writeScalar(evaluate(row, BigInt(i + 1))),
  }));
}

/** The first `count` scalars of a stream of 32-byte blocks; blocks not below the order are skipped. */
export function firstScalars(blocks: Iterator<Uint8Array>, count: number): bigint[] {
  const found: bigint[] = [];
  while (found.length < count) {
    const { value, done } = blocks.next();
    if (done) throw new Error(`The stream of blocks ended after ${found.length} scalars`);
    if (isScalar(value)) found.push(readInteger(value));
    wipe(value);
  }
  return found;
}

/**
 * Lagrange interpolation at x. The caller has checked indices and lengths.
 *
 * @throws {SpikeError} data_invalid_input for a shard that is not a scalar
 */
export function interpolateP256(shards: readonly Shard[], x: number): Uint8Array {
  for (const { index, bytes } of shards) requireScalar(bytes, `Shard ${index}`);
  let value = 0n;
  for (const { index, bytes } of shards) {
    const term = scalars.mul(readInteger(bytes), weightOf(index, shards, x));
    value = scalars.add(value, term);
  }
  return writeScalar(value);
}

/** Iterated SHA-256. Each block is a fresh array that the reader may wipe. */
function* hashChain(seed: Uint8Array): Generator<Uint8Array, never> {
  let block = sha256(seed);
  while (true) {
    const next = sha256(block);
    yield block;
    block = next;
  }
}

/** The polynomial at x, by Horner's rule. */
function evaluate(row: readonly bigint[], x: bigint): bigint {
  return row.reduceRight((sum, coefficient) => scalars.add(scalars.mul(sum, x), coefficient), 0n);
}

/** Product of (x - m) / (index - m) over all other indices m. */
function weightOf(index: number, shards: readonly Shard[], x: number): bigint {
  let numerator = 1n;
  let denominator = 1n;
  for (const other of shards) {
    if (other.index === index) continue;
    numerator = scalars.mul(numerator, scalars.create(BigInt(x - other.index)));
    denominator = scalars.mul(denominator, scalars.create(BigInt(index - other.index)));
  }
  return scalars.mul(numerator, scalars.inv(denominator));
}

function requireScalar(bytes: Uint8Array, what: string): void {
  if (isScalar(bytes)) return;
  throw new SpikeError(
    "data_invalid_input",
    `${what} is not 32 bytes below the order of P-256`,
    { hint: "Check that it belongs to scheme p256 and not to gf256" },
  );
}
