import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Chunker } from "./chunker.ts";
import {
  CHUNK_BYTES,
  openedLength,
  openStream,
  readStreamHead,
  SEALED_CHUNK_BYTES,
  sealedLength,
  sealStream,
  sealStreamSalted,
  STREAM_HEAD_BYTES,
} from "./cipher_stream.ts";
import { osRandom } from "./os_random.ts";

interface Golden {
  key: string;
  keyId: string;
  salt: string;
  streams: { version: number; aad: string; length: number; stream?: string; sha256: string }[];
}

const file = new URL("../../tests/golden/cipher_stream.json", import.meta.url);
const golden = JSON.parse(readFileSync(file, "utf8")) as Golden;
const bytes = Uint8Array.fromHex(golden.key);
const keyId = Uint8Array.fromHex(golden.keyId);
const text = (words: string) => new TextEncoder().encode(words);
const AAD = text("place");
/** Lengths on both sides of every edge. */
const LENGTHS = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 150_000];

/** Plaintext of a length, the same every time. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
}

async function seal(
  plaintext: Uint8Array,
  options: { aad?: Uint8Array; version?: number; salt?: Uint8Array } = {},
): Promise<Uint8Array> {
  const { aad = AAD, version = 3, salt } = options;
  const key = { keyId, version, bytes };
  const sealer = salt ? sealStreamSalted(key, aad, salt) : sealStream(key, aad, osRandom);
  const parts = [sealer.head];
  const chunker = new Chunker(CHUNK_BYTES);
  for (const piece of chunker.push(plaintext)) parts.push(await sealer.next(piece.bytes, false));
  parts.push(await sealer.next(chunker.end().bytes, true));
  sealer.close();
  return joined(parts);
}

async function open(
  stream: Uint8Array,
  aad = AAD,
  key: Uint8Array = bytes,
): Promise<Uint8Array> {
  const head = stream.slice(0, STREAM_HEAD_BYTES);
  readStreamHead(head);
  const opener = openStream(key, head, aad);
  const parts = [];
  const chunker = new Chunker(SEALED_CHUNK_BYTES);
  for (const piece of chunker.push(stream.subarray(STREAM_HEAD_BYTES))) {
    parts.push(await opener.next(piece.bytes, false));
  }
  parts.push(await opener.next(chunker.end().bytes, true));
  opener.close();
  return joined(parts);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Head and sealed chunks of a stream. */
function takenApart(stream: Uint8Array): [head: Uint8Array, ...chunks: Uint8Array[]] {
  const chunks = [];
  for (let at = STREAM_HEAD_BYTES; at < stream.length; at += SEALED_CHUNK_BYTES) {
    chunks.push(stream.slice(at, at + SEALED_CHUNK_BYTES));
  }
  return [stream.slice(0, STREAM_HEAD_BYTES), ...chunks];
}

const refused = async (stream: Uint8Array, what: string) => {
  await assert.rejects(open(stream), { code: "crypto_decryption_failed" }, what);
};

Deno.test("streams are frozen", async () => {
  for (const { version, aad, length, stream, sha256 } of golden.streams) {
    const salt = Uint8Array.fromHex(golden.salt);
    const sealed = await seal(pattern(length), { version, aad: text(aad), salt });
    if (stream !== undefined) assert.equal(sealed.toHex(), stream);
    assert.equal(createHash("sha256").update(sealed).digest("hex"), sha256);
    assert.deepEqual(await open(sealed, text(aad)), pattern(length));
  }
});

Deno.test("every length comes back, and makes a stream of the length that is foretold", async () => {
  for (const length of LENGTHS) {
    const stream = await seal(pattern(length));
    assert.equal(stream.length, sealedLength(length));
    assert.equal(openedLength(stream.length), length);
    assert.deepEqual(await open(stream), pattern(length));
  }
  for (const length of [0, STREAM_HEAD_BYTES, STREAM_HEAD_BYTES + 15]) {
    assert.equal(openedLength(length), undefined);
  }
  // A last chunk with nothing but a tag, behind a full one.
  assert.equal(openedLength(STREAM_HEAD_BYTES + SEALED_CHUNK_BYTES + 16), undefined);
});

Deno.test("a stream cut at any chunk's edge, or near it, is refused", async () => {
  const stream = await seal(pattern(3 * CHUNK_BYTES));
  for (let chunk = 0; chunk <= 3; chunk++) {
    const edge = STREAM_HEAD_BYTES + chunk * SEALED_CHUNK_BYTES;
    for (const at of [edge - 17, edge - 16, edge - 1, edge, edge + 1, edge + 15, edge + 16]) {
      if (at < STREAM_HEAD_BYTES || at >= stream.length) continue;
      await refused(stream.slice(0, at), `cut at ${at}`);
    }
  }
  for (const at of [0, 1, STREAM_HEAD_BYTES - 1]) {
    assert.throws(() => readStreamHead(stream.slice(0, at)), { code: "api_bad_request" });
  }
});

