import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { nativeHash } from "./os_hash.ts";

Deno.test("the hash is SHA-256 for every length, and an earlier one is not changed by a later", () => {
  const first = nativeHash(Uint8Array.of(1));
  const copy = first.slice();
  for (let length = 0; length < 300; length++) {
    const bytes = new Uint8Array(length).fill(length);
    const expected = createHash("sha256").update(bytes).digest("hex");
    assert.equal(nativeHash(bytes).toHex(), expected, `${length}`);
  }
  assert.deepEqual(first, copy);
});
