import assert from "node:assert/strict";
import { ordinarySlots, slotsOf } from "./key_slots.ts";
import { LockedKeyring } from "./locked_keyring.ts";

const STORE = new Uint8Array(16).fill(7);
const key = (byte: number) => new Uint8Array(32).fill(byte);

Deno.test("an empty ring says that no key is loaded", () => {
  const ring = new LockedKeyring(ordinarySlots(2), STORE);
  assert.throws(() => ring.currentKek, { code: "root_key_missing" });
  assert.throws(() => ring.kek(1), { code: "root_key_missing" });
  assert.throws(() => ring.kek(0), { code: "root_key_missing" });
  assert.deepEqual(ring.generations(), []);
});

Deno.test("keys are copied into slots and found by generation", () => {
  const region = ordinarySlots(3);
  const ring = new LockedKeyring(region, STORE);
  const own = key(2);
  ring.put(2, own);
  ring.put(1, key(1));
  ring.use(2);
  own.fill(0);
  assert.deepEqual(ring.kek(2).slice(), key(2));
  assert.equal(ring.kek(2).buffer, region.slot(0).buffer);
  assert.deepEqual(ring.generations(), [1, 2]);
  assert.equal(ring.currentKek, 2);
});

Deno.test("an unknown generation is an integrity failure that names those held", () => {
  const ring = new LockedKeyring(ordinarySlots(3), STORE);
  ring.put(1, key(1));
  ring.put(4, key(4));
  assert.throws(() => ring.kek(3), {
    code: "state_integrity_check",
    message: "Key-encryption key generation 3 is not held, held are 1, 4",
  });
  assert.throws(() => ring.use(3), { code: "state_integrity_check" });
});

Deno.test("put() refuses a full ring, a generation held already, and what is no key", () => {
  const ring = new LockedKeyring(ordinarySlots(1), STORE);
  assert.throws(() => ring.put(0, key(1)), TypeError);
  assert.throws(() => ring.put(1, key(1).subarray(1)), TypeError);
  ring.put(1, key(1));
  assert.throws(() => ring.put(1, key(2)), /held already/);
  assert.throws(() => ring.put(2, key(2)), /taken/);
  assert.deepEqual(ring.kek(1).slice(), key(1));
});

Deno.test("drop() zeroes the slot and frees it, but not the current one", () => {
  const region = ordinarySlots(2);
  const ring = new LockedKeyring(region, STORE);
  ring.put(1, key(1));
  ring.put(2, key(2));
  ring.use(2);
  assert.throws(() => ring.drop(2), /in use/);
  ring.drop(1);
  assert.deepEqual(region.slot(0).slice(), key(0));
  ring.put(3, key(3));
  assert.deepEqual(ring.generations(), [2, 3]);
});

Deno.test("an attached ring sees the same memory, follows changes, and loses its keys on wipe()", () => {
  const buffer = new SharedArrayBuffer(64 + 8);
  const layout = { offset: 8, count: 2, slotBytes: 32 };
  const owner = new LockedKeyring(slotsOf(buffer, layout), STORE);
  owner.put(1, key(1));
  owner.use(1);
  const worker = LockedKeyring.attach(slotsOf(buffer, layout), structuredClone(owner.layout()));
  assert.deepEqual(worker.kek(worker.currentKek).slice(), key(1));
  assert.deepEqual(worker.storeId, STORE);

  owner.put(2, key(2));
  owner.use(2);
  assert.equal(worker.currentKek, 1);
  worker.adopt(owner.layout());
  assert.deepEqual(worker.kek(worker.currentKek).slice(), key(2));

  owner.wipe();
  assert.deepEqual(worker.kek(2).slice(), key(0));
  worker.adopt(owner.layout());
  assert.throws(() => worker.currentKek, { code: "root_key_missing" });
});

Deno.test("layouts that do not fit are refused", () => {
  const ring = new LockedKeyring(ordinarySlots(2), STORE);
  const layout = ring.layout();
  assert.throws(() => ring.adopt({ ...layout, slots: [0] }), /1 slots/);
  assert.throws(() => ring.adopt({ ...layout, currentKek: 9 }), /current generation 9/);
  assert.throws(() => new LockedKeyring(ordinarySlots(2, 16), STORE), TypeError);
  assert.throws(() => ordinarySlots(2).slot(2), RangeError);
  assert.throws(() => ordinarySlots(2).slot(-1), RangeError);
});
