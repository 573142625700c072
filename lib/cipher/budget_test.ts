import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { SEAL_LIMIT } from "../seal/mod.ts";
import { openMemory } from "../store/memory.ts";
import { openSqlite } from "../store/sqlite.ts";
import { createEncryptionBudget, createEncryptionBudgets, ENCRYPTION_BLOCK } from "./budget.ts";
import { worldOver } from "./cipher_fixture.ts";
import { DEFAULT_KEY, reserveEncryptions } from "./default_key.ts";

Deno.test("a block is written down before it is given", async () => {
  const { store, load } = await worldOver(openMemory());
  await load();
  assert.equal((await reserveEncryptions(store, 1)).count, ENCRYPTION_BLOCK);
  assert.equal((await reserveEncryptions(store, 1)).count, ENCRYPTION_BLOCK);
  const [row] = await store.keys(DEFAULT_KEY);
  assert.equal(row?.reservedSeals, 2 * ENCRYPTION_BLOCK);
});

Deno.test("a key gives its last block, then no more, and nothing is counted for a refusal", async () => {
  const { store, load } = await worldOver(openMemory());
  await load();
  const reserved = SEAL_LIMIT - ENCRYPTION_BLOCK;
  await store.write((tx) => tx.reserveKeySeals(DEFAULT_KEY, 1, reserved));
  assert.equal((await reserveEncryptions(store, 1)).count, ENCRYPTION_BLOCK);
  await assert.rejects(reserveEncryptions(store, 1), { code: "state_not_ready" });
  assert.equal((await store.keys(DEFAULT_KEY))[0]?.reservedSeals, SEAL_LIMIT);
});

Deno.test("a count of encryptions that this program never wrote is damage", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/spike.db`;
  const { store, load } = await worldOver(openSqlite({ path, mode: "write" }));
  await load();
  for (const count of [SEAL_LIMIT + 1, 2n ** 53n, 2n ** 63n - 1n]) {
    const db = new DatabaseSync(path);
    db.exec(`UPDATE keys SET reserved_seals = ${count}`);
    db.close();
    await assert.rejects(reserveEncryptions(store, 1), {
      code: "state_integrity_check",
      message: /^Sealing budget is \d+, expected an integer from 0 to 4294967296$/,
    });
    assert.deepEqual((await load()).damaged, []);
  }
  await store.close();
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a version that the store does not know has no budget", async () => {
  const { store, load } = await worldOver(openMemory());
  await load();
  await assert.rejects(reserveEncryptions(store, 2), { code: "state_integrity_check" });
});

Deno.test("each block is fetched once, however many wait for it, and used up", async () => {
  const asked: number[] = [];
  const spend = createEncryptionBudget((version) => Promise.resolve((asked.push(version), 3)));
  await Promise.all(Array.from({ length: 7 }, () => spend(1)));
  assert.deepEqual(asked, [1, 1, 1]);
  await spend(1);
  await spend(1);
  assert.deepEqual(asked, [1, 1, 1]);
  await spend(1);
  assert.equal(asked.length, 4);
});

Deno.test("a new version starts with a block of its own", async () => {
  const asked: number[] = [];
  const spend = createEncryptionBudget((version) => Promise.resolve((asked.push(version), 100)));
  await spend(1);
  await spend(2);
  await spend(2);
  assert.deepEqual(asked, [1, 2]);
});

Deno.test("a refused block refuses the encryption, and the next one asks again", async () => {
  let isUp = false;
  const spend = createEncryptionBudget(() =>
    isUp ? Promise.resolve(1) : Promise.reject(new Error("down"))
  );
  await assert.rejects(spend(1), /down/);
  isUp = true;
  await spend(1);
});

Deno.test("each key has blocks of its own, however many there are", async () => {
  const asked: string[] = [];
  const spend = createEncryptionBudgets((name, version) =>
    Promise.resolve((asked.push(`${name}@${version}`), 2))
  );
  for (const name of ["a", "b", "a", "b", "a"]) await spend(name, 1);
  assert.deepEqual(asked, ["a@1", "b@1", "a@1"]);
});
