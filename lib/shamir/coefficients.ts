import { deriveBytes, LABEL, labelText } from "../seal/derive.ts";
import { draw, type RandomSource } from "../seal/random.ts";
import { encodeTuple } from "../seal/tuple.ts";

/**
 * Gives the coefficients of x^`degree` (from 1 to threshold - 1), one byte for each byte of the secret, in a fresh
 * array that the caller wipes.
 */
export type CoefficientSource = (degree: number, length: number) => Uint8Array;

/** What identifies a shard set, beside the secret. All of it is public. */
export interface CoefficientContext {
  readonly scheme: "gf256";
  /** 16 fresh random bytes for each set. */
  readonly setId: Uint8Array;
  readonly generation: number;
  readonly threshold: number;
  readonly shares: number;
}

/** Format number of the derivation context. */
const CONTEXT_FORMAT = 1;

/**
 * Coefficients that depend on the root key and the set only, so that the same set always has the same shards: one
 * pushed again, one kept on paper and one of a keeper that was away all fit together.
 *
 * HKDF-SHA-256, salt the set id, info the tuple (1, label, scheme, set id, generation, t, n, degree).
 * Secrecy is that of HKDF: fewer than t shards tell nothing to whoever cannot guess 256 random bits.
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

/** Fresh random coefficients: every split gives other shards, which never combine with those of another. */
export function randomCoefficients(random: RandomSource): CoefficientSource {
  return (_degree, length) => draw(random, length);
}
