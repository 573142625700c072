import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { osRandom, RENEW_AT, SEAL_LIMIT } from "../seal/mod.ts";
import { createSealBudget } from "../secret/mod.ts";
import { openMemory } from "../store/memory.ts";
import type { Store } from "../store/port.ts";
import { openSqlite } from "../store/sqlite.ts";
import { ENCRYPTION_BLOCK } from "./budget.ts";
import { NOW_MS, worldOver } from "./cipher_fixture.ts";
import { keyRowName, parseKeyName } from "./key_name.ts";
import { createKeyReader } from "./key_reader.ts";
import { createKeyWriter } from "./key_writer.ts";
import { createNamedService } from "./named_service.ts";

const AUTHOR = "spiffe://example.org/manager";
const LIMIT = 256;
const NOTHING = new Uint8Array(0);
const text = (words: string) => new TextEncoder().encode(words);
const of = (name: string, aad = NOTHING) => ({ name, aad });

async function world(store: Store = openMemory()) {
  const { keyring } = await worldOver(store);
  let revision = 0;
  const budget = createSealBudget({ store, keyring });
  const inner = createKeyWriter({ store, keyring, budget, clock: () => NOW_MS, random: osRandom });
  const told = async <T>(change: Promise<T>) => await change.finally(() => revision++);
  const change = {
    create: (name: string) => told(inner.create({ name, author: AUTHOR })),
    rotate: (name: string) => told(inner.rotate({ name, author: AUTHOR })),
    set: (name: string, settings: { minVersion?: number; isRetired?: boolean }) =>
      told(inner.set({ name, author: AUTHOR, ...settings })),
  };
  const reader = createKeyReader({ store, keyring, revision: () => revision });
  const spent: string[] = [];
  const service = createNamedService({
    keys: () => reader,
    spend: (name, version) => Promise.resolve(void spent.push(`${name}@${version}`)),
    limitBytes: LIMIT,
    random: osRandom,
  });
  return { store, keyring, change, reserve: inner.reserve, reader, service, spent };
}

Deno.test("what a version encrypted is decrypted after any number of rotations", async () => {
  const { change, service, spent } = await world();
  await change.create("a");
  const old = await service.encrypt(of("a"), text("hello"));
  for (let i = 0; i < 3; i++) await change.rotate("a");
  const young = await service.encrypt(of("a"), text("hello"));
  assert.deepEqual([old.version, young.version], [1, 4]);
  for (const { blob } of [old, young]) {
    assert.deepEqual(await service.decrypt(of("a"), blob), text("hello"));
  }
  assert.deepEqual(spent, ["a@1", "a@4"]);
});

Deno.test("rewrapping gives the newest version and keeps what it is bound to", async () => {
  const { change, service } = await world();
  await change.create("a");
  const old = await service.encrypt(of("a", text("place")), text("hello"));
  await change.rotate("a");
  const again = await service.rewrap(of("a", text("place")), old.blob);
  assert.equal(again.version, 2);
  assert.deepEqual(await service.decrypt(of("a", text("place")), again.blob), text("hello"));
  await assert.rejects(service.rewrap(of("a"), old.blob), { code: "cipher_not_authentic" });
});

Deno.test("versions below the lowest one neither decrypt nor rewrap, until it is lowered", async () => {
  const { change, service } = await world();
  await change.create("a");
  const { blob } = await service.encrypt(of("a"), text("hello"));
  await change.rotate("a");
  await change.set("a", { minVersion: 2 });
  for (const call of [service.decrypt(of("a"), blob), service.rewrap(of("a"), blob)]) {
    await assert.rejects(call, { code: "crypto_unsupported_version" });
  }
  await change.set("a", { minVersion: 1 });
  assert.deepEqual(await service.decrypt(of("a"), blob), text("hello"));
  for (const minVersion of [0, -1, 3]) {
    await assert.rejects(change.set("a", { minVersion }), { code: "api_bad_request" });
  }
});

