import assert from "node:assert/strict";
import { constantTimeEqual, requireLength, wipe } from "./bytes.ts";

Deno.test("wipe() zeroes every array and skips absent ones", () => {
  const a = Uint8Array.of(1, 2);
  const whole = Uint8Array.of(9, 9, 9);
  wipe(a, undefined, whole.subarray(1));
  assert.deepEqual(a, Uint8Array.of(0, 0));
  assert.deepEqual(whole, Uint8Array.of(9, 0, 0));
});

Deno.test("constantTimeEqual() looks at every byte and at the length", () => {
  const a = Uint8Array.from({ length: 32 }, (_, i) => i);
  assert.equal(constantTimeEqual(a, a.slice()), true);
  for (let i = 0; i < a.length; i++) {
    assert.equal(constantTimeEqual(a, a.with(i, 0x80 | i)), false, `byte ${i}`);
  }
  assert.equal(constantTimeEqual(a, a.subarray(0, 31)), false);
  assert.equal(constantTimeEqual(new Uint8Array(0), new Uint8Array(0)), true);
});

Deno.test("requireLength() names what is wrong and shows no content", () => {
  assert.throws(() => requireLength(Uint8Array.of(77, 77), 3, "Key"), {
    message: "Key is 2 bytes long, expected 3",
  });
  assert.throws(() => requireLength("abc" as unknown as Uint8Array, 3, "Key"), /not a byte array/);
});
