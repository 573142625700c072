import { expand } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { wipe } from "./bytes.ts";
import { draw, type RandomSource } from "./random.ts";
import { encodeTuple } from "./tuple.ts";

/** What random bytes are made of. Any one source may fail or repeat itself, as long as another does not. */
export interface EntropySources {
  /** The operating system's generator, asked at the moment that the bytes are needed. */
  readonly system: RandomSource;
  /** The runtime's generator: seeded when the thread started, the same in every copy of its memory. */
  readonly runtime: RandomSource;
  /** Readings of clocks: what still differs when a machine is resumed twice from one snapshot. */
  readonly clocks: () => readonly number[];
}

const LABEL = "spike/v1/entropy";
const FORMAT = 1;
const SEED_BYTES = 32;
/** Most that HKDF-Expand gives (RFC 5869 section 2.3); what is longer is made of several seeds. */
const PIECE_BYTES = 255 * 32;

/**
 * A random source whose bytes are HKDF-Expand with SHA-256 (RFC 5869), under 32 fresh bytes of the system joined
 * with 32 of the runtime, of a count and the clocks. As long as one of the generators is unpredictable, so are
 * the bytes; where both repeat, count and clocks still make them others.
 */
export function mixedRandom(sources: EntropySources): RandomSource {
  let count = 0;
  return (length) => {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += PIECE_BYTES) {
      const piece = pieceOf(sources, count++, Math.min(PIECE_BYTES, length - at));
      bytes.set(piece, at);
      wipe(piece);
    }
    return bytes;
  };
}

function pieceOf(
  { system, runtime, clocks }: EntropySources,
  count: number,
  length: number,
): Uint8Array {
  // The runtime's first: it waits until the system's pool is seeded for the first time after start-up.
  const seeds = [draw(runtime, SEED_BYTES), draw(system, SEED_BYTES)] as const;
  const seed = new Uint8Array(2 * SEED_BYTES);
  seed.set(seeds[1]);
  seed.set(seeds[0], SEED_BYTES);
  const moment = new Uint8Array(new Float64Array(clocks()).buffer);
  try {
    return expand(sha256, seed, encodeTuple([FORMAT, LABEL, count, moment]), length);
  } finally {
    wipe(seed, ...seeds);
  }
}
