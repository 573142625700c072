import assert from "node:assert/strict";
import { deriveStorageKey, unwrapKek } from "../seal/mod.ts";
import { encodeRecord } from "../recovery/mod.ts";
import { sampleKey } from "../recovery/_sample.ts";
import { assertHealthy, createWorld, Killed } from "./_shard_world.ts";
import type { ChangeKind, ChangeStep } from "./shard_change.ts";
import { recordIn } from "./successor.ts";

const KINDS: readonly ChangeKind[] = ["refresh", "reshare", "rotate-root"];
/** Every step there is with three keepers. */
const STEPS: readonly ChangeStep[] = [
  "surveyed",
  "planned",
  "prepare 1",
  "prepare 2",
  "prepare 3",
  "prepared",
  "committed",
  "promote 1",
  "promote 2",
  "promote 3",
  "promoted",
];
const AFTER_COMMIT: readonly ChangeStep[] = STEPS.slice(STEPS.indexOf("committed"));

function numbersOf(kind: ChangeKind, threshold: number) {
  return kind === "reshare" ? { threshold: threshold === 3 ? 2 : 3 } : {};
}

for (const kind of KINDS) {
  Deno.test(`${kind} puts a new generation in force, everywhere`, async () => {
    const world = await createWorld();
    const nexus = world.start();
    assert.ok(await nexus.recover());
    const before = nexus.control.shards();
    const root = nexus.rootSlots.slot(0).slice();
    const numbers = numbersOf(kind, 2);
    assert.deepEqual(await nexus.run(kind, numbers), {
      generation: 2,
      threshold: numbers.threshold ?? 2,
      shares: 3,
      promoted: [1, 2, 3],
      keks: kind === "rotate-root" ? 1 : 0,
    });
    await assertHealthy(nexus, world);
    const after = nexus.control.shards();
    for (const [i, shard] of after.entries()) {
      assert.notDeepEqual(shard.bytes, before[i]?.bytes);
    }
    assert.deepEqual(nexus.steps.toSorted(), STEPS.toSorted(), "these are all the steps there are");
    const isSameRoot = nexus.rootSlots.slot(0).every((byte, i) => byte === root[i]);
    assert.equal(isSameRoot, kind !== "rotate-root");
    assert.ok(nexus.rootSlots.slot(1).every((byte) => byte === 0));
    nexus.kill();
    const next = world.start();
    assert.ok(await next.recover());
    await assertHealthy(next, world);
  });

  for (const threshold of [2, 3]) {
    for (const step of STEPS) {
      Deno.test(`${kind}, ${threshold} of 3, killed at ${step}: the keepers bring the key back`, async () => {
        const world = await createWorld({ threshold });
        const nexus = world.start(step);
        assert.ok(await nexus.recover());
        await assert.rejects(nexus.run(kind, numbersOf(kind, threshold)), Killed);
        nexus.kill();
        const next = world.start();
        assert.ok(await next.recover());
        const isCommitted = AFTER_COMMIT.includes(step);
        assert.equal(next.control.generation, isCommitted ? 2 : 1);
        assert.equal(
          next.lines.filter(({ event }) => event === "keeper_shard_wrong").length,
          0,
          "a keeper between two sets is not a wrong one",
        );
        await next.run(kind, numbersOf(kind, next.control.present.threshold));
        await assertHealthy(next, world);
      });

      Deno.test(`${kind}, ${threshold} of 3, killed at ${step} and keepers down: nothing is lost`, async () => {
        for (const down of [[1], [2], [3], [1, 2], [1, 3], [2, 3], [1, 2, 3]]) {
          const world = await createWorld({ threshold });
          const nexus = world.start(step);
          assert.ok(await nexus.recover());
          await assert.rejects(nexus.run(kind, numbersOf(kind, threshold)), Killed);
          nexus.kill();
          for (const index of down) (world.keepers[index - 1] ?? assert.fail()).mood = "down";
          const next = world.start();
          const needed = (await world.store.meta())?.shardSet.threshold ?? 0;
          // A prepared set of a lower threshold may do with fewer.
          const isEnough = 3 - down.length >= needed;
          assert.ok(await next.recover() || !isEnough, down.join());
          for (const keeper of world.keepers) keeper.mood = "well";
          if (next.page.state !== "ready") assert.ok(await next.recover());
          await assertHealthy(next, world);
        }
      });

      Deno.test(`${kind}, ${threshold} of 3, killed at ${step} and a keeper started anew: two of three are enough`, async () => {
        for (const index of [1, 2, 3]) {
          const world = await createWorld({ threshold });
          const nexus = world.start(step);
          assert.ok(await nexus.recover());
          await assert.rejects(nexus.run(kind, numbersOf(kind, threshold)), Killed);
          nexus.kill();
          (world.keepers[index - 1] ?? assert.fail()).restart();
          const next = world.start();
          const needed = (await world.store.meta())?.shardSet.threshold ?? 0;
          const isReady = await next.recover();
          if (needed === 2) assert.ok(isReady, `keeper ${index}`);
          // What was prepared may do with fewer than what is in force; if not, nothing was given up.
          if (isReady) await assertHealthy(next, world);
          else assert.notEqual(next.page.state, "ready");
        }
      });
    }
  }

  Deno.test(`${kind} with a keeper down is refused, names it and changes nothing`, async () => {
    for (const mood of ["down", "hanging"] as const) {
      const world = await createWorld();
      const nexus = world.start();
      assert.ok(await nexus.recover());
      const third = world.keepers[2] ?? assert.fail();
      third.mood = mood;
      await assert.rejects(nexus.run(kind, numbersOf(kind, 2)), {
        code: "keeper_not_placed",
        message: "Keeper 3 cannot be given a new shard; nothing was changed",
      });
      third.release();
      assert.equal(nexus.control.generation, 1);
      await assertHealthyButPending(nexus, world);
      await nexus.run(kind, numbersOf(kind, 2));
      await assertHealthy(nexus, world);
    }
  });
}

