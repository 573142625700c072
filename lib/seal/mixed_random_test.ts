import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { type EntropySources, mixedRandom } from "./mixed_random.ts";
import { newKey } from "./keyring.ts";

const stuck = (byte: number) => (length: number) => new Uint8Array(length).fill(byte);

/** Sources that all stand still, but for those given. */
function still(change: Partial<EntropySources> = {}): EntropySources {
  return { system: stuck(1), runtime: stuck(2), clocks: () => [1000, 1.5], ...change };
}

/** A source that gives other bytes each time. */
function counting(): (length: number) => Uint8Array {
  let draws = 0;
  return (length) => new Uint8Array(length).fill(++draws);
}

Deno.test("while one source differs, so do the bytes, whatever the others do", () => {
  const sources: Partial<EntropySources>[] = [
    {},
    { system: stuck(9) },
    { runtime: stuck(9) },
    { clocks: () => [1001, 1.5] },
    { clocks: () => [1000, 1.25] },
    // The same bytes in the place of the other source.
    { system: stuck(2), runtime: stuck(1) },
  ];
  const keys = sources.map((change) => newKey(mixedRandom(still(change))).toHex());
  assert.equal(new Set(keys).size, sources.length);
});

Deno.test("a thousand keys of sources that all stand still differ by the count", () => {
  const random = mixedRandom(still());
  const keys = Array.from({ length: 1000 }, () => newKey(random).toHex());
  assert.equal(new Set(keys).size, 1000);
});

Deno.test("with everything the same, the count included, the bytes are the same", () => {
  assert.deepEqual(newKey(mixedRandom(still())), newKey(mixedRandom(still())));
});

Deno.test("each draw asks both generators anew for 32 bytes, and wipes them", () => {
  const drawn: Uint8Array[] = [];
  const watched = (length: number) => {
    const bytes = stuck(3)(length);
    drawn.push(bytes);
    return bytes;
  };
  const random = mixedRandom(still({ system: watched, runtime: watched }));
  random(12);
  random(16);
  assert.deepEqual(drawn, Array.from({ length: 4 }, () => new Uint8Array(32)));
});

Deno.test("a generator that gives zeros or too little ends the draw", () => {
  for (const broken of ["system", "runtime"] as const) {
    const zeros = mixedRandom(still({ [broken]: (length: number) => new Uint8Array(length) }));
    assert.throws(() => zeros(16), /zero bytes/);
    const short = mixedRandom(still({ [broken]: () => new Uint8Array(5) }));
    assert.throws(() => short(16), /5 bytes, expected 32/);
  }
});

Deno.test("every length is given, without repetition inside", () => {
  const random = mixedRandom(still({ system: counting() }));
  for (const length of [0, 1, 31, 32, 33, 8160, 8161, 65_536]) {
    const bytes = random(length);
    assert.equal(bytes.length, length);
    const blocks = Array.from(
      { length: Math.floor(length / 32) },
      (_, i) => bytes.subarray(i * 32, i * 32 + 32).toHex(),
    );
    assert.equal(new Set(blocks).size, blocks.length);
  }
});

Deno.test("the bytes are HKDF-Expand of both seeds, as another implementation computes it", () => {
  const numbers = new Uint8Array(new Float64Array([0, 1000, 1.5]).buffer);
  const info = Uint8Array.of(...new TextEncoder().encode("spike/v1/entropy"), ...numbers);
  const seed = Uint8Array.of(...stuck(1)(32), ...stuck(2)(32));
  assert.equal(mixedRandom(still())(32).toHex(), expand(seed, info));
});

/** HKDF-Expand, by way of HMAC, for up to 32 bytes. */
function expand(seed: Uint8Array, info: Uint8Array): string {
  return createHmac("sha256", seed).update(info).update(Uint8Array.of(1)).digest("hex");
}
