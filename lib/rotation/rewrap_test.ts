import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { createKeyReader, createKeyWriter, createNamedService } from "../cipher/mod.ts";
import { createPolicyReader, createPolicyWriter } from "../policy_store/mod.ts";
import { type Keyring, newKey, osRandom, RENEW_AT, wrapKek } from "../seal/mod.ts";
import { createSealBudget } from "../secret/mod.ts";
import { createSecretReader } from "../secret/reader.ts";
import { createSecretWriter } from "../secret/writer.ts";
import { AUTHOR, inWorld, testKeyring, type World } from "../secret/secret_fixture.ts";
import type { Store, StoreTx } from "../store/port.ts";
import { isKekDue } from "./due.ts";
import { rewrapGeneration } from "./rewrap.ts";

const PATHS = Array.from({ length: 17 }, (_, i) => `path/${i}`);
const POLICY = {
  name: "p",
  spiffeidPattern: "^spiffe://example\\.org/web$",
  pathPattern: "^path/.*$",
  permissions: ["read"],
};

/** A ring that generations can be added to and taken from. */
function growing(keyring: Keyring) {
  const keks = new Map([[1, keyring.kek(1).slice()]]);
  return { keks, ring: testKeyring(keyring.storeId, keks) };
}

async function addGeneration(store: Store, keks: Map<number, Uint8Array>, storeId: Uint8Array) {
  const generation = Math.max(...keks.keys()) + 1;
  const kek = newKey(osRandom);
  const wrapped = wrapKek(new Uint8Array(32).fill(0x5a), storeId, generation, kek, osRandom);
  const row = { generation, wrapped, createdAtMs: 0, reservedSeals: 0, state: "active" } as const;
  await store.write((tx) => tx.putKek(row));
  keks.set(generation, kek);
  return generation;
}

/** Secrets of several versions, deleted ones too, a policy and a cipher key, all under generation 1. */
async function fill({ writer, store, keyring, clock }: World) {
  for (const path of PATHS) {
    await writer.put({ path, values: { at: "1" }, author: AUTHOR });
  }
  for (const path of PATHS.slice(0, 7)) {
    await writer.put({ path, values: { at: "2" }, author: AUTHOR });
  }
  await writer.delete({ path: "path/3", versions: [2], author: AUTHOR });
  const budget = createSealBudget({ store, keyring });
  const common = { store, keyring, budget, clock, random: osRandom };
  await createPolicyWriter(common).put({ ...POLICY, author: AUTHOR });
  await createKeyWriter(common).create({ name: "pay", author: AUTHOR });
}

/** Everything that was filled in, read with nothing in memory. */
async function readAll(store: Store, keyring: Keyring): Promise<string> {
  const reader = createSecretReader({ store, keyring });
  const secrets = [];
  for (const path of PATHS) {
    for (const version of [0, 1, 2]) secrets.push(await reader.get({ path, version }));
    secrets.push(await reader.metadata({ path, version: 1 }));
  }
  const onDamage = (reason: unknown) => assert.fail(String(reason));
  const policies = createPolicyReader({ store, keyring, revision: () => 0, onDamage });
  const keys = createKeyReader({ store, keyring, revision: () => 0 });
  const head = await keys.head("pay");
  const key = (await keys.copy(head, 1)).toHex();
  return JSON.stringify([secrets, await policies.get("p"), head, key]);
}

function optionsFor(store: Store, keyring: Keyring) {
  const budget = createSealBudget({ store, keyring });
  return { store, keyring, budget, random: osRandom, pause: () => Promise.resolve() };
}

Deno.test("everything is sealed anew, says what it said, and leaves nothing under the old KEK", async () => {
  for (const kind of ["memory", "sqlite"] as const) {
    await inWorld(kind, async (world) => {
      await fill(world);
      const { store, keyring } = world;
      const before = await readAll(store, keyring);
      const values = await Promise.all(PATHS.map((path) => store.secret(path, 1)));
      const { keks, ring } = growing(keyring);
      await addGeneration(store, keks, keyring.storeId);
      assert.equal(await store.write((tx) => tx.removeKek(1)), false);
      const { done, damaged } = await rewrapGeneration(optionsFor(store, ring), 1);
      assert.deepEqual(done, { head: 17, version: 24, policy: 1, key: 1, keyHead: 1 });
      assert.deepEqual(damaged, []);
      keks.delete(1);
      assert.equal(await readAll(store, ring), before);
      const after = await Promise.all(PATHS.map((path) => store.secret(path, 1)));
      assert.deepEqual(
        after.map((rows) => rows?.version?.sealed),
        values.map((rows) => rows?.version?.sealed),
      );
      assert.equal(await store.write((tx) => tx.removeKek(1)), true);
      const again = await rewrapGeneration(optionsFor(store, ring), 1);
      assert.deepEqual(again.done, { head: 0, version: 0, policy: 0, key: 0, keyHead: 0 });
    });
  }
});

/** A store that dies at its n-th write: before that is stored, or right after. */
function dyingAt(store: Store, at: number, when: "before" | "after"): Store {
  let writes = 0;
  return {
    ...store,
    write: async <T>(work: (tx: StoreTx) => Promise<T>) => {
      if (++writes < at) return await store.write(work);
      if (writes === at && when === "after") await store.write(work);
      throw new Error("killed");
    },
  };
}