async function assertHealthyButPending(
  nexus: Parameters<typeof assertHealthy>[0],
  world: Parameters<typeof assertHealthy>[1],
): Promise<void> {
  assert.deepEqual(nexus.control.keyring.kek(1), world.kek);
  for (const { stamp, bytes } of nexus.control.shards()) {
    assert.deepEqual(world.keepers[stamp.index - 1]?.holding.current?.bytes, bytes);
  }
  await nexus.check();
}

Deno.test("a keeper that goes down after the commit gets its shard when it is back", async () => {
  for (const mood of ["down", "hanging"] as const) {
    const world = await createWorld({ threshold: 3 });
    const third = world.keepers[2] ?? assert.fail();
    const nexus = world.start(undefined, (step) => {
      if (step === "committed") third.mood = mood;
    });
    assert.ok(await nexus.recover());
    assert.deepEqual((await nexus.run("rotate-root")).promoted, [1, 2]);
    third.release();
    await assertHealthy(nexus, world);
  }
});

Deno.test("a keeper that says yes and keeps nothing stops the change before the commit", async () => {
  const world = await createWorld();
  const nexus = world.start();
  assert.ok(await nexus.recover());
  const liar = world.keepers[1] ?? assert.fail();
  const { holding } = liar;
  Object.defineProperty(liar, "holding", { get: () => holding, set: () => {} });
  await assert.rejects(nexus.run("refresh"), {
    code: "keeper_not_placed",
    message: /^Keeper 2 cannot/,
  });
  assert.equal(nexus.control.generation, 1);
});

Deno.test("shards of the original's scheme cannot be changed, and nothing is tried", async () => {
  for (const kind of KINDS) {
    const world = await createWorld({ scheme: "p256" });
    const nexus = world.start();
    assert.ok(await nexus.recover());
    await assert.rejects(nexus.run(kind, numbersOf(kind, 2)), { code: "shard_scheme_fixed" });
    assert.ok(world.keepers.every(({ holding }) => holding.pending === undefined));
    await assertHealthy(nexus, world);
  }
});

Deno.test("a rotation wraps every KEK anew under the new root key, and the old one opens none", async () => {
  const world = await createWorld();
  const nexus = world.start();
  assert.ok(await nexus.recover());
  await nexus.run("rotate-root");
  const meta = await world.store.meta();
  const [row] = await world.store.keks();
  assert.ok(meta && row);
  const open = (root: Uint8Array) =>
    unwrapKek(deriveStorageKey(root, meta.storeId), meta.storeId, row.generation, row.wrapped);
  assert.throws(() => open(sampleKey()), { code: "state_integrity_check" });
  assert.deepEqual(open(nexus.rootSlots.slot(0)), world.kek);
});

Deno.test("a rotation takes every generation of the KEK along", async () => {
  const world = await createWorld();
  const nexus = world.start();
  assert.ok(await nexus.recover());
  await nexus.control.addKek();
  const newest = nexus.control.keyring.kek(2).slice();
  assert.equal((await nexus.run("rotate-root")).keks, 2);
  await nexus.control.addKek();
  nexus.kill();
  const next = world.start();
  assert.ok(await next.recover());
  await assertHealthy(next, world);
  assert.deepEqual(next.control.keyring.kek(2), newest);
  assert.equal(next.control.keyring.currentKek, 3);
});