Deno.test("what is added behind the end is refused", async () => {
  for (const length of [0, 5, CHUNK_BYTES, 2 * CHUNK_BYTES]) {
    const stream = await seal(pattern(length));
    for (const more of [1, 16, 17, SEALED_CHUNK_BYTES]) {
      await refused(joined([stream, new Uint8Array(more)]), `${more} behind ${length}`);
    }
  }
});

Deno.test("chunks moved, dropped, repeated or taken from another stream are refused", async () => {
  const plaintext = pattern(4 * CHUNK_BYTES + 9);
  const [head, a, b, c, d, last] = takenApart(await seal(plaintext)) as Uint8Array[];
  const [otherHead, , otherB] = takenApart(await seal(plaintext)) as Uint8Array[];
  const table: Record<string, (Uint8Array | undefined)[]> = {
    "two exchanged": [head, b, a, c, d, last],
    "the first dropped": [head, b, c, d, last],
    "one dropped": [head, a, c, d, last],
    "the last dropped": [head, a, b, c, d],
    "one repeated": [head, a, a, b, c, d, last],
    "the last repeated": [head, a, b, c, d, last, last],
    "the last in front": [head, last, a, b, c, d],
    "one of another stream": [head, a, otherB, c, d, last],
    "the head of another stream": [otherHead, a, b, c, d, last],
    "none at all": [head],
  };
  for (const [what, parts] of Object.entries(table)) {
    await refused(joined(parts as Uint8Array[]), what);
  }
});

Deno.test("every changed byte of the head is noticed, and some of every chunk", async () => {
  const stream = await seal(pattern(CHUNK_BYTES + 20));
  const spots = [...Array(STREAM_HEAD_BYTES).keys()];
  for (let at = STREAM_HEAD_BYTES; at < stream.length; at += 9_973) spots.push(at);
  for (let back = 1; back <= 40; back++) spots.push(stream.length - back);
  for (const at of spots) {
    const changed = stream.slice();
    changed[at] = (changed[at] ?? 0) ^ 0x80;
    await assert.rejects(
      open(changed),
      (error: { code?: string }) =>
        ["crypto_decryption_failed", "api_bad_request"].includes(error.code ?? ""),
      `byte ${at}`,
    );
  }
});

Deno.test("a stream opens with its own additional data and its own key only", async () => {
  const stream = await seal(pattern(5));
  await assert.rejects(open(stream, text("Place")), { code: "crypto_decryption_failed" });
  await assert.rejects(open(stream, AAD, osRandom(32)), { code: "crypto_decryption_failed" });
});

Deno.test("a chunk is given only when it is whole: what comes before a damage is right", async () => {
  const plaintext = pattern(2 * CHUNK_BYTES + 5);
  const [head, a, b, last] = takenApart(await seal(plaintext)) as Uint8Array[];
  assert.ok(head && a && b && last);
  const opener = openStream(bytes, head, AAD);
  assert.deepEqual(await opener.next(a, false), plaintext.slice(0, CHUNK_BYTES));
  b[100] = (b[100] ?? 0) ^ 1;
  await assert.rejects(opener.next(b, false), { code: "crypto_decryption_failed" });
});

Deno.test("nothing follows the last chunk, and none is of a wrong length", async () => {
  const sealer = sealStream({ keyId, version: 1, bytes }, AAD, osRandom);
  await assert.rejects(sealer.next(new Uint8Array(5), false), { code: "crypto_decryption_failed" });
  await sealer.next(new Uint8Array(CHUNK_BYTES), false);
  await assert.rejects(sealer.next(new Uint8Array(0), true), { code: "crypto_decryption_failed" });
  await assert.rejects(sealer.next(new Uint8Array(CHUNK_BYTES + 1), true));
  await sealer.next(new Uint8Array(1), true);
  await assert.rejects(sealer.next(new Uint8Array(1), true), /The stream is over/);
});

Deno.test("however bytes come, they are cut in the same way", () => {
  const whole = pattern(1000);
  for (const size of [1, 7, 100, 999, 1000, 1001]) {
    for (const step of [1, 3, 99, 100, 101, 1000]) {
      const chunker = new Chunker(size);
      const pieces: number[] = [];
      const got: Uint8Array[] = [];
      for (let at = 0; at < whole.length; at += step) {
        for (const { bytes } of chunker.push(whole.subarray(at, at + step))) {
          pieces.push(bytes.length);
          got.push(bytes.slice());
        }
      }
      const { bytes: last } = chunker.end();
      assert.ok(pieces.every((length) => length === size) && last.length > 0);
      assert.deepEqual(joined([...got, last]), whole);
    }
  }
  assert.deepEqual(new Chunker(5).end(), { bytes: new Uint8Array(0), isLast: true });
});