Deno.test("killed at any write, before or after it, the work is finished the next time", async () => {
  let points = 0;
  for (const when of ["before", "after"] as const) {
    let isKilled = true;
    for (let at = 1; isKilled; at++) {
      await inWorld("memory", async (world) => {
        await fill(world);
        const { store, keyring } = world;
        const before = await readAll(store, keyring);
        const { keks, ring } = growing(keyring);
        await addGeneration(store, keks, keyring.storeId);
        isKilled = await rewrapGeneration(optionsFor(dyingAt(store, at, when), ring), 1)
          .then(() => false, (error) => /^killed$/.test(error.message));
        if (isKilled) points++;
        assert.equal(await readAll(store, ring), before);
        await rewrapGeneration(optionsFor(store, ring), 1);
        keks.delete(1);
        assert.equal(await readAll(store, ring), before);
        assert.equal(await store.write((tx) => tx.removeKek(1)), true);
      });
    }
  }
  assert.ok(points >= 14, `${points} points`);
});

Deno.test("what is written, deleted and read meanwhile is as it should be", async () => {
  await inWorld("sqlite", async (world) => {
    await fill(world);
    const { store, keyring, clock } = world;
    const { keks, ring } = growing(keyring);
    const budget = createSealBudget({ store, keyring: ring });
    const writer = createSecretWriter({
      store,
      keyring: ring,
      budget,
      clock,
      random: osRandom,
      maxVersions: 3,
    });
    const reader = createSecretReader({ store, keyring: ring });
    await addGeneration(store, keks, keyring.storeId);
    let turns = 0;
    const expected = new Map<string, string>();
    const pause = async () => {
      const path = PATHS[(turns * 7) % PATHS.length] ?? "";
      const at = `new ${turns++}`;
      await Promise.all([
        writer.put({ path, values: { at }, author: AUTHOR }),
        ...PATHS.map((path) => reader.get({ path })),
      ]);
      expected.set(path, at);
    };
    await rewrapGeneration({ ...optionsFor(store, ring), budget, pause }, 1);
    keks.delete(1);
    reader.clear();
    assert.ok(turns >= 5);
    for (const [path, at] of expected) {
      const found = await reader.get({ path });
      assert.deepEqual(found.found && found.values, { at });
    }
    assert.equal(await store.write((tx) => tx.removeKek(1)), true);
  });
});

Deno.test("a damaged row is named, keeps its generation, and holds up nothing else", async () => {
  await inWorld("sqlite", async (world) => {
    await fill(world);
    const { store, keyring, path: file } = world;
    const { keks, ring } = growing(keyring);
    await addGeneration(store, keks, keyring.storeId);
    const db = new DatabaseSync(file);
    db.exec("UPDATE heads SET sealed = zeroblob(100) WHERE path = 'path/5'");
    db.exec("UPDATE versions SET wrapped_key = zeroblob(61) WHERE path = 'path/6' AND version = 2");
    db.close();
    const { done, damaged } = await rewrapGeneration(optionsFor(store, ring), 1);
    assert.deepEqual(damaged, ["version 2 of path/6", "head path/5"]);
    assert.equal(done.head + done.version, 39);
    assert.equal(await store.write((tx) => tx.removeKek(1)), false);
  });
});

Deno.test("a generation is due by use and by age, and not otherwise", () => {
  const row = {
    generation: 1,
    wrapped: new Uint8Array(61),
    createdAtMs: 1000,
    reservedSeals: 0,
    state: "active",
  } as const;
  const at = (nowMs: number, maxAgeMs: number, reservedSeals = 0) =>
    isKekDue([row, { ...row, generation: 2, reservedSeals }], { nowMs, maxAgeMs });
  assert.equal(at(1999, 1000), undefined);
  assert.equal(at(2000, 1000), "age");
  assert.equal(at(2 ** 40, 0), undefined);
  assert.equal(at(1000, 1000, RENEW_AT - 1), undefined);
  assert.equal(at(1000, 1000, RENEW_AT), "use");
  assert.equal(isKekDue([], { nowMs: 0, maxAgeMs: 1 }), undefined);
});

Deno.test("ciphertexts of a named key outlive the rotation of what wraps it", async () => {
  await inWorld("memory", async (world) => {
    await fill(world);
    const { store, keyring } = world;
    const { keks, ring } = growing(keyring);
    let revision = 0;
    const keys = createKeyReader({ store, keyring: ring, revision: () => revision });
    const service = createNamedService({
      keys: () => keys,
      spend: () => Promise.resolve(),
      limitBytes: 100,
      random: osRandom,
    });
    const request = { name: "pay", aad: new Uint8Array(0) };
    const { blob } = await service.encrypt(request, Uint8Array.of(1, 2, 3));
    await addGeneration(store, keks, keyring.storeId);
    await rewrapGeneration(optionsFor(store, ring), 1);
    keks.delete(1);
    revision++;
    assert.deepEqual(await service.decrypt(request, blob), Uint8Array.of(1, 2, 3));
  });
});