Deno.test("shards of earlier sets are known: those of the same root key still open, older ones are named", async () => {
  const world = await createWorld();
  const nexus = world.start();
  assert.ok(await nexus.recover());
  const first = nexus.control.shards().map(({ bytes }) => bytes.slice());
  await nexus.run("refresh");
  const refreshed = await nexus.control.recognise(1, first[0] ?? assert.fail());
  assert.ok(refreshed.kind === "right" && refreshed.isPast && refreshed.set.generation === 1);
  await nexus.run("rotate-root");
  const second = nexus.control.shards()[0] ?? assert.fail();
  assert.equal((await nexus.control.recognise(1, second.bytes)).kind, "right");
  assert.deepEqual(await nexus.control.recognise(1, first[0] ?? assert.fail()), {
    kind: "older-root",
    generation: 1,
  });
});

Deno.test("a request for another generation than the one in force changes nothing", async () => {
  const world = await createWorld();
  const nexus = world.start();
  assert.ok(await nexus.recover());
  await nexus.run("refresh");
  await assert.rejects(nexus.run("refresh", { generation: 1 }), { code: "shard_set_changed" });
  assert.equal(nexus.control.generation, 2);
});

Deno.test("two changes at once are not made", async () => {
  const world = await createWorld();
  const nexus = world.start();
  assert.ok(await nexus.recover());
  const outcomes = await Promise.allSettled([nexus.run("refresh"), nexus.run("rotate-root")]);
  assert.deepEqual(outcomes.map(({ status }) => status), ["fulfilled", "rejected"]);
  await assertHealthy(nexus, world);
});

Deno.test("a reshare follows the keepers that are listed, up and down", async () => {
  const world = await createWorld({ listed: 5 });
  const nexus = world.start();
  assert.ok(await nexus.recover());
  await assert.rejects(nexus.run("reshare", { threshold: 3, shares: 6 }), {
    code: "keepers_too_few",
  });
  await assert.rejects(nexus.run("reshare", { threshold: 1 }), { code: "data_invalid_input" });
  await nexus.run("reshare", { threshold: 3, shares: 5 });
  await assertHealthy(nexus, world);
  nexus.kill();
  const next = world.start();
  assert.ok(await next.recover());
  assert.equal(next.control.shards().length, 5);
  await next.run("reshare", { threshold: 2, shares: 2 });
  await assertHealthy(next, world);
});

Deno.test("keepers with one slot: refused, then refused without an export, then done", async () => {
  for (const kind of KINDS) {
    const world = await createWorld({ originals: [2] });
    const nexus = world.start();
    assert.ok(await nexus.recover());
    const numbers = numbersOf(kind, 2);
    await assert.rejects(nexus.run(kind, numbers), { code: "keeper_single_slot" });
    const accepting = { ...numbers, acceptsSingleSlot: true };
    await assert.rejects(nexus.run(kind, accepting), { code: "recovery_not_exported" });
    const { setId } = nexus.control.present;
    await world.store.write(async (tx) => {
      const record = { ...await recordIn(tx), exported: { setId, atMs: 1 } };
      await tx.putMark("recovery", encodeRecord(record));
    });
    await nexus.run(kind, accepting);
    await assertHealthy(nexus, world);
  }
});

Deno.test("a generation is above all that keepers hold, so that a database put back can go on", async () => {
  const world = await createWorld();
  const nexus = world.start();
  assert.ok(await nexus.recover());
  const meta = await world.store.meta();
  assert.ok(meta);
  await nexus.run("refresh");
  await nexus.run("refresh");
  nexus.kill();
  await world.store.write((tx) => tx.changeMeta(meta));
  const next = world.start();
  assert.ok(await next.recover(), "generation 3 gives the same root key");
  assert.equal(next.control.generation, 1);
  assert.equal((await next.run("refresh")).generation, 4);
  await assertHealthy(next, world);
});

Deno.test("after a seal in the middle of a change nothing is committed", async () => {
  const world = await createWorld();
  const nexus = world.start(undefined, (step, { control }) => {
    if (step === "prepared") control.seal();
  });
  assert.ok(await nexus.recover());
  await assert.rejects(nexus.run("rotate-root"), { code: "root_key_missing" });
  assert.equal(nexus.page.state, "sealed");
  assert.ok(nexus.rootSlots.slot(1).every((byte) => byte === 0));
  assert.equal((await world.store.meta())?.shardSet.generation, 1);
});

Deno.test("no line of a change holds a key or a shard", async () => {
  const world = await createWorld();
  const nexus = world.start();
  assert.ok(await nexus.recover());
  await nexus.run("rotate-root");
  const text = JSON.stringify(nexus.lines);
  for (const bytes of [nexus.rootSlots.slot(0), ...nexus.control.shards().map((s) => s.bytes)]) {
    assert.ok(
      ![bytes.toHex(), bytes.toBase64(), [...bytes].join()].some((form) => text.includes(form)),
    );
  }
});
