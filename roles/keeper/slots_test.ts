import assert from "node:assert/strict";
import { sampleId, sampleSet, sampleShards } from "../../lib/recovery/_sample.ts";
import type { Contribution, StampedShard } from "../../lib/recovery/mod.ts";
import { ordinarySlots } from "../../lib/seal/mod.ts";
import { ShardSlots } from "./slots.ts";

const STORE = sampleId(1);
const ZEROS = new Uint8Array(32);

function shardOf(generation: number): StampedShard {
  const set = sampleSet({ generation, setId: sampleId(20 + generation) });
  const [shard] = sampleShards({ set, storeId: STORE });
  assert.ok(shard);
  return shard;
}

function pushOf(generation: number, stage: Contribution["stage"] = "current"): Contribution {
  return { ...shardOf(generation), from: "nexus", stage, isForced: false };
}

Deno.test("what is held lies in the slots and nowhere else", () => {
  const memory = ordinarySlots(2);
  const slots = new ShardSlots(memory);
  const push = pushOf(1);
  slots.take(push);
  slots.take(pushOf(2, "pending"));
  assert.equal(slots.holding.current?.bytes.buffer, memory.slot(0).buffer);
  assert.equal(slots.holding.pending?.bytes.buffer, memory.slot(0).buffer);
  push.bytes.fill(0xff);
  assert.deepEqual(memory.slot(0), shardOf(1).bytes);
  assert.deepEqual(memory.slot(1), shardOf(2).bytes);
});

Deno.test("promotion moves the shard into the first slot and zeroes the second", () => {
  const memory = ordinarySlots(2);
  const slots = new ShardSlots(memory);
  slots.take(pushOf(1));
  slots.take(pushOf(2, "pending"));
  slots.take(pushOf(2));
  assert.deepEqual(memory.slot(0), shardOf(2).bytes);
  assert.deepEqual(memory.slot(1), ZEROS);
  assert.equal(slots.holding.pending, undefined);
});

Deno.test("a push of the set in force leaves the pending shard in its slot", () => {
  const memory = ordinarySlots(2);
  const slots = new ShardSlots(memory);
  slots.take(pushOf(1));
  slots.take(pushOf(3, "pending"));
  slots.take(pushOf(2));
  assert.deepEqual(memory.slot(0), shardOf(2).bytes);
  assert.deepEqual(memory.slot(1), shardOf(3).bytes);
  assert.deepEqual(slots.holding.pending?.bytes, shardOf(3).bytes);
});

Deno.test("a refused contribution changes nothing", () => {
  const memory = ordinarySlots(2);
  const slots = new ShardSlots(memory);
  slots.take(pushOf(2));
  const { holding } = slots;
  assert.throws(() => slots.take(pushOf(1)), { code: "shard_generation_stale" });
  assert.equal(slots.holding, holding);
  assert.deepEqual(memory.slot(0), shardOf(2).bytes);
});

Deno.test("wiping forgets everything and zeroes the slots", () => {
  const memory = ordinarySlots(2);
  const slots = new ShardSlots(memory);
  slots.take(pushOf(1));
  slots.take(pushOf(2, "pending"));
  slots.wipe();
  assert.deepEqual(slots.holding, {});
  assert.deepEqual([memory.slot(0), memory.slot(1)], [ZEROS, ZEROS]);
});