Deno.test("a key that is out of use does nothing, and comes back as it was", async () => {
  const { change, service } = await world();
  await change.create("a");
  const { blob } = await service.encrypt(of("a"), text("hello"));
  await change.set("a", { isRetired: true });
  for (const call of [service.encrypt(of("a"), NOTHING), service.decrypt(of("a"), blob)]) {
    await assert.rejects(call, { code: "cipher_key_retired" });
  }
  const head = await change.set("a", { isRetired: false });
  assert.equal(head.versions.length, 1);
  assert.deepEqual(await service.decrypt(of("a"), blob), text("hello"));
});

Deno.test("a ciphertext is of one key: no other key decrypts it, and says so", async () => {
  const { change, service } = await world();
  await change.create("a");
  await change.create("b");
  const { blob } = await service.encrypt(of("a"), text("hello"));
  await assert.rejects(service.decrypt(of("b"), blob), {
    code: "cipher_not_authentic",
    message: "Ciphertext was encrypted with a key other than b",
  });
  // The head of b does not help: key and header are bound together.
  const { blob: other } = await service.encrypt(of("b"), text("hello"));
  const spliced = blob.slice();
  spliced.set(other.subarray(0, 25));
  await assert.rejects(service.decrypt(of("b"), spliced), { code: "cipher_not_authentic" });
});

Deno.test("names in use, unknown names and names that cannot be are refused", async () => {
  const { change, service } = await world();
  await change.create("a");
  await assert.rejects(change.create("a"), { code: "entity_conflict" });
  await assert.rejects(change.rotate("b"), { code: "api_not_found" });
  await assert.rejects(change.set("b", { isRetired: true }), { code: "api_not_found" });
  await assert.rejects(service.encrypt(of("b"), NOTHING), { code: "api_not_found" });
  for (
    const name of ["", "a/b", "../a", ".a", "-a", "a b", "ä", "default", "x".repeat(65), "a\n"]
  ) {
    assert.throws(() => parseKeyName(name), { code: "api_bad_request" }, name);
    await assert.rejects(change.create(name), { code: "api_bad_request" });
    await assert.rejects(service.encrypt(of(name), NOTHING), { code: "api_bad_request" });
  }
  for (const name of ["a", "A-1_2.3", "0", "x".repeat(64)]) assert.equal(parseKeyName(name), name);
});

Deno.test("what is too long is refused before anything is spent", async () => {
  const { change, service, spent } = await world();
  await change.create("a");
  await service.encrypt(of("a"), new Uint8Array(LIMIT - 16));
  spent.length = 0;
  const long = new Uint8Array(LIMIT - 15);
  await assert.rejects(service.encrypt(of("a"), long), { code: "api_bad_request" });
  const aad = new Uint8Array(4097);
  await assert.rejects(service.encrypt(of("a", aad), NOTHING), { code: "api_bad_request" });
  await assert.rejects(service.decrypt(of("a"), new Uint8Array(LIMIT + 38)), {
    code: "api_bad_request",
  });
  assert.deepEqual(spent, []);
});

Deno.test("a version gives its last block and no more, and asks for renewal in good time", async () => {
  const { store, change, reserve } = await world();
  await change.create("a");
  assert.deepEqual(await reserve("a", 1), { count: ENCRYPTION_BLOCK, isRenewalDue: false });
  await store.write((tx) =>
    tx.reserveKeySeals(keyRowName("a"), 1, RENEW_AT - 2 * ENCRYPTION_BLOCK)
  );
  assert.deepEqual(await reserve("a", 1), { count: ENCRYPTION_BLOCK, isRenewalDue: true });
  await store.write((tx) => tx.reserveKeySeals(keyRowName("a"), 1, SEAL_LIMIT - RENEW_AT));
  await assert.rejects(reserve("a", 1), { code: "state_not_ready" });
  await change.rotate("a");
  assert.deepEqual(await reserve("a", 2), { count: ENCRYPTION_BLOCK, isRenewalDue: false });
});

