import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { deriveVerifyKey } from "./derive.ts";
import { gcmDecrypt, gcmEncrypt } from "./gcm.ts";
import { osRandom } from "./os_random.ts";
import { answerProbe, makeProbe } from "./probe.ts";

const ROOT = new Uint8Array(32).fill(0x42);
const VERIFY = deriveVerifyKey(ROOT, new Uint8Array(16).fill(9));
const KEYS = [VERIFY, ROOT];
const NONE = new Uint8Array(0);

Deno.test("a probe is 64 hex characters without AAD, and its hash is lower-case hex SHA-256", () => {
  const probe = makeProbe(ROOT, osRandom);
  const text = new TextDecoder().decode(gcmDecrypt(ROOT, probe.nonce, probe.ciphertext, NONE));
  assert.match(text, /^[0-9a-f]{64}$/);
  assert.equal(probe.expectedHash, createHash("sha256").update(text).digest("hex"));
});

Deno.test("both our probe and the original's are answered", () => {
  for (const key of KEYS) {
    const probe = makeProbe(key, osRandom);
    assert.equal(answerProbe(KEYS, probe.nonce, probe.ciphertext), probe.expectedHash);
  }
});

Deno.test("a probe under another root key or set id is not answered", () => {
  for (const key of [ROOT.with(0, 1), deriveVerifyKey(ROOT, new Uint8Array(16).fill(8))]) {
    const probe = makeProbe(key, osRandom);
    assert.equal(answerProbe(KEYS, probe.nonce, probe.ciphertext), undefined);
  }
});

Deno.test("nothing but probe text is answered", () => {
  const nonce = osRandom(12);
  for (const text of ["", "a".repeat(63), "a".repeat(65), "g".repeat(64), "a".repeat(63) + " "]) {
    const ciphertext = gcmEncrypt(ROOT, nonce, new TextEncoder().encode(text), NONE);
    assert.equal(answerProbe(KEYS, nonce, ciphertext), undefined, text);
  }
});

Deno.test("malformed probes are not answered", () => {
  const probe = makeProbe(ROOT, osRandom);
  assert.equal(answerProbe(KEYS, probe.nonce.subarray(1), probe.ciphertext), undefined);
  assert.equal(answerProbe(KEYS, probe.nonce, NONE), undefined);
  assert.equal(answerProbe(KEYS, probe.nonce, probe.ciphertext.subarray(1)), undefined);
  assert.equal(answerProbe([], probe.nonce, probe.ciphertext), undefined);
});
