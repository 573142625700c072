import { expand } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { wipe } from "../bytes/bytes.ts";
import { draw, type RandomSource } from "./random.ts";

/** What random bytes are made of. Any one source may fail or repeat itself, as long as another does not. */
export interface EntropySources {
  /** The operating system's generator, asked at the moment that the bytes are needed. */
  readonly system: RandomSource;
  /** The runtime's generator: seeded when the thread started, the same in every copy of its memory. */
  readonly runtime: RandomSource;
  /** Readings of clocks: what still differs when a machine is resumed twice from one snapshot. */
  readonly clocks: () => readonly number[];
}

const LABEL = new TextEncoder().encode("spike/v1/entropy");
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
  const seed = new Uint8Array(2 * SEED_BYTES);
  // The runtime's first: it waits until the system's pool is seeded for the first time after start-up.
  pour(seed, SEED_BYTES, draw(runtime, SEED_BYTES));
  pour(seed, 0, draw(system, SEED_BYTES));
  try {
    return expand(sha256, seed, infoOf(count, clocks()), length);
  } finally {
    wipe(seed);
  }
}

/** Label, count and readings, each number as the eight bytes of a double: a count stays exact up to 2^53. */
function infoOf(count: number, readings: readonly number[]): Uint8Array {
  const numbers = new Uint8Array(new Float64Array([count, ...readings]).buffer);
  const info = new Uint8Array(LABEL.length + numbers.length);
  info.set(LABEL);
  info.set(numbers, LABEL.length);
  return info;
}

function pour(into: Uint8Array, at: number, bytes: Uint8Array): void {
  into.set(bytes, at);
  wipe(bytes);
}
