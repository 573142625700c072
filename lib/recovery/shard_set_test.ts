import assert from "node:assert/strict";
import { keyCheckValue } from "../seal/mod.ts";
import { combine, shardCommitment } from "../shamir/mod.ts";
import { sampleId, sampleKey, sampleSet, sampleShards } from "./_sample.ts";
import { isCommitted, isSameId, setKey } from "./stamp.ts";
import { shardsOf } from "./shard_set.ts";

Deno.test("the same key and set give the same shards, and the store changes only the stamp", () => {
  assert.deepEqual(sampleShards(), sampleShards());
  const stored = sampleShards({ storeId: sampleId(1) });
  assert.deepEqual(stored.map(({ bytes }) => bytes), sampleShards().map(({ bytes }) => bytes));
  assert.ok(stored.every(({ stamp }) => isSameId(stamp.storeId, sampleId(1))));
  assert.ok(sampleShards().every(({ stamp }) => !("storeId" in stamp)));
});

Deno.test("any member of the set that changes gives other shards of the same key", () => {
  const base = sampleShards({ set: sampleSet({ shares: 4 }) });
  const changes = [{ setId: sampleId(3) }, { generation: 2 }, { threshold: 3 }, { shares: 5 }];
  for (const change of changes) {
    const set = sampleSet({ shares: 4, ...change });
    const shards = shardsOf(sampleKey(), set);
    assert.notDeepEqual(shards[0]?.bytes, base[0]?.bytes);
    const points = shards.map(({ bytes, stamp }) => ({ index: stamp.index, bytes }));
    assert.deepEqual(combine(points, set.threshold), sampleKey());
    assert.equal(shards.length, set.shares);
  }
});

Deno.test("each stamp commits to its shard, carries the key's check value and its own index", () => {
  for (const [i, { bytes, stamp }] of sampleShards().entries()) {
    assert.equal(stamp.index, i + 1);
    assert.deepEqual(stamp.commitment, shardCommitment(stamp.setId, stamp.index, bytes));
    assert.deepEqual(stamp.check, keyCheckValue(sampleKey(), stamp.setId));
    assert.equal(isCommitted(stamp, bytes), true);
    assert.equal(isCommitted(stamp, bytes.with(0, 1 ^ (bytes[0] ?? 0))), false);
    assert.equal(isCommitted({ ...stamp, index: stamp.index + 1 }, bytes), false);
    assert.equal(isCommitted({ ...stamp, setId: sampleId(2) }, bytes), false);
  }
});

Deno.test("shards of one set share their set key, and no other set has it", () => {
  const keys = (set = sampleSet()) =>
    new Set(sampleShards({ set }).map(({ stamp }) => setKey(stamp)));
  assert.equal(keys().size, 1);
  assert.deepEqual(new Set([...keys(), ...keys(sampleSet({ generation: 2 }))]).size, 2);
  const [confirmed] = sampleShards({ storeId: sampleId(1) });
  assert.ok(confirmed && keys().has(setKey(confirmed.stamp)), "the store's id is no part of it");
});

Deno.test("ids are the same only when both are there and equal", () => {
  assert.equal(isSameId(sampleId(1), sampleId(1)), true);
  assert.equal(isSameId(sampleId(1), sampleId(2)), false);
  assert.equal(isSameId(sampleId(1), undefined), false);
  assert.equal(isSameId(undefined, undefined), false);
});
