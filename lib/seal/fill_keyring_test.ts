import assert from "node:assert/strict";
import { fillKeyring } from "./fill_keyring.ts";
import { ordinarySlots } from "./key_slots.ts";
import { newKey, wrapKek } from "./keyring.ts";
import { LockedKeyring } from "./locked_keyring.ts";
import { osRandom } from "./os_random.ts";

const STORE = new Uint8Array(16).fill(7);
const STORAGE_KEY = newKey(osRandom);

function wrapped(generation: number, kek: Uint8Array) {
  return { generation, wrapped: wrapKek(STORAGE_KEY, STORE, generation, kek, osRandom) };
}

function emptyRing(): LockedKeyring {
  return new LockedKeyring(ordinarySlots(3), STORE);
}

Deno.test("all keys come into the ring, and the newest seals, in whatever order they are", () => {
  const [first, second] = [newKey(osRandom), newKey(osRandom)];
  for (const reverse of [false, true]) {
    const rows = [wrapped(1, first), wrapped(4, second)];
    const ring = emptyRing();
    fillKeyring(ring, STORAGE_KEY, reverse ? rows.reverse() : rows);
    assert.deepEqual(ring.generations(), [1, 4]);
    assert.equal(ring.currentKek, 4);
    assert.deepEqual(ring.kek(1).slice(), first);
    assert.deepEqual(ring.kek(4).slice(), second);
  }
});

Deno.test("a store without any key is damaged", () => {
  assert.throws(() => fillKeyring(emptyRing(), STORAGE_KEY, []), {
    code: "state_integrity_check",
    message: "The store holds no key-encryption key",
  });
});

Deno.test("a key of a made up generation is named, and no key is in use", () => {
  const row = wrapped(1, newKey(osRandom));
  const ring = emptyRing();
  assert.throws(() => fillKeyring(ring, STORAGE_KEY, [row, { ...row, generation: 2 }]), {
    code: "state_integrity_check",
    message: "Key-encryption key generation 2 is not what was stored",
  });
  assert.throws(() => ring.currentKek, { code: "root_key_missing" });
});
