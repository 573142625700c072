import assert from "node:assert/strict";
import { p256 } from "@noble/curves/nist.js";
import fc from "fast-check";
import { isScalar, P256_ORDER, readInteger, SCALAR_BYTES, writeScalar } from "./scalar.ts";

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const fromHex = (hex: string) => Uint8Array.fromHex(hex.padStart(64, "0"));

Deno.test("the order is that of the library's P-256", () => {
  assert.equal(P256_ORDER, p256.Point.Fn.ORDER);
  assert.equal(SCALAR_BYTES, p256.Point.Fn.BYTES);
});

Deno.test("integers are read and written as the library does, most significant byte first", () => {
  fc.assert(fc.property(bytes32.filter(isScalar), (bytes) => {
    assert.equal(readInteger(bytes), p256.Point.Fn.fromBytes(bytes));
    assert.deepEqual(writeScalar(readInteger(bytes)), bytes);
  }));
});

Deno.test("a view into a longer buffer is read at its own place", () => {
  const buffer = new Uint8Array(48).fill(0xff);
  buffer.subarray(8, 40).fill(0)[31] = 7;
  assert.equal(readInteger(buffer.subarray(8, 40)), 7n);
});

Deno.test("the order itself is the first that is no scalar", () => {
  const cases: [string, boolean][] = [
    ["", true],
    [(P256_ORDER - 1n).toString(16), true],
    [P256_ORDER.toString(16), false],
    [(P256_ORDER + 1n).toString(16), false],
    ["f".repeat(64), false],
  ];
  for (const [hex, expected] of cases) assert.equal(isScalar(fromHex(hex)), expected, hex);
  assert.equal(isScalar(new Uint8Array(31)), false);
  assert.equal(isScalar(new Uint8Array(33)), false);
});
