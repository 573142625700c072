/** The scheme of SPIKE in Go, through everything that recovers a key. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { constantTimeEqual } from "../bytes/mod.ts";
import { combine, formatShard, isShare } from "../shamir/mod.ts";
import { candidatesOf, sampleId, sampleKey, sampleSet, sampleShards } from "./_sample.ts";
import { agree, type Candidate, rebuild, type RebuildOptions } from "./rebuild.ts";
import { drawRootKey } from "./root_key.ts";
import { shardsOf } from "./shard_set.ts";

const KEY = sampleKey();
const SET = sampleSet({ scheme: "p256" });
const NO_SCALAR = new Uint8Array(32).fill(0xff);
const OPTIONS: RebuildOptions = {
  threshold: 2,
  scheme: "p256",
  isKey: (key) => constantTimeEqual(key, KEY),
};

function bare(set = SET): Candidate[] {
  return candidatesOf(sampleShards({ set }), { isStamped: false });
}

Deno.test("the shards of a set are those of SPIKE in Go, whatever the set is called", () => {
  const file = new URL("../../tests/golden/shamir_p256.json", import.meta.url);
  const [golden] = JSON.parse(readFileSync(file, "utf8")).sets;
  const root = Uint8Array.fromHex(golden.root);
  for (const change of [{}, { setId: sampleId(3) }, { generation: 7 }]) {
    const shards = shardsOf(root, { ...SET, ...change });
    const texts = shards.map(({ bytes, stamp }) => formatShard({ index: stamp.index, bytes }));
    assert.deepEqual(texts, golden.shards);
    assert.ok(shards.every(({ stamp }) => stamp.scheme === "p256"));
  }
});

for (const isStamped of [true, false]) {
  Deno.test(`any t of n ${isStamped ? "stamped" : "bare"} shards rebuild the key`, () => {
    const all = candidatesOf(sampleShards({ set: SET }), { isStamped });
    for (const left of [0, 1, 2]) {
      const result = rebuild(all.toSpliced(left, 1), OPTIONS);
      assert.equal(result.kind, "rebuilt");
      assert.deepEqual(result.complaints, []);
    }
    assert.equal(rebuild(all.slice(2), OPTIONS).kind, "too-few");
  });
}

Deno.test("bare shards of the other scheme give no key", () => {
  assert.equal(rebuild(bare(), { ...OPTIONS, scheme: "gf256" }).kind, "no-match");
  assert.equal(rebuild(bare(sampleSet()), OPTIONS).kind, "no-match");
});

Deno.test("a stamp says the scheme, whatever is configured", () => {
  const stamped = candidatesOf(sampleShards({ set: SET }));
  assert.equal(rebuild(stamped, { ...OPTIONS, scheme: "gf256" }).kind, "rebuilt");
});

Deno.test("bare shards help a stamped set of their own scheme only", () => {
  const [one] = candidatesOf(sampleShards({ set: SET }));
  const [, two] = bare();
  assert.ok(one && two);
  assert.equal(rebuild([one, two], OPTIONS).kind, "rebuilt");
  assert.equal(rebuild([one, two], { ...OPTIONS, scheme: "gf256" }).kind, "too-few");
});

Deno.test("bytes that cannot be a share are named, and stop nothing", () => {
  const [one, two] = bare();
  assert.ok(one && two);
  const wrong = { keeper: 3, bytes: NO_SCALAR };
  const result = rebuild([one, wrong, two], OPTIONS);
  assert.equal(result.kind, "rebuilt");
  assert.deepEqual(result.complaints, [{ keeper: 3, reason: "not-a-share" }]);
  assert.equal(agree([one, two, wrong], 2, 3, "p256"), false);
});

Deno.test("a keeper that differs is named", () => {
  for (const isStamped of [true, false]) {
    const all = candidatesOf(sampleShards({ set: SET }), { isStamped });
    const [one, two] = all;
    assert.ok(one && two);
    const spoilt = { keeper: 3, bytes: two.bytes };
    const { complaints } = rebuild([one, two, spoilt], OPTIONS);
    assert.deepEqual(complaints, [{ keeper: 3, reason: "differs" }]);
  }
});

Deno.test("all bare shards together vouch for each other in their own scheme only", () => {
  assert.equal(agree(bare(), 2, 3, "p256"), true);
  assert.equal(agree(bare(), 2, 3), false);
});

Deno.test("a root key that the scheme cannot share is drawn again", () => {
  const drawn: Uint8Array[] = [];
  const random = (length: number) => {
    const bytes = new Uint8Array(length).fill(drawn.length < 2 ? 0xff : 5);
    drawn.push(bytes);
    return bytes;
  };
  assert.deepEqual(drawRootKey(random, "p256"), new Uint8Array(32).fill(5));
  assert.deepEqual(drawn.slice(0, 2), [new Uint8Array(32), new Uint8Array(32)]);
  assert.deepEqual(drawRootKey(() => NO_SCALAR.slice(), "gf256"), NO_SCALAR);
  assert.throws(() => drawRootKey(() => NO_SCALAR.slice(), "p256"), /no key of scheme p256/);
});

Deno.test("what was drawn can be shared and rebuilt", () => {
  const key = drawRootKey((length) => crypto.getRandomValues(new Uint8Array(length)), "p256");
  assert.ok(isShare("p256", key));
  const points = shardsOf(key, SET).map(({ bytes, stamp }) => ({ index: stamp.index, bytes }));
  assert.deepEqual(combine(points.slice(1), 2, "p256"), key);
});
