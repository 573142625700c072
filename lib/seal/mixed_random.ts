import { expand } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { wipe } from "../bytes/bytes.ts";
import { draw, type RandomSource } from "./random.ts";

/** Sources of random bytes. One source may fail or repeat itself as long as another does not. */
export interface EntropySources {
  /** The operating system's generator, read when the bytes are needed. */
  readonly system: RandomSource;
  /** The runtime's generator: seeded when the thread started, identical in every copy of its memory. */
  readonly runtime: RandomSource;
  /** Readings of clocks, which still differ when a machine is resumed twice from one snapshot. */
  readonly clocks: () => readonly number[];
}

const LABEL = new TextEncoder().encode("spike/v1/entropy");
const SEED_BYTES = 32;
/** Most output of one HKDF-Expand (RFC 5869 section 2.3); longer output uses several seeds. */
const PIECE_BYTES = 255 * 32;

/**
 * A random source: HKDF-Expand with SHA-256 (RFC 5869), keyed with 32 fresh bytes of the system and 32 of the runtime; the
 * info is a counter and the clocks. The output is unpredictable if one of the generators is; if both repeat, counter and
 * clocks still make it differ.
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
  // The runtime's generator first: it blocks until the system's pool is seeded after boot.
  pour(seed, SEED_BYTES, draw(runtime, SEED_BYTES));
  pour(seed, 0, draw(system, SEED_BYTES));
  try {
    return expand(sha256, seed, infoOf(count, clocks()), length);
  } finally {
    wipe(seed);
  }
}

/** Label, counter and readings, each number as the eight bytes of a double; a counter stays exact up to 2^53. */
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
