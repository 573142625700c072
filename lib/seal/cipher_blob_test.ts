import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { open } from "./aead.ts";
import { decryptUnder, encryptUnder, joinBlob, splitBlob } from "./cipher_blob.ts";
import { BULK_THRESHOLD, gcmEncrypt } from "./gcm.ts";
import { osRandom } from "./os_random.ts";

interface Golden {
  key: string;
  nonce: string;
  blobs: { version: number; text: string; blob: string }[];
}

const file = new URL("../../tests/golden/cipher_blob.json", import.meta.url);
const golden = JSON.parse(readFileSync(file, "utf8")) as Golden;
const bytes = Uint8Array.fromHex(golden.key);
const KEY = { version: 1, bytes };
const NONCE = Uint8Array.fromHex(golden.nonce);
const text = (words: string) => new TextEncoder().encode(words);
const NO_AAD = new Uint8Array(0);

Deno.test("blobs are frozen", async () => {
  for (const { version, text: words, blob } of golden.blobs) {
    const ciphertext = gcmEncrypt(bytes, NONCE, text(words), NO_AAD);
    assert.equal(joinBlob({ version, nonce: NONCE, ciphertext }).toHex(), blob);
    const read = splitBlob(Uint8Array.fromHex(blob));
    assert.equal(read.version, version);
    assert.deepEqual(await decryptUnder(bytes, read), text(words));
  }
});

Deno.test("a blob of version 1 is what seal() writes without AAD", async () => {
  const blob = joinBlob(await encryptUnder(KEY, text("hello"), osRandom));
  assert.deepEqual(open(bytes, blob, NO_AAD), text("hello"));
});

Deno.test("short and long plaintexts make the same kind of blob", async () => {
  for (const length of [0, 1, BULK_THRESHOLD - 1, BULK_THRESHOLD, 65_520]) {
    const plaintext = new Uint8Array(length).fill(length);
    const blob = joinBlob(await encryptUnder(KEY, plaintext, osRandom));
    assert.equal(blob.length, length + 29);
    assert.deepEqual(open(bytes, blob, NO_AAD), plaintext);
    assert.deepEqual(await decryptUnder(bytes, splitBlob(blob)), plaintext);
  }
});

Deno.test("every changed bit of nonce, ciphertext or tag is noticed", async () => {
  const blob = joinBlob(await encryptUnder(KEY, text("hello"), osRandom));
  for (let at = 1; at < blob.length; at++) {
    const changed = blob.slice();
    changed[at] = (changed[at] ?? 0) ^ 1;
    await assert.rejects(decryptUnder(bytes, splitBlob(changed)), {
      code: "crypto_decryption_failed",
    });
  }
});

Deno.test("a blob too short for its tag does not open, one of no byte has no version", async () => {
  for (const length of [13, 28]) {
    const short = splitBlob(new Uint8Array(length).fill(1));
    await assert.rejects(decryptUnder(bytes, short), { code: "crypto_decryption_failed" });
  }
  assert.equal(splitBlob(new Uint8Array(12)).nonce.length, 11);
  assert.throws(() => splitBlob(new Uint8Array(0)), { code: "crypto_failed_to_read_version" });
});

Deno.test("no nonce is used twice", async () => {
  const seen = new Set<string>();
  for (let i = 0; i < 500; i++) {
    seen.add((await encryptUnder(KEY, NO_AAD, osRandom)).nonce.toHex());
  }
  assert.equal(seen.size, 500);
});

Deno.test("a version that one byte cannot hold makes no blob", async () => {
  const encrypted = await encryptUnder(KEY, NO_AAD, osRandom);
  for (const version of [0, 256]) assert.throws(() => joinBlob({ ...encrypted, version }));
});
