import assert from "node:assert/strict";
import { RESERVE_BLOCK, SEAL_LIMIT } from "../seal/mod.ts";
import { createSealBudget } from "./budget.ts";
import { AUTHOR, inWorld, testKeyring, type World } from "./secret_fixture.ts";

async function reserved({ store }: World): Promise<number | undefined> {
  return (await store.keks())[0]?.reservedSeals;
}

Deno.test("a block of sealings is reserved durably before the first is used", () =>
  inWorld("memory", async (world) => {
    assert.equal(await reserved(world), 0);
    await world.writer.put({ path: "a", values: {}, author: AUTHOR });
    assert.equal(await reserved(world), RESERVE_BLOCK);
    await world.writer.put({ path: "a", values: {}, author: AUTHOR });
    assert.equal(await reserved(world), RESERVE_BLOCK);
  }));

Deno.test("a restart gives up the rest of a block and reserves another", () =>
  inWorld("memory", async (world) => {
    assert.equal(await createSealBudget(world).take(1), 1);
    assert.equal(await createSealBudget(world).take(1), 1);
    assert.equal(await reserved(world), 2 * RESERVE_BLOCK);
  }));

Deno.test("takers at once share one reservation", () =>
  inWorld("memory", async (world) => {
    const budget = createSealBudget(world);
    await Promise.all(Array.from({ length: 10 }, () => budget.take(100)));
    assert.equal(await reserved(world), RESERVE_BLOCK);
    await Promise.all(Array.from({ length: 3 }, () => budget.take(RESERVE_BLOCK / 2)));
    assert.equal(await reserved(world), 2 * RESERVE_BLOCK);
  }));

Deno.test("a key that is used up seals nothing more", () =>
  inWorld("memory", async (world) => {
    await world.store.write((tx) => tx.reserveSeals(1, SEAL_LIMIT - RESERVE_BLOCK));
    const budget = createSealBudget(world);
    assert.equal(budget.isRenewalDue(), false);
    await budget.take(RESERVE_BLOCK);
    assert.equal(budget.isRenewalDue(), true);
    await assert.rejects(budget.take(1), { code: "state_not_ready" });
  }));

Deno.test("a new generation has a budget of its own", () =>
  inWorld("memory", async (world) => {
    const keks = new Map([[1, new Uint8Array(32)]]);
    const keyring = testKeyring(world.keyring.storeId, keks);
    const budget = createSealBudget({ store: world.store, keyring });
    assert.equal(await budget.take(1), 1);
    keks.set(2, new Uint8Array(32));
    await assert.rejects(budget.take(1), { code: "state_integrity_check" });
    await world.store.write(async (tx) => {
      const [first] = await tx.keks();
      if (first) await tx.putKek({ ...first, generation: 2, reservedSeals: 0 });
    });
    assert.equal(await budget.take(1), 2);
  }));
