import assert from "node:assert/strict";
import { invert, multiply } from "./gf256.ts";

/** The field once more, by powers of the generator 3 and their logarithms. */
const POWER: number[] = [];
const LOG: number[] = [];
let power = 1;
for (let exponent = 0; exponent < 255; exponent++) {
  POWER[exponent] = power;
  LOG[power] = exponent;
  power = power ^ (power << 1) ^ (power & 0x80 ? 0x11b : 0);
}
const byLogarithm = (a: number, b: number) =>
  a === 0 || b === 0 ? 0 : POWER[((LOG[a] ?? 0) + (LOG[b] ?? 0)) % 255];

Deno.test("products are those of FIPS 197 sections 4.2 and 4.2.1", () => {
  assert.equal(multiply(0x57, 0x83), 0xc1);
  assert.equal(multiply(0x57, 0x13), 0xfe);
  const doubled = [0x02, 0x04, 0x08, 0x10].map((b) => multiply(0x57, b));
  assert.deepEqual(doubled, [0xae, 0x47, 0x8e, 0x07]);
});

Deno.test("all 65,536 products agree with a second implementation by logarithms", () => {
  for (let a = 0; a < 256; a++) {
    for (let b = 0; b < 256; b++) {
      if (multiply(a, b) !== byLogarithm(a, b)) assert.fail(`${a} * ${b}`);
    }
  }
});

Deno.test("every non-zero byte times its inverse is one, and zero gives zero", () => {
  assert.equal(invert(0), 0);
  for (let a = 1; a < 256; a++) assert.equal(multiply(a, invert(a)), 1, `${a}`);
});

Deno.test("inverses give the first row of the S-box of FIPS 197 section 5.1.1", () => {
  const rotate = (x: number, by: number) => ((x << by) | (x >> (8 - by))) & 0xff;
  const sbox = (a: number) => {
    const x = invert(a);
    return x ^ rotate(x, 1) ^ rotate(x, 2) ^ rotate(x, 3) ^ rotate(x, 4) ^ 0x63;
  };
  const row = Uint8Array.from({ length: 16 }, (_, i) => sbox(i));
  assert.equal(row.toHex(), "637c777bf26b6fc53001672bfed7ab76");
  assert.equal(sbox(0x53), 0xed);
});
