import assert from "node:assert/strict";
import {
  deriveBytes,
  deriveKey,
  deriveStorageKey,
  deriveVerifyKey,
  keyCheckValue,
  LABEL,
  labelText,
  matchesKeyCheck,
} from "./derive.ts";

const ROOT = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
const SALT = new Uint8Array(16).fill(0xa5);

/** The same derivation by the runtime's own HKDF (RFC 5869). */
async function webHkdf(info: string, length: number): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey("raw", ROOT, "HKDF", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits(
    { name: "HKDF", hash: "SHA-256", salt: SALT, info: new TextEncoder().encode(info) },
    key,
    length * 8,
  );
  return new Uint8Array(bits);
}

Deno.test("every label gives what another HKDF gives for spike/v1/<label>", async () => {
  for (const label of Object.values(LABEL)) {
    assert.deepEqual(deriveKey(ROOT, SALT, label), await webHkdf(`spike/v1/${label}`, 32), label);
  }
});

Deno.test("other lengths follow RFC 5869 too", async () => {
  assert.deepEqual(
    deriveKey(ROOT, SALT, LABEL.stream, 80),
    await webHkdf("spike/v1/cipher/stream", 80),
  );
});

Deno.test("labels, salts and roots all change the key", () => {
  const other = (bytes: Uint8Array) => bytes.with(0, 0xff);
  const keys = [
    ...Object.values(LABEL).map((label) => deriveKey(ROOT, SALT, label)),
    deriveKey(other(ROOT), SALT, LABEL.check),
    deriveKey(ROOT, other(SALT), LABEL.check),
  ].map((key) => key.toHex());
  assert.equal(new Set(keys).size, keys.length);
  assert.ok(!keys.includes(ROOT.toHex()));
});

Deno.test("labels are distinct and live under one prefix", () => {
  const texts = Object.values(LABEL).map(labelText);
  assert.equal(new Set(texts).size, texts.length);
  assert.ok(texts.every((text) => text.startsWith("spike/v1/")));
});

Deno.test("a root key of another length and a short salt are refused without showing them", () => {
  const secret = new Uint8Array(31).fill(0x77);
  assert.throws(() => deriveKey(secret, SALT, LABEL.check), {
    name: "TypeError",
    message: "Key to derive from is 31 bytes long, expected 32",
  });
  assert.throws(() => deriveBytes(ROOT, new Uint8Array(8), new Uint8Array(1), 32), /at least 16/);
  assert.throws(() => deriveStorageKey(ROOT, new Uint8Array(32)), /Store id/);
  assert.throws(() => deriveVerifyKey(ROOT, new Uint8Array(15)), /Set id/);
});

Deno.test("the key check accepts its own key and no other", () => {
  const check = keyCheckValue(ROOT, SALT);
  assert.equal(matchesKeyCheck(ROOT, SALT, check), true);
  for (let bit = 0; bit < 256; bit++) {
    const wrong = ROOT.slice();
    wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.equal(matchesKeyCheck(wrong, SALT, check), false, `bit ${bit}`);
  }
  assert.equal(matchesKeyCheck(ROOT, SALT.with(15, 0), check), false);
  assert.equal(matchesKeyCheck(ROOT, SALT, check.subarray(0, 31)), false);
  assert.equal(matchesKeyCheck(ROOT, SALT, new Uint8Array(0)), false);
});

Deno.test("keys in shared memory derive the same", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(40), 3, 32);
  shared.set(ROOT);
  assert.deepEqual(deriveStorageKey(shared, SALT), deriveStorageKey(ROOT, SALT));
});
