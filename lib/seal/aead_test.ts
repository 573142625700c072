import assert from "node:assert/strict";
import fc from "fast-check";
import { open, openBulk, seal, SEAL_OVERHEAD, sealBulk } from "./aead.ts";
import { gcmEncrypt } from "./gcm.ts";
import { osRandom } from "./os_random.ts";

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
const AAD = new TextEncoder().encode("here");
const NONCE = Uint8Array.fromHex("d0d1d2d3d4d5d6d7d8d9dadb");
const fixed = (length: number) => new Uint8Array(length).fill(7);
const refused = { name: "SpikeError", code: "crypto_decryption_failed" };

Deno.test("what was sealed opens again, in place and in bulk alike", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.uint8Array(), async (text, aad) => {
      const sealed = seal(KEY, text, aad, osRandom);
      assert.equal(sealed.length, text.length + SEAL_OVERHEAD);
      assert.deepEqual(open(KEY, sealed, aad), text);
      assert.deepEqual(await openBulk(KEY, sealed, aad), text);
      assert.deepEqual(open(KEY, await sealBulk(KEY, text, aad, osRandom), aad), text);
    }),
    { numRuns: 50 },
  );
});

Deno.test("both ways of sealing write the same bytes", async () => {
  for (const length of [0, 1, 15, 16, 17, 2047, 2048, 4095, 8191, 8192, 70000]) {
    const text = new Uint8Array(length).fill(length);
    assert.deepEqual(await sealBulk(KEY, text, AAD, fixed), seal(KEY, text, AAD, fixed));
  }
});

Deno.test("sealing without AAD is the blob of the original cipher service", () => {
  const blob = "01d0d1d2d3d4d5d6d7d8d9dadbbaa5aea2e7f109f00c70c1c320dda200405bad6673";
  const hello = new TextEncoder().encode("hello");
  const ciphertext = gcmEncrypt(KEY, NONCE, hello, new Uint8Array(0));
  assert.equal(Uint8Array.of(1, ...NONCE, ...ciphertext).toHex(), blob);
  assert.deepEqual(open(KEY, Uint8Array.fromHex(blob), new Uint8Array(0)), hello);
});

Deno.test("changing any byte, cutting or lengthening is refused", async () => {
  const sealed = seal(KEY, Uint8Array.of(1, 2, 3), AAD, osRandom);
  const bad = [
    ...sealed.keys().map((i) => sealed.with(i, (sealed[i] ?? 0) ^ 1)),
    ...sealed.keys().map((length) => sealed.subarray(0, length)),
    Uint8Array.of(...sealed, 0),
  ];
  for (const bytes of bad) {
    assert.throws(() => open(KEY, bytes, AAD), refused);
    await assert.rejects(openBulk(KEY, bytes, AAD), refused);
  }
});

Deno.test("another key or another AAD is refused", async () => {
  const sealed = seal(KEY, Uint8Array.of(1), AAD, osRandom);
  const cases: [Uint8Array, Uint8Array][] = [
    [KEY.with(31, 0), AAD],
    [KEY, AAD.with(0, 0)],
    [KEY, new Uint8Array(0)],
    [KEY, AAD.subarray(1)],
  ];
  for (const [key, aad] of cases) {
    assert.throws(() => open(key, sealed, aad), refused);
    await assert.rejects(openBulk(key, sealed, aad), refused);
  }
});

Deno.test("an unknown format is named", () => {
  const sealed = seal(KEY, Uint8Array.of(1), AAD, osRandom).with(0, 2);
  assert.throws(() => open(KEY, sealed, AAD), {
    ...refused,
    message: "Sealed bytes have format 2, expected 1",
  });
});

Deno.test("each sealing draws a nonce of its own", () => {
  const nonces = Array.from(
    { length: 100 },
    () => seal(KEY, AAD, AAD, osRandom).subarray(1, 13).toHex(),
  );
  assert.equal(new Set(nonces).size, 100);
});

Deno.test("a broken random source is a crash, not a weak nonce", () => {
  assert.throws(() => seal(KEY, AAD, AAD, (n) => new Uint8Array(n)), /zero bytes/);
  assert.throws(() => seal(KEY, AAD, AAD, (n) => osRandom(n - 1)), /31 bytes, expected 32/);
});

Deno.test("a key of another length is refused", async () => {
  for (const length of [0, 16, 24, 31, 33]) {
    const key = new Uint8Array(length);
    assert.throws(() => seal(key, AAD, AAD, osRandom), TypeError);
    assert.throws(() => open(key, new Uint8Array(40).with(0, 1), AAD), TypeError);
    await assert.rejects(sealBulk(key, AAD, AAD, osRandom), TypeError);
  }
});

Deno.test("key, text, AAD and sealed bytes may lie in shared memory at any offset", async () => {
  const share = (bytes: Uint8Array, at: number) => {
    const view = new Uint8Array(new SharedArrayBuffer(bytes.length + at), at);
    view.set(bytes);
    return view;
  };
  const text = new Uint8Array(5000).fill(3);
  const key = share(KEY, 5);
  const aad = share(AAD, 1);
  const expected = seal(KEY, text, AAD, fixed);
  assert.deepEqual(seal(key, share(text, 3), aad, fixed), expected);
  assert.deepEqual(await sealBulk(key, share(text, 3), aad, fixed), expected);
  assert.deepEqual(open(key, share(expected, 2), aad), text);
  assert.deepEqual(await openBulk(key, share(expected, 2), aad), text);
});

Deno.test("inputs are left as they were", async () => {
  const text = Uint8Array.of(1, 2, 3);
  const key = KEY.slice();
  const sealed = seal(key, text, AAD, osRandom);
  const before = sealed.slice();
  open(key, sealed, AAD);
  await sealBulk(key, text, AAD, osRandom);
  await openBulk(key, sealed, AAD);
  assert.deepEqual([key, text, sealed], [KEY, Uint8Array.of(1, 2, 3), before]);
});
