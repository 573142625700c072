import assert from "node:assert/strict";
import { ordinarySlots, osRandom } from "../seal/mod.ts";
import { createSealBudget } from "../secret/mod.ts";
import { openMemory } from "../store/memory.ts";
import { worldOver } from "./cipher_fixture.ts";
import { DEFAULT_KEY, loadDefaultKey, rotateDefaultKey } from "./default_key.ts";

Deno.test("a new version of the default key lies in the next slot, and is there after a restart", async () => {
  const { store, keyring } = await worldOver(openMemory());
  const budget = createSealBudget({ store, keyring });
  const slots = ordinarySlots(3);
  const options = { store, keyring, budget, slots, random: osRandom, clock: () => 5 };
  const load = async (into: typeof slots) =>
    await loadDefaultKey({ store, keyring, slots: into, onDamage: assert.fail });
  assert.equal(await load(slots), 1);
  assert.equal(await rotateDefaultKey(options), 2);
  assert.equal(await rotateDefaultKey(options), 3);
  const fresh = ordinarySlots(3);
  assert.equal(await load(fresh), 3);
  const keys = [0, 1, 2].map((slot) => fresh.slot(slot).toHex());
  assert.deepEqual([0, 1, 2].map((slot) => slots.slot(slot).toHex()), keys);
  assert.equal(new Set(keys).size, 3);
  await assert.rejects(rotateDefaultKey(options), { code: "entity_conflict" });
  assert.equal((await store.keys(DEFAULT_KEY)).length, 3);
});

Deno.test("a default key that is missing is not made by a rotation", async () => {
  const { store, keyring } = await worldOver(openMemory(), false);
  const budget = createSealBudget({ store, keyring });
  const slots = ordinarySlots(3);
  const options = { store, keyring, budget, slots, random: osRandom, clock: () => 5 };
  await assert.rejects(rotateDefaultKey(options), { code: "crypto_cipher_not_available" });
  assert.deepEqual(await store.keys(), []);
});
