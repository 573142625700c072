import { deriveBytes, LABEL, labelText } from "../seal/derive.ts";
import { draw, type RandomSource } from "../seal/random.ts";
import { encodeTuple } from "../seal/tuple.ts";

/**
 * Returns the coefficients of x^`degree` (from 1 to threshold - 1) in a fresh array of `length` bytes, one for each byte
 * of the secret. The caller wipes it.
 */
export type CoefficientSource = (degree: number, length: number) => Uint8Array;

/** Identifies a shard set together with the secret. All members are public. */
export interface CoefficientContext {
  /** Only this scheme derives coefficients from a context. */
  readonly scheme: "gf256";
  /** 16 random bytes, fresh for each set. */
  readonly setId: Uint8Array;
  /** Generation of the shard set. */
  readonly generation: number;
  /** Shards needed to rebuild, t. */
  readonly threshold: number;
  /** Shards in the set, n. */
  readonly shares: number;
}

/** Format number of the derivation context. */
const CONTEXT_FORMAT = 1;

/**
 * Coefficients that depend only on the root key and the set, so that the same set always has the same shards: a shard
 * that is sent again, one on paper and one of a keeper that was offline all fit together.
 *
 * HKDF-SHA-256 (RFC 5869) with the set id as salt and the tuple (1, label, scheme, set id, generation, t, n, degree) as
 * info. Secrecy rests on HKDF: fewer than t shards reveal nothing without guessing 256 random bits.
 */
export function derivedCoefficients(
  rootKey: Uint8Array,
  set: CoefficientContext,
): CoefficientSource {
  return (degree, length) => {
    const context = encodeTuple([
      CONTEXT_FORMAT,
      labelText(LABEL.coefficients),
      set.scheme,
      set.setId,
      set.generation,
      set.threshold,
      set.shares,
      degree,
    ]);
    return deriveBytes(rootKey, set.setId, context, length);
  };
}

/** Fresh random coefficients: every split produces different shards, which never combine with those of another split. */
export function randomCoefficients(random: RandomSource): CoefficientSource {
  return (_degree, length) => draw(random, length);
}
