import assert from "node:assert/strict";
import { nativeVerifier } from "../audit/os_sign.ts";
import { CREATED_MS, KEY, sign } from "./_backup_fixture.ts";
import { chunkBytesFor, Digester, MOST_CHUNKS } from "./digest.ts";
import { type BackupManifest, MAX_MANIFEST_BYTES, openManifest, signManifest } from "./manifest.ts";

const GOLDEN = new URL("../../tests/golden/backup.json", import.meta.url);
const HASH = "0123456789abcdef".repeat(4);

const MANIFEST: BackupManifest = {
  createdAtMs: CREATED_MS,
  spike: "0.1.0",
  store: { id: "5a".repeat(16), format: 7, revision: 42, restores: 1 },
  counts: { paths: 3, versions: 5, policies: 2, cipherKeys: 1, keks: 2 },
  recovery: {
    scheme: "gf256",
    setId: "07".repeat(16),
    generation: 3,
    threshold: 2,
    shares: 3,
    rootEpoch: 2,
    commitments: ["01", "02", "03"].map((byte) => byte.repeat(32)),
  },
  checkpoint: "a note\n",
  key: KEY,
  file: {
    bytes: 8192,
    pageBytes: 4096,
    sha256: HASH,
    chunkBytes: 4096,
    chunks: [HASH, "ff".repeat(32)],
  },
};

Deno.test("the manifest is the frozen one, and is read back", async () => {
  const { manifest } = JSON.parse(await Deno.readTextFile(GOLDEN));
  assert.equal(signManifest(MANIFEST, sign), manifest);
  const opened = openManifest(manifest, nativeVerifier());
  assert.deepEqual({ ...opened.manifest, key: undefined }, { ...MANIFEST, key: undefined });
  assert.equal(opened.manifest.key.publicKey.toHex(), KEY.publicKey.toHex());
  assert.ok(opened.isSigned);
});

Deno.test("whatever else is signed, a manifest that says something impossible is refused", () => {
  for (
    const [change, told] of [
      [{ store: { ...MANIFEST.store, revision: -1 } }, /revision/],
      [{ store: { ...MANIFEST.store, id: "../x" } }, /id/],
      [{ recovery: { ...MANIFEST.recovery, threshold: 4 } }, /threshold/],
      [{ recovery: { ...MANIFEST.recovery, commitments: [HASH] } }, /1 commitments for 3 shards/],
      [{ file: { ...MANIFEST.file, bytes: 8193 } }, /do not fit/],
      [{ file: { ...MANIFEST.file, bytes: 2 ** 40 } }, /do not fit/],
      [{ file: { ...MANIFEST.file, chunkBytes: 8192 } }, /do not fit/],
      [{ file: { ...MANIFEST.file, pageBytes: 4095 } }, /pageBytes|do not fit/],
      [{ spike: "<script>" }, /spike/],
    ] as const
  ) {
    const note = signManifest({ ...MANIFEST, ...change }, sign);
    assert.throws(() => openManifest(note, nativeVerifier()), told);
  }
  const newer = signManifest(MANIFEST, sign).replace('"format": 1', '"format": 2');
  assert.throws(() => openManifest(newer, nativeVerifier()), /has format 2, expected 1/);
});

Deno.test("another spelling of the same is refused, or not signed", () => {
  const note = signManifest(MANIFEST, sign);
  for (
    const other of [note.replace("  ", "\t"), note.replace("{", "{ "), note.replace("2", "02")]
  ) {
    assert.throws(() => openManifest(other, nativeVerifier()), /The manifest cannot be read/);
  }
  const end = note.at(-3) ?? "";
  const spelt = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  // The last digit before the padding has two bits that stand for nothing.
  const twin = spelt[spelt.indexOf(end) ^ 1];
  assert.equal(openManifest(`${note.slice(0, -3)}${twin}=\n`, nativeVerifier()).isSigned, false);
});

Deno.test("the manifest of the largest database fits the limit", () => {
  const chunkBytes = chunkBytesFor(2 ** 48, 4096);
  const file = { bytes: 2 ** 48, pageBytes: 4096, sha256: HASH, chunkBytes };
  const chunks = Array<string>(Math.ceil(2 ** 48 / chunkBytes)).fill(HASH);
  assert.equal(chunks.length, MOST_CHUNKS);
  const recovery = {
    ...MANIFEST.recovery,
    shares: 255,
    commitments: Array<string>(255).fill(HASH),
  };
  const note = signManifest({ ...MANIFEST, recovery, file: { ...file, chunks } }, sign);
  assert.ok(note.length < MAX_MANIFEST_BYTES, String(note.length));
  assert.ok(openManifest(note, nativeVerifier()).isSigned);
});

Deno.test("how a file comes in pieces makes no difference to its hashes", () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
  const digests = [1, 7, 100, 128, 1000].map((size) => {
    const digester = new Digester(128);
    for (let at = 0; at < bytes.length; at += size) digester.update(bytes.subarray(at, at + size));
    return digester.end();
  });
  for (const digest of digests) assert.deepEqual(digest, digests[0]);
  assert.equal(digests[0]?.chunks.length, 8);
});
