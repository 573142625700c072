import assert from "node:assert/strict";
import { sampleId, sampleKey, sampleSet } from "../recovery/_sample.ts";
import type { Candidate } from "../recovery/mod.ts";
import { RestoreCollection, type RestoreOptions } from "./restore.ts";

const MINUTE_MS = 60_000;

function build(options: Partial<RestoreOptions> = {}) {
  const world = { nowMs: 1_000 * MINUTE_MS };
  const offered: Candidate[][] = [];
  const seen: Uint8Array[] = [];
  const collection = new RestoreCollection({
    threshold: () => Promise.resolve(2),
    recognise: () => Promise.resolve({ kind: "unknown" }),
    offer: (candidates) => {
      offered.push(candidates.map(({ keeper, bytes }) => ({ keeper, bytes: bytes.slice() })));
      seen.push(...candidates.map(({ bytes }) => bytes));
      return Promise.resolve(true);
    },
    clock: () => world.nowMs,
    ...options,
  });
  return { collection, offered, seen, world };
}

Deno.test("shards are collected until there are enough, and then rebuild the key", async () => {
  const { collection, offered, seen } = build();
  assert.deepEqual(await collection.add(3, sampleKey(3)), {
    collected: 1,
    remaining: 1,
    restored: false,
  });
  assert.deepEqual(await collection.add(1, sampleKey(1)), {
    collected: 2,
    remaining: 0,
    restored: true,
  });
  assert.deepEqual(offered, [[{ keeper: 3, bytes: sampleKey(3) }, {
    keeper: 1,
    bytes: sampleKey(1),
  }]]);
  assert.ok(seen.every((bytes) => bytes.every((byte) => byte === 0)), "copies are zeroed");
});

Deno.test("the same index again changes no count, and the later shard counts", async () => {
  const { collection, offered } = build();
  await collection.add(1, sampleKey(9));
  assert.deepEqual(await collection.add(1, sampleKey(1)), {
    collected: 1,
    remaining: 1,
    restored: false,
  });
  await collection.add(2, sampleKey(2));
  assert.deepEqual(offered[0]?.[0], { keeper: 1, bytes: sampleKey(1) });
});

Deno.test("a shard that the store knows to be wrong is refused at once and not counted", async () => {
  const { collection } = build({
    recognise: (index) => Promise.resolve({ kind: index === 2 ? "wrong" : "unknown" }),
  });
  await collection.add(1, sampleKey(1));
  await assert.rejects(collection.add(2, sampleKey(2)), {
    code: "api_bad_request",
    message: "Shard 2 is not a shard of this store",
  });
  assert.deepEqual((await collection.add(1, sampleKey(1))).collected, 1);
});

Deno.test("a set that rebuilds nothing is forgotten, so that the next try starts clean", async () => {
  const { collection } = build({ offer: () => Promise.resolve(false) });
  await collection.add(1, sampleKey(1));
  await assert.rejects(collection.add(2, sampleKey(2)), {
    code: "api_bad_request",
    message: /^The 2 shards do not rebuild/,
  });
  assert.equal((await collection.add(3, sampleKey(3))).collected, 1);
});

Deno.test("a failure while the key is installed forgets the shards, too", async () => {
  const { collection } = build({ offer: () => Promise.reject(new Error("disk full")) });
  await collection.add(1, sampleKey(1));
  await assert.rejects(collection.add(2, sampleKey(2)), /disk full/);
  assert.equal((await collection.add(3, sampleKey(3))).collected, 1);
});

Deno.test("shards expire a quarter of an hour after the last one, asked for or not", async () => {
  const { collection, world } = build();
  await collection.add(1, sampleKey(1));
  world.nowMs += 15 * MINUTE_MS;
  collection.expire();
  assert.equal((await collection.add(1, sampleKey(1))).collected, 1);
  world.nowMs += 15 * MINUTE_MS;
  assert.equal((await collection.add(2, sampleKey(2))).restored, true, "in time");
  await collection.add(1, sampleKey(1));
  world.nowMs += 15 * MINUTE_MS + 1;
  assert.deepEqual((await collection.add(2, sampleKey(2))).collected, 1, "too late");
});

Deno.test("cleared shards count no more, and the caller's own array is left alone", async () => {
  const { collection } = build();
  const own = sampleKey(1);
  await collection.add(1, own);
  collection.clear();
  assert.deepEqual(own, sampleKey(1));
  assert.equal((await collection.add(2, sampleKey(2))).collected, 1);
});

Deno.test("the threshold is the one that holds when a shard comes", async () => {
  let threshold = 3;
  const { collection } = build({ threshold: () => Promise.resolve(threshold) });
  assert.equal((await collection.add(1, sampleKey(1))).remaining, 2);
  threshold = 2;
  assert.equal((await collection.add(2, sampleKey(2))).restored, true);
});

/** A store that knows its set, one before it with another threshold, and one of a root key that is gone. */
function knowing() {
  const present = { ...sampleSet({ generation: 2, setId: sampleId(2) }), commitments: [] };
  const earlier = { ...sampleSet({ threshold: 3, setId: sampleId(3) }), commitments: [] };
  return build({
    recognise: (index, shard) => {
      const kind = shard[0];
      if (kind === 9) return Promise.resolve({ kind: "older-root", generation: index });
      return Promise.resolve(
        kind === 1
          ? { kind: "right", set: present, isPast: false }
          : { kind: "right", set: earlier, isPast: true },
      );
    },
  });
}

const of = (kind: number) => new Uint8Array(32).fill(kind);

Deno.test("shards of two sets are counted apart, and each needs its own threshold", async () => {
  const { collection, offered } = knowing();
  const half = { collected: 1, remaining: 1, restored: false };
  assert.deepEqual(await collection.add(1, of(1)), half);
  const earlier = { collected: 1, remaining: 2, restored: false, generation: 1 };
  assert.deepEqual(await collection.add(2, of(2)), earlier);
  assert.deepEqual(await collection.add(1, of(2)), { ...earlier, collected: 2, remaining: 1 });
  assert.equal((await collection.add(3, of(2))).restored, true);
  assert.deepEqual(offered[0]?.map(({ keeper }) => keeper), [2, 1, 3]);
  assert.deepEqual(await collection.add(2, of(1)), half, "the other set was forgotten, too");
});

Deno.test("a shard of a root key that is gone is named as such", async () => {
  const { collection, offered } = knowing();
  await assert.rejects(collection.add(2, of(9)), {
    code: "shard_of_older_root",
    message: "Shard 2 is of generation 2, of a root key that was replaced",
  });
  assert.equal(offered.length, 0);
});
