import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { sampleId, sampleSet, sampleShards } from "./_sample.ts";
import {
  decodeManifest,
  encodeManifest,
  formatManifest,
  type RecoveryManifest,
} from "./manifest.ts";
import { isSameSet, parseManifest, requireListed } from "./manifest.ts";
import { decodeRecord, encodeRecord, FIRST_RECORD, isExported, withSuccessor } from "./record.ts";
import { belongsTo, type RecoveryRecord } from "./record.ts";
import { decodeSealed, encodeSealed } from "./seal_mark.ts";

/** Frozen: what was stored or exported once is read for ever. */
const golden = JSON.parse(
  readFileSync(new URL("../../tests/golden/recovery.json", import.meta.url), "utf8"),
);
const AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const SHARDS = sampleShards();
const COMMITTED = { ...sampleSet(), commitments: SHARDS.map(({ stamp }) => stamp.commitment) };
const MANIFEST: RecoveryManifest = { ...COMMITTED, storeId: sampleId(1), exportedAtMs: AT_MS };
const RECORD: RecoveryRecord = {
  ...withSuccessor(FIRST_RECORD, COMMITTED, { isNewRoot: true, atMs: AT_MS }),
  exported: { setId: sampleId(4), atMs: AT_MS },
};
const SEALED = { reason: "lost laptop", by: "spiffe://example.org/ada", atMs: AT_MS };
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("record, manifest and seal are written and read as the golden file says", () => {
  assert.equal(text(encodeRecord(RECORD)), golden.record);
  assert.deepEqual(decodeRecord(bytes(golden.record)), RECORD);
  assert.equal(formatManifest(MANIFEST), golden.manifest);
  assert.deepEqual(parseManifest(golden.manifest), MANIFEST);
  assert.equal(text(encodeSealed(SEALED)), golden.sealed);
  assert.deepEqual(decodeSealed(bytes(golden.sealed)), SEALED);
});

Deno.test("a refresh keeps the root's epoch, a rotation ends it, and a new set is not exported", () => {
  const change = { isNewRoot: false, atMs: AT_MS };
  const exported = { ...FIRST_RECORD, exported: { setId: COMMITTED.setId, atMs: 1 } };
  const refreshed = withSuccessor(exported, COMMITTED, change);
  assert.deepEqual([refreshed.rootEpoch, refreshed.past[0]?.rootEpoch], [1, 1]);
  assert.equal(isExported(refreshed, COMMITTED.setId), true);
  assert.equal(isExported(refreshed, sampleId(5)), false);
  assert.equal(isExported(FIRST_RECORD, COMMITTED.setId), false);
  const rotated = withSuccessor(refreshed, COMMITTED, { ...change, isNewRoot: true });
  assert.deepEqual(rotated.past.map(({ rootEpoch }) => rootEpoch), [1, 1]);
  assert.equal(rotated.rootEpoch, 2);
});

Deno.test("a hundred sets are remembered, the newest", () => {
  let record = FIRST_RECORD;
  for (let generation = 1; generation <= 105; generation++) {
    const change = { isNewRoot: false, atMs: AT_MS };
    record = withSuccessor(record, { ...COMMITTED, generation }, change);
  }
  assert.deepEqual([record.past.length, record.past[0]?.generation], [100, 105]);
});

Deno.test("a record or a manifest that is none is refused", () => {
  for (const broken of ["", "null", "[]", '{"format":2}', golden.record.replace("gf256", "x")]) {
    assert.throws(() => decodeRecord(bytes(broken)), { code: "state_integrity_check" }, broken);
  }
  const changes: ((file: Record<string, unknown>) => void)[] = [
    (file) => file.kind = "another",
    (file) => file.format = 2,
    (file) => file.storeId = "00",
    (file) => file.threshold = 4,
    (file) => file.threshold = 0,
    (file) => file.shares = 2,
    (file) => file.generation = "1",
    (file) => file.scheme = "xor",
    (file) => file.exportedAt = "yesterday",
    (file) => file.commitments = null,
  ];
  for (const change of changes) {
    const file = JSON.parse(golden.manifest);
    change(file);
    assert.throws(() => parseManifest(JSON.stringify(file)), { code: "data_invalid_input" });
  }
  for (const broken of ["", "null", "[]", "{}"]) {
    assert.throws(() => parseManifest(broken), { code: "data_invalid_input" }, broken);
  }
  assert.deepEqual(decodeManifest(encodeManifest(MANIFEST)), MANIFEST);
});

Deno.test("a seal that cannot be read is a seal", () => {
  for (const broken of ["", "null", '{"format":2}']) {
    assert.match(decodeSealed(bytes(broken)).reason, /cannot be read/);
  }
});

Deno.test("a manifest takes its own shards, and names one that is mistyped, renumbered or foreign", () => {
  const shardOf = (i: number) => ({ index: i + 1, bytes: SHARDS[i]?.bytes ?? assert.fail() });
  for (const i of [0, 1, 2]) requireListed(MANIFEST, shardOf(i));
  const { index, bytes } = shardOf(1);
  const wrong = [
    { index, bytes: bytes.with(0, 1 ^ (bytes[0] ?? 0)) },
    { index: 1, bytes },
    { index, bytes: sampleShards({ set: sampleSet({ setId: sampleId(2) }) })[1]?.bytes ?? bytes },
  ];
  for (const shard of wrong) {
    assert.throws(() => requireListed(MANIFEST, shard), {
      code: "data_invalid_input",
      message: `Shard ${shard.index} is not the one in the manifest of generation 1`,
    });
  }
  assert.throws(() => requireListed(MANIFEST, { index: 4, bytes }), /1 to 3/);
});

Deno.test("sets without commitments cannot tell, and manifests are compared by all that counts", () => {
  const { bytes } = SHARDS[0] ?? assert.fail();
  assert.equal(belongsTo({ ...COMMITTED, commitments: [] }, 1, bytes), undefined);
  assert.equal(belongsTo(COMMITTED, 9, bytes), false);
  assert.equal(isSameSet(MANIFEST, { ...MANIFEST, exportedAtMs: 1 }), true);
  assert.equal(isSameSet(MANIFEST, { ...MANIFEST, storeId: sampleId(8) }), false);
  assert.equal(isSameSet(MANIFEST, { ...MANIFEST, setId: sampleId(8) }), false);
  assert.equal(isSameSet(MANIFEST, { ...MANIFEST, threshold: 3 }), false);
});
