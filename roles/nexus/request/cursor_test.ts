import assert from "node:assert/strict";
import { LockedKeyring, ordinarySlots, osRandom } from "../../../lib/seal/mod.ts";
import { openCursor, sealCursor } from "./cursor.ts";

function keyring() {
  const ring = new LockedKeyring(ordinarySlots(2), new Uint8Array(16));
  ring.put(1, new Uint8Array(32).fill(1));
  ring.use(1);
  return ring;
}

Deno.test("a listing goes on after nothing, after a path, and where a sealed place says", () => {
  const ring = keyring();
  assert.equal(openCursor(ring, ""), "");
  assert.equal(openCursor(ring, "tenants/acme"), "tenants/acme");
  const sealed = sealCursor(ring, "tenants/other", osRandom);
  assert.doesNotMatch(sealed, /tenants/);
  assert.equal(openCursor(ring, sealed), "tenants/other");
});

Deno.test("what is no path and no sealed place is refused", () => {
  const sealed = sealCursor(keyring(), "tenants/other", osRandom);
  const wrong = ["\0", "a\0b", "\u00e9", "a".repeat(501), "~", "~1.AAAA", "~9.AAAA", `${sealed}A`];
  for (const after of wrong) {
    assert.throws(() => openCursor(keyring(), after), { code: "api_bad_request" }, after);
  }
});
