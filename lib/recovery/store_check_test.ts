import assert from "node:assert/strict";
import { type CheckedStore, matchesStoreCheck, storeCheck } from "./store_check.ts";
import { sampleId, sampleKey } from "./_sample.ts";

const filled = (byte: number) => new Uint8Array(32).fill(byte);

const STORE: CheckedStore = {
  storeId: sampleId(1),
  set: { scheme: "gf256", setId: sampleId(2), generation: 3, threshold: 2, shares: 3 },
  commitments: [filled(4), filled(5), filled(6)],
};

Deno.test("a store's check recognises its key and its shard set", () => {
  const check = storeCheck(sampleKey(), STORE);
  assert.ok(matchesStoreCheck(sampleKey(), STORE, check));
  assert.ok(!matchesStoreCheck(sampleKey(7), STORE, check));
});

Deno.test("whatever a store says of its shard set, an edit of it fails the check", () => {
  const check = storeCheck(sampleKey(), STORE);
  const edits: Record<string, CheckedStore> = {
    "store id": { ...STORE, storeId: sampleId(9) },
    scheme: { ...STORE, set: { ...STORE.set, scheme: "p256" } },
    "set id": { ...STORE, set: { ...STORE.set, setId: sampleId(9) } },
    generation: { ...STORE, set: { ...STORE.set, generation: 4 } },
    threshold: { ...STORE, set: { ...STORE.set, threshold: 1 } },
    shares: { ...STORE, set: { ...STORE.set, shares: 4 } },
    "a commitment": { ...STORE, commitments: [filled(4), filled(5), filled(7)] },
    "the order of commitments": { ...STORE, commitments: [filled(5), filled(4), filled(6)] },
    "no commitments": { ...STORE, commitments: [] },
  };
  for (const [name, edited] of Object.entries(edits)) {
    assert.ok(!matchesStoreCheck(sampleKey(), edited, check), name);
  }
});

Deno.test("the check of a store is frozen", () => {
  const check = storeCheck(sampleKey(), STORE).toHex();
  assert.equal(check, "6841d33bc1887760619cdf2ff0db0fdc22f47a9fdb9952e4b8eb04b74c7dc869");
});