Deno.test("a reader reads each row once, and again after every change", async () => {
  const { store, keyring, change } = await world();
  await change.create("a");
  let looks = 0;
  let revision = 0;
  const counting = {
    ...store,
    keyHead: (name: string) => (looks++, store.keyHead(name)),
    key: (name: string, version: number) => (looks++, store.key(name, version)),
  };
  const reader = createKeyReader({ store: counting, keyring, revision: () => revision });
  const use = async () => (await reader.copy(await reader.head("a"), 1)).toHex();
  const first = await use();
  assert.equal(await use(), first);
  assert.equal(looks, 2);
  revision++;
  assert.equal(await use(), first);
  assert.equal(looks, 4);
  const [copy] = [await reader.copy(await reader.head("a"), 1)];
  copy.fill(0);
  assert.equal(await use(), first);
});

Deno.test("a reader serves nothing from memory once the ring is empty", async () => {
  const { keyring, change, reader } = await world();
  await change.create("a");
  const head = await reader.head("a");
  await reader.copy(head, 1);
  keyring.wipe();
  await assert.rejects(reader.head("a"), { code: "root_key_missing" });
  await assert.rejects(reader.copy(head, 1), { code: "root_key_missing" });
});

Deno.test("rows that were edited, exchanged or removed are damage, and name the key", async () => {
  const damage: Record<string, string> = {
    "the head edited": "UPDATE key_heads SET sealed = zeroblob(90) WHERE name = 'a'",
    "the head of b in its place":
      "UPDATE key_heads SET sealed = (SELECT sealed FROM key_heads WHERE name = 'b') WHERE name = 'a'",
    "its revision edited": "UPDATE key_heads SET revision = 9 WHERE name = 'a'",
    "the key of b in its place":
      "UPDATE keys SET wrapped = (SELECT wrapped FROM keys WHERE name = 'cipher/key/b' AND version = 1) WHERE name = 'cipher/key/a'",
    "its versions exchanged":
      "UPDATE keys SET version = 3 - version + 10 WHERE name = 'cipher/key/a'; UPDATE keys SET version = version - 10 WHERE name = 'cipher/key/a'",
    "the key removed": "DELETE FROM keys WHERE name = 'cipher/key/a'",
  };
  for (const [what, sql] of Object.entries(damage)) {
    const dir = await Deno.makeTempDir();
    const path = `${dir}/spike.db`;
    const { store, change, service } = await world(openSqlite({ path, mode: "write" }));
    for (const name of ["a", "b"]) {
      await change.create(name);
      await change.rotate(name);
    }
    const db = new DatabaseSync(path);
    db.exec(sql);
    db.close();
    const refusal = {
      code: "state_integrity_check",
      message: "Cipher key a is not what was stored",
    };
    await assert.rejects(service.encrypt(of("a"), NOTHING), refusal, what);
    await service.encrypt(of("b"), NOTHING);
    await store.close();
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("an older head put back does not lead to a version number used twice", async () => {
  const { store, change } = await world();
  await change.create("a");
  const old = await store.keyHead("a");
  await change.rotate("a");
  assert.ok(old);
  await store.write((tx) => tx.putKeyHead(old));
  await assert.rejects(change.rotate("a"), { code: "state_integrity_check" });
});

Deno.test("a listing leaves a damaged key out and tells of it", async () => {
  const { store, change, reader } = await world();
  for (const name of ["b", "a", "c"]) await change.create(name);
  const row = await store.keyHead("a");
  assert.ok(row);
  await store.write((tx) => tx.putKeyHead({ ...row, sealed: row.sealed.with(30, 1) }));
  const told: unknown[] = [];
  const heads = await reader.list((reason) => told.push(reason));
  assert.deepEqual(heads.map(({ name }) => name), ["b", "c"]);
  assert.equal(told.length, 1);
});
