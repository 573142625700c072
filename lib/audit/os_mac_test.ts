import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { macUnder } from "./os_mac.ts";

Deno.test("a MAC is HMAC-SHA-256, cut to 16 bytes, for messages of every length", () => {
  const key = new Uint8Array(32).map((_, i) => i * 7);
  const mac = macUnder(key);
  for (let length = 0; length < 300; length++) {
    const message = new Uint8Array(length).fill(length);
    const whole = createHmac("sha256", key).update(message).digest();
    assert.deepEqual(mac(message), new Uint8Array(whole.subarray(0, 16)), `${length}`);
  }
});

Deno.test("a MAC does not follow a key that is wiped afterwards", () => {
  const key = new Uint8Array(32).fill(9);
  const mac = macUnder(key);
  const before = mac(Uint8Array.of(1));
  key.fill(0);
  assert.deepEqual(mac(Uint8Array.of(1)), before);
});
