import assert from "node:assert/strict";
import {
  newKey,
  openRecord,
  openValue,
  openValueBulk,
  sealRecord,
  sealValue,
  sealValueBulk,
  unwrapDataKey,
  unwrapKek,
  wrapDataKey,
  wrapKek,
} from "./keyring.ts";
import { osRandom } from "./os_random.ts";
import type { SealBinding, Table } from "./place.ts";

const STORE = new Uint8Array(16).fill(1);
const TEXT = new TextEncoder().encode("value");
const PLACE: SealBinding = {
  storeId: STORE,
  table: "head",
  path: "a/b",
  version: 3,
  kekGeneration: 2,
};
const refused = { code: "crypto_decryption_failed" };

const TABLES: readonly Table[] = ["kek", "version", "datakey", "policy", "meta", "key", "audit"];
/** Every place that differs from PLACE in one member. */
const ELSEWHERE: readonly SealBinding[] = [
  { ...PLACE, storeId: STORE.with(0, 2) },
  ...TABLES.map((table) => ({ ...PLACE, table })),
  { ...PLACE, path: "a/c" },
  { ...PLACE, path: "" },
  { ...PLACE, version: 4 },
  { ...PLACE, kekGeneration: 1 },
];

Deno.test("a record opens in its own place and in no other", () => {
  const kek = newKey(osRandom);
  const sealed = sealRecord(kek, PLACE, TEXT, osRandom);
  assert.deepEqual(openRecord(kek, PLACE, sealed), TEXT);
  for (const place of ELSEWHERE) assert.throws(() => openRecord(kek, place, sealed), refused);
});

Deno.test("a data key unwraps in its own place and in no other", () => {
  const [kek, dataKey] = [newKey(osRandom), newKey(osRandom)];
  const wrapped = wrapDataKey(kek, PLACE, dataKey, osRandom);
  assert.deepEqual(unwrapDataKey(kek, PLACE, wrapped), dataKey);
  for (const place of ELSEWHERE) assert.throws(() => unwrapDataKey(kek, place, wrapped), refused);
});

Deno.test("a value opens in its own place and in no other", async () => {
  const dataKey = newKey(osRandom);
  const sealed = sealValue(dataKey, PLACE, TEXT, osRandom);
  const bulk = await sealValueBulk(dataKey, PLACE, TEXT, osRandom);
  assert.deepEqual(openValue(dataKey, PLACE, bulk), TEXT);
  assert.deepEqual(await openValueBulk(dataKey, PLACE, sealed), TEXT);
  for (const place of ELSEWHERE.filter((place) => place.kekGeneration === 2)) {
    assert.throws(() => openValue(dataKey, place, sealed), refused);
    await assert.rejects(openValueBulk(dataKey, place, sealed), refused);
  }
});

Deno.test("re-wrapping a data key under the next KEK leaves its value readable", () => {
  const [first, second, dataKey] = [newKey(osRandom), newKey(osRandom), newKey(osRandom)];
  const sealed = sealValue(dataKey, PLACE, TEXT, osRandom);
  const wrapped = wrapDataKey(first, PLACE, dataKey, osRandom);
  const next = { ...PLACE, kekGeneration: 3 };
  const again = wrapDataKey(second, next, unwrapDataKey(first, PLACE, wrapped), osRandom);
  assert.deepEqual(openValue(unwrapDataKey(second, next, again), next, sealed), TEXT);
});

function changedKek(generation: number) {
  const message = `Key-encryption key generation ${generation} is not what was stored`;
  return { code: "state_integrity_check", message };
}

Deno.test("a KEK unwraps only under its storage key, store and generation", () => {
  const [storageKey, kek] = [newKey(osRandom), newKey(osRandom)];
  const wrapped = wrapKek(storageKey, STORE, 5, kek, osRandom);
  assert.deepEqual(unwrapKek(storageKey, STORE, 5, wrapped), kek);
  assert.throws(() => unwrapKek(storageKey, STORE, 6, wrapped), changedKek(6));
  assert.throws(() => unwrapKek(storageKey, STORE.with(3, 9), 5, wrapped), changedKek(5));
  assert.throws(() => unwrapKek(kek, STORE, 5, wrapped), changedKek(5));
  assert.throws(() => unwrapKek(storageKey, STORE, 5, new Uint8Array(0)), changedKek(5));
});

Deno.test("what was sealed for one purpose does not serve another, even under the same key and place", () => {
  const key = newKey(osRandom);
  const thirtyTwo = newKey(osRandom);
  const kekPlace: SealBinding = { ...PLACE, table: "kek", path: "", version: 0 };
  const record = sealRecord(key, kekPlace, thirtyTwo, osRandom);
  const generation = kekPlace.kekGeneration;
  assert.throws(() => unwrapKek(key, STORE, generation, record), changedKek(generation));
  assert.throws(() => unwrapDataKey(key, kekPlace, record), refused);
  assert.throws(() => openValue(key, kekPlace, record), refused);
  const wrapped = wrapDataKey(key, kekPlace, thirtyTwo, osRandom);
  assert.throws(() => openRecord(key, kekPlace, wrapped), refused);
});

Deno.test("keys and store ids of another length are refused", () => {
  const key = newKey(osRandom);
  assert.throws(() => wrapDataKey(key, PLACE, TEXT, osRandom), TypeError);
  assert.throws(() => wrapKek(key, STORE, 1, TEXT, osRandom), TypeError);
  const place = { ...PLACE, storeId: TEXT };
  assert.throws(() => sealRecord(key, place, TEXT, osRandom), TypeError);
  assert.throws(() => sealValue(key, place, TEXT, osRandom), TypeError);
});
