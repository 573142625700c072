import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import fc from "fast-check";
import { open, seal, sealBulk } from "./aead.ts";
import { encryptUnder } from "./cipher_blob.ts";
import { CIPHER_HEADER_BYTES } from "./cipher_header.ts";
import { sealStream, STREAM_HEAD_BYTES } from "./cipher_stream.ts";
import { hedgedNonce, hedgedNonceBulk } from "./hedge.ts";
import { mixedRandom } from "./mixed_random.ts";
import { sealNamed } from "./named_blob.ts";
import { osRandom } from "./os_random.ts";
import { encodeTuple } from "./tuple.ts";

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
const AAD = new TextEncoder().encode("place");
const NONE = new Uint8Array(0);
const text = (words: string) => new TextEncoder().encode(words);

/** A generator that gives the same bytes for ever. */
const stuck = (length: number) => new Uint8Array(length).fill(7);

/** What everybody draws from, on a machine whose generators and clock stand still since it was resumed. */
const resumed = () => mixedRandom({ system: stuck, runtime: stuck, clocks: () => [1, 2] });

/** Lengths on both sides of an edge. */
const around = (edge: number) => fc.integer({ min: edge - 8, max: edge + 8 });

/** Short and long plaintexts, many of them alike. */
const plaintexts = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.tuple(fc.oneof(...[2048, 8192].map(around)), fc.nat(3)).map(([length, byte]) =>
    new Uint8Array(length).fill(byte)
  ),
);
const inputs = fc.record({ plaintext: plaintexts, aad: fc.uint8Array({ maxLength: 8 }) });

/** All ways to seal, each under a generator of its own that is in the same state; the nonce that was used. */
const WAYS: Record<string, (plaintext: Uint8Array, aad: Uint8Array) => Promise<Uint8Array>> = {
  seal: (plaintext, aad) => Promise.resolve(seal(KEY, plaintext, aad, resumed()).slice(1, 13)),
  sealBulk: async (plaintext, aad) => (await sealBulk(KEY, plaintext, aad, resumed())).slice(1, 13),
  encryptUnder: async (plaintext, aad) =>
    (await encryptUnder({ version: 1, bytes: KEY }, plaintext, resumed(), aad)).nonce,
  sealNamed: async (plaintext, aad) => {
    const key = { id: new Uint8Array(16).fill(1), version: 1, bytes: KEY };
    const blob = await sealNamed(key, plaintext, aad, resumed());
    return blob.slice(CIPHER_HEADER_BYTES, CIPHER_HEADER_BYTES + 12);
  },
};

for (const [way, nonceOf] of Object.entries(WAYS)) {
  Deno.test(`${way}: where generators, count and clock repeat, other inputs still have another nonce`, async () => {
    await fc.assert(
      fc.asyncProperty(inputs, inputs, async (a, b) => {
        const isSame = Object.keys(a).every((member) =>
          a[member as "aad"].toHex() === b[member as "aad"].toHex()
        );
        const [one, other] = [
          await nonceOf(a.plaintext, a.aad),
          await nonceOf(b.plaintext, b.aad),
        ];
        assert.equal(one.toHex() === other.toHex(), isSame);
      }),
      { numRuns: 300 },
    );
  });
}

Deno.test("a thousand plaintexts one byte or one length apart never share a nonce", async () => {
  const seen = new Set<string>();
  for (let i = 0; i < 250; i++) {
    for (const plaintext of [Uint8Array.of(i), new Uint8Array(i + 1), new Uint8Array(3000 + i)]) {
      seen.add(seal(KEY, plaintext, AAD, stuck).slice(1, 13).toHex());
    }
    const long = new Uint8Array(5000);
    long[i * 20] = 1;
    seen.add((await hedgedNonceBulk(KEY, long, AAD, stuck)).toHex());
  }
  // Uint8Array.of(0) and new Uint8Array(1) are one plaintext.
  assert.equal(seen.size, 999);
});

Deno.test("what moves between plaintext and additional data changes the nonce", () => {
  const long = new Uint8Array(3000).fill(1);
  const digest = new Uint8Array(createHash("sha256").update(long).digest());
  const pairs: [Uint8Array, Uint8Array][] = [
    [text("ab"), text("c")],
    [text("a"), text("bc")],
    [text("abc"), NONE],
    [NONE, text("abc")],
    [long, NONE],
    [digest, NONE],
    [NONE, digest],
  ];
  const nonces = pairs.map(([plaintext, aad]) => hedgedNonce(KEY, plaintext, aad, stuck).toHex());
  assert.equal(new Set(nonces).size, pairs.length);
});

Deno.test("the same inputs with the same randomness give the same bytes, which tell nothing new", async () => {
  const once = seal(KEY, text("value"), AAD, stuck);
  assert.deepEqual(seal(KEY, text("value"), AAD, stuck), once);
  assert.deepEqual(await sealBulk(KEY, text("value"), AAD, stuck), once);
  assert.deepEqual(open(KEY, once, AAD), text("value"));
});

Deno.test("a nonce depends on the key, and on the fresh bytes", () => {
  const nonce = hedgedNonce(KEY, text("value"), AAD, stuck).toHex();
  assert.notEqual(hedgedNonce(KEY.with(0, 9), text("value"), AAD, stuck).toHex(), nonce);
  const other = (length: number) => stuck(length).with(31, 8);
  assert.notEqual(hedgedNonce(KEY, text("value"), AAD, other).toHex(), nonce);
});

Deno.test("a nonce is the first 96 bits of the HMAC that the decision record names", async () => {
  const label = text("spike/v1/hedge/nonce");
  const own = createHmac("sha256", KEY).update(label).update(Uint8Array.of(1)).digest();
  for (const length of [0, 5, 2047, 2048, 8191, 8192, 9000]) {
    const plaintext = new Uint8Array(length).fill(3);
    const content = length < 2048
      ? plaintext
      : new Uint8Array(createHash("sha256").update(plaintext).digest());
    const message = encodeTuple([1, stuck(32), AAD, length, content]);
    const expected = createHmac("sha256", own).update(message).digest("hex").slice(0, 24);
    assert.equal((await hedgedNonceBulk(KEY, plaintext, AAD, stuck)).toHex(), expected);
    assert.equal(hedgedNonce(KEY, plaintext, AAD, stuck).toHex(), expected);
  }
});

Deno.test("the fresh bytes are drawn for each nonce, and wiped", () => {
  const drawn: Uint8Array[] = [];
  const watched = (length: number) => {
    const bytes = osRandom(length);
    drawn.push(bytes);
    return bytes;
  };
  for (let i = 0; i < 3; i++) seal(KEY, text("value"), AAD, watched);
  assert.deepEqual(drawn, [0, 0, 0].map(() => new Uint8Array(32)));
});

Deno.test("streams under other additional data, headers or keys have another salt even where the generator repeats", () => {
  const keyId = new Uint8Array(16);
  const saltOf = (change: { version?: number; bytes?: Uint8Array; aad?: Uint8Array }) => {
    const { version = 1, bytes = KEY, aad = AAD } = change;
    const sealer = sealStream({ keyId, version, bytes }, aad, resumed());
    sealer.close();
    return sealer.head.slice(CIPHER_HEADER_BYTES, STREAM_HEAD_BYTES).toHex();
  };
  const salts = [{}, { version: 2 }, { bytes: KEY.with(0, 9) }, { aad: NONE }].map(saltOf);
  assert.equal(new Set(salts).size, 4);
  assert.equal(saltOf({}), salts[0]);
});
