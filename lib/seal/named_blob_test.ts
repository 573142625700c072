import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { encodeTuple } from "./tuple.ts";
import { BULK_THRESHOLD, gcmEncrypt } from "./gcm.ts";
import {
  CIPHER_HEADER_BYTES,
  decodeCipherHeader,
  encodeCipherHeader,
  hasCipherMagic,
  MAX_NAMED_VERSION,
} from "./cipher_header.ts";
import { NAMED_OVERHEAD, openNamed, readNamedHeader, sealNamed } from "./named_blob.ts";
import { osRandom } from "./os_random.ts";

interface Golden {
  key: string;
  keyId: string;
  nonce: string;
  blobs: { version: number; aad: string; text: string; blob: string }[];
}

const file = new URL("../../tests/golden/named_blob.json", import.meta.url);
const golden = JSON.parse(readFileSync(file, "utf8")) as Golden;
const bytes = Uint8Array.fromHex(golden.key);
const id = Uint8Array.fromHex(golden.keyId);
const KEY = { id, version: 7, bytes };
const text = (words: string) => new TextEncoder().encode(words);
const NOTHING = new Uint8Array(0);

Deno.test("blobs of named keys are frozen", async () => {
  const nonce = Uint8Array.fromHex(golden.nonce);
  for (const { version, aad, text: words, blob } of golden.blobs) {
    const header = encodeCipherHeader({ kind: "blob", keyId: id, version });
    const boundTo = encodeTuple([1, "cipher-blob", header, text(aad)]);
    const sealed = gcmEncrypt(bytes, nonce, text(words), boundTo);
    assert.equal(Uint8Array.of(...header, ...nonce, ...sealed).toHex(), blob);
    const read = Uint8Array.fromHex(blob);
    assert.deepEqual(readNamedHeader(read), { kind: "blob", keyId: id, version });
    assert.deepEqual(await openNamed(bytes, read, text(aad)), text(words));
  }
});

Deno.test("short and long plaintexts make the same kind of blob", async () => {
  for (const length of [0, 1, BULK_THRESHOLD - 1, BULK_THRESHOLD, 65_520]) {
    const plaintext = new Uint8Array(length).fill(length);
    const blob = await sealNamed(KEY, plaintext, text("place"), osRandom);
    assert.equal(blob.length, length + NAMED_OVERHEAD);
    assert.deepEqual(await openNamed(bytes, blob, text("place")), plaintext);
  }
});

Deno.test("every changed bit of a blob is noticed, its header's too", async () => {
  const blob = await sealNamed(KEY, text("hello"), text("place"), osRandom);
  for (let at = 0; at < blob.length * 8; at++) {
    const changed = blob.slice();
    changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7));
    await assert.rejects(openNamed(bytes, changed, text("place")), {
      code: "crypto_decryption_failed",
    });
  }
});

Deno.test("a blob opens with its own additional data only, and with its own key", async () => {
  const blob = await sealNamed(KEY, text("hello"), text("place"), osRandom);
  for (const aad of ["", "plac", "place ", "Place"]) {
    await assert.rejects(openNamed(bytes, blob, text(aad)), { code: "crypto_decryption_failed" });
  }
  await assert.rejects(openNamed(osRandom(32), blob, text("place")), {
    code: "crypto_decryption_failed",
  });
});

Deno.test("a blob cut anywhere is refused", async () => {
  const blob = await sealNamed(KEY, text("hello"), NOTHING, osRandom);
  for (let length = 0; length < blob.length; length++) {
    const cut = blob.slice(0, length);
    if (length < CIPHER_HEADER_BYTES) {
      assert.throws(() => readNamedHeader(cut), { code: "api_bad_request" });
    } else {
      await assert.rejects(openNamed(bytes, cut, NOTHING), { code: "crypto_decryption_failed" });
    }
  }
});

Deno.test("a header of one kind is not taken for one of the other", () => {
  for (const version of [1, 2 ** 31, MAX_NAMED_VERSION]) {
    const header = encodeCipherHeader({ kind: "stream", keyId: id, version });
    assert.deepEqual(decodeCipherHeader(header, "stream"), { kind: "stream", keyId: id, version });
    assert.throws(() => decodeCipherHeader(header, "blob"), /is of kind 2, expected 1/);
  }
  for (const version of [0, -1, 1.5, 2 ** 32]) {
    assert.throws(() => encodeCipherHeader({ kind: "blob", keyId: id, version }), TypeError);
  }
});

Deno.test("no blob of the default key looks as if it had a header", () => {
  for (let version = 1; version < 256; version++) {
    assert.equal(hasCipherMagic(Uint8Array.of(version, 0x53, 0x50, 0x4b)), false);
  }
  assert.equal(hasCipherMagic(encodeCipherHeader({ kind: "blob", keyId: id, version: 1 })), true);
  assert.equal(hasCipherMagic(Uint8Array.of(0)), false);
});
