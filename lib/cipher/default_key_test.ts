import assert from "node:assert/strict";
import { LockedKeyring, newKey, ordinarySlots, osRandom, wrapDataKey } from "../seal/mod.ts";
import { openMemory } from "../store/memory.ts";
import type { KeyRow } from "../store/port.ts";
import { openSqlite } from "../store/sqlite.ts";
import { EMPTY, NOW_MS, worldOver } from "./cipher_fixture.ts";
import { DEFAULT_KEY } from "./default_key.ts";

async function change(
  store: ReturnType<typeof openMemory>,
  edit: (row: KeyRow) => KeyRow,
): Promise<void> {
  await store.write(async (tx) => {
    const [row] = await tx.keys(DEFAULT_KEY);
    assert.ok(row);
    await tx.putKey(edit(row));
  });
}

Deno.test("loading the key changes nothing and always gives the same one", async () => {
  const { store, load } = await worldOver(openMemory());
  const revision = await store.revision();
  const first = await load();
  assert.equal(first.current, 1);
  assert.notEqual(first.key, EMPTY);
  assert.equal((await load()).key, first.key);
  assert.equal(await store.revision(), revision);
  assert.equal((await store.keys()).length, 1);
});

Deno.test("the key is stored wrapped", async () => {
  const { store, load } = await worldOver(openMemory());
  const { key } = await load();
  const [row] = await store.keys(DEFAULT_KEY);
  assert.ok(row);
  const { wrapped, ...rest } = row;
  assert.equal(wrapped.length, 61);
  assert.equal(wrapped.toHex().includes(key), false);
  assert.deepEqual(rest, {
    name: "cipher/default",
    version: 1,
    kekGeneration: 1,
    createdAtMs: NOW_MS,
    reservedSeals: 0,
  });
});

Deno.test("two stores have two keys", async () => {
  const [a, b] = [await worldOver(openMemory()), await worldOver(openMemory())];
  assert.notEqual((await a.load()).key, (await b.load()).key);
});

Deno.test("the key survives the process, on disk under its KEK", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/spike.db`;
  const { store, keyring, load } = await worldOver(openSqlite({ path, mode: "write" }));
  const { key } = await load();
  await store.close();
  const file = (await Deno.readFile(path)).toHex();
  assert.equal(file.includes(key), false);
  const again = openSqlite({ path, mode: "write" });
  assert.equal((await load({ store: again, keyring })).key, key);
  await again.close();
  await Deno.remove(dir, { recursive: true });
});

Deno.test("every version comes into its own slot, the newest counts", async () => {
  const { store, keyring, load } = await worldOver(openMemory());
  const { key } = await load();
  const second = newKey(osRandom);
  const place = { storeId: keyring.storeId, table: "key", path: DEFAULT_KEY } as const;
  const wrapped = wrapDataKey(
    keyring.kek(1),
    { ...place, version: 2, kekGeneration: 1 },
    second,
    osRandom,
  );
  await change(store, (row) => ({ ...row, version: 2, wrapped }));
  const { current, slots, damaged } = await load();
  assert.equal(current, 2);
  assert.deepEqual([slots.slot(0).toHex(), slots.slot(1).toHex()], [key, second.toHex()]);
  assert.deepEqual(damaged, []);
});

Deno.test("a row that was changed or moved is named, kept, and gives no key", async () => {
  const edits: ((row: KeyRow) => KeyRow)[] = [
    (row) => ({ ...row, wrapped: row.wrapped.map((byte, i) => i === 20 ? byte ^ 1 : byte) }),
    (row) => ({ ...row, wrapped: new Uint8Array(0) }),
    (row) => ({ ...row, kekGeneration: 2 }),
  ];
  for (const edit of edits) {
    const { store, load } = await worldOver(openMemory());
    await load();
    await change(store, edit);
    const [row] = await store.keys(DEFAULT_KEY);
    const { damaged, key } = await load();
    assert.deepEqual(damaged, [1]);
    assert.equal(key, EMPTY);
    assert.deepEqual(await store.keys(DEFAULT_KEY), [row]);
  }
});

Deno.test("a row under another version number opens nothing, even one beyond all slots", async () => {
  for (const version of [2, 300]) {
    const { store, load } = await worldOver(openMemory());
    const { key } = await load();
    await change(store, (row) => ({ ...row, version }));
    const loaded = await load();
    assert.deepEqual(loaded.damaged, [version]);
    assert.equal(loaded.key, key);
    assert.equal(loaded.slots.slot(1).toHex(), EMPTY);
  }
});

Deno.test("a row of another store opens nothing", async () => {
  const { store, load } = await worldOver(openMemory());
  await load();
  const other = new LockedKeyring(ordinarySlots(1), osRandom(16));
  other.put(1, newKey(osRandom));
  other.use(1);
  assert.deepEqual((await load({ store, keyring: other })).damaged, [1]);
});

Deno.test("a store whose key was removed is given no other one", async () => {
  const { store, load } = await worldOver(openMemory(), false);
  const { current, damaged, key } = await load();
  assert.deepEqual([current, damaged, key], [0, [1], EMPTY]);
  assert.deepEqual(await store.keys(), []);
});

Deno.test("a store that does not answer is a failure and no damage", async () => {
  const { store, load } = await worldOver(openMemory());
  await store.close();
  await assert.rejects(load(), { code: "store_failure" });
});
