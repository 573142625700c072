import assert from "node:assert/strict";
import { SpikeError } from "../error/error.ts";
import { FakeKeeper } from "../recovery/_fake_keeper.ts";
import { sampleId, sampleKey, sampleSet, sampleShards } from "../recovery/_sample.ts";
import type { Candidate, ShardSet } from "../recovery/mod.ts";
import { keepLines } from "../telemetry/_sink.ts";
import { KeeperSync } from "./keeper_sync.ts";

const STORE = sampleId(1);

function build(options: { isOriginal?: boolean; set?: ShardSet } = {}) {
  const keepers = [1, 2, 3].map((i) => new FakeKeeper(i, options.isOriginal));
  const { log, lines, events } = keepLines();
  const stale: number[] = [];
  const handed: Uint8Array[] = [];
  const world: { replaces?: Uint8Array; nowMs: number } = { nowMs: Date.UTC(2026, 0, 1) };
  const shards = () => sampleShards({ storeId: STORE, set: options.set ?? sampleSet() });
  const sync = new KeeperSync({
    keepers: keepers.map((keeper) => keeper.clientFor("nexus")),
    log,
    clock: () => world.nowMs,
    shards: () => {
      const made = shards();
      handed.push(...made.map(({ bytes }) => bytes));
      return made;
    },
    replaces: () => world.replaces,
    onNewerGeneration: (generation) => stale.push(generation),
  });
  const states = () => sync.statuses.map(({ state }) => state);
  const push = async () => {
    sync.push();
    await sync.settled();
  };
  const check = async () => {
    sync.check();
    await sync.settled();
  };
  const holds = () =>
    keepers.map(({ holding }, i) => {
      const held = holding.current?.bytes.toHex();
      return held !== undefined && held === shards()[i]?.bytes.toHex();
    });
  const named = () => lines.filter(({ event }) => event === "keeper_shard_wrong");
  return { keepers, sync, lines, events, stale, handed, world, states, push, check, holds, named };
}

/** Puts a shard of another key into a keeper, as confirmed as any. */
function spoil(keeper: FakeKeeper | undefined, storeId = STORE): void {
  const shard = sampleShards({ key: sampleKey(7), storeId })[(keeper?.index ?? 1) - 1];
  assert.ok(keeper && shard);
  keeper.holding = { current: { ...shard, from: "nexus" } };
}

const turnsOver = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("a push gives every keeper its own shard, and the shards are zeroed afterwards", async () => {
  const { push, holds, states, handed } = build();
  assert.deepEqual((build()).states(), ["unknown", "unknown", "unknown"]);
  await push();
  assert.deepEqual(holds(), [true, true, true]);
  assert.deepEqual(states(), ["ok", "ok", "ok"]);
  assert.ok(handed.length === 3 && handed.every((bytes) => bytes.every((byte) => byte === 0)));
});

Deno.test("a check leaves keepers alone that hold their shard, and logs nothing new", async () => {
  const { push, check, keepers, lines } = build();
  await push();
  const before = lines.length;
  for (const keeper of keepers) keeper.asked.length = 0;
  await check();
  assert.deepEqual(keepers.map(({ asked }) => asked), [["probe"], ["probe"], ["probe"]]);
  assert.equal(lines.length, before);
});

Deno.test("a keeper that lost its shard gets it back at once", async () => {
  const { push, check, keepers, holds, states, events } = build();
  await push();
  keepers[1]?.restart();
  await check();
  assert.deepEqual(holds(), [true, true, true]);
  assert.deepEqual(states(), ["ok", "ok", "ok"]);
  assert.ok(events().includes("keeper_empty"));
});

Deno.test("a keeper that holds Bootstrap's shard is confirmed without a complaint", async () => {
  const { check, keepers, holds, named } = build();
  for (const [i, { bytes, stamp }] of sampleShards().entries()) {
    const keeper = keepers[i];
    assert.ok(keeper);
    keeper.holding = { current: { bytes, stamp, from: "bootstrap" } };
  }
  await check();
  assert.deepEqual(holds(), [true, true, true]);
  assert.ok(keepers.every(({ holding }) => holding.current?.from === "nexus"));
  assert.equal(named().length, 0);
});

Deno.test("a keeper with a wrong shard is named once and gets the right one", async () => {
  const { push, check, keepers, holds, states, named } = build();
  await push();
  spoil(keepers[2]);
  await check();
  await check();
  assert.deepEqual(holds(), [true, true, true]);
  assert.deepEqual(states(), ["ok", "ok", "ok"]);
  assert.deepEqual(named().map(({ level, fields }) => [level, fields["keeper"]]), [["error", 3]]);
});

Deno.test("a keeper that never keeps what it is given stays wrong and is named once", async () => {
  const { check, keepers, states, named } = build();
  const [first] = keepers;
  assert.ok(first);
  const lie = sampleShards({ key: sampleKey(7), storeId: STORE })[0];
  assert.ok(lie);
  Object.defineProperty(first, "holding", {
    get: () => ({ current: { ...lie, from: "nexus" } }),
    set: () => {},
  });
  for (let i = 0; i < 4; i++) await check();
  assert.deepEqual(states(), ["wrong", "ok", "ok"]);
  assert.equal(named().length, 1);
});

Deno.test("a keeper that hangs delays nobody, is asked nothing more, and catches up", async () => {
  const { sync, keepers, states, holds } = build();
  const [, second] = keepers;
  assert.ok(second);
  second.mood = "hanging";
  sync.push();
  await turnsOver();
  assert.deepEqual(states(), ["ok", "unknown", "ok"]);
  sync.check();
  await turnsOver();
  assert.deepEqual(second.asked, ["contribute"]);
  second.release();
  await sync.settled();
  assert.deepEqual(states(), ["ok", "ok", "ok"]);
  assert.deepEqual(holds(), [true, true, true]);
});

Deno.test("a keeper that is away is noted once, and its last sight is kept", async () => {
  const { push, check, keepers, sync, lines, world } = build();
  await push();
  const [first] = keepers;
  assert.ok(first);
  first.mood = "down";
  world.nowMs += 60_000;
  await check();
  await check();
  assert.equal(sync.statuses[0]?.state, "unreachable");
  assert.equal(sync.statuses[0]?.lastSeen, "2026-01-01T00:00:00.000Z");
  assert.equal(sync.statuses[1]?.lastSeen, "2026-01-01T00:01:00.000Z");
  assert.equal(lines.filter(({ event }) => event === "keeper_unreachable").length, 1);
  first.release();
  await check();
  assert.equal(sync.statuses[0]?.state, "ok");
  assert.equal("detail" in (sync.statuses[0] ?? {}), false);
});

Deno.test("a later generation in a keeper is told with the generation that was offered", async () => {
  const { check, keepers, stale, states } = build();
  const set = sampleSet({ generation: 4, setId: sampleId(4) });
  const [later] = sampleShards({ set, storeId: STORE });
  const [first] = keepers;
  assert.ok(later && first);
  first.holding = { current: { ...later, from: "nexus" } };
  await check();
  assert.deepEqual(stale, [1]);
  assert.deepEqual(states(), ["wrong", "ok", "ok"]);
  assert.equal(first.holding.current?.stamp?.generation, 4);
});

Deno.test("a keeper of another store keeps its shard unless that store was given up", async () => {
  const { check, keepers, states, holds, world } = build();
  spoil(keepers[0], sampleId(2));
  await check();
  assert.deepEqual(states(), ["wrong", "ok", "ok"]);
  assert.deepEqual(holds(), [false, true, true]);
  world.replaces = sampleId(2);
  await check();
  assert.deepEqual(states(), ["ok", "ok", "ok"]);
  assert.deepEqual(holds(), [true, true, true]);
});

Deno.test("keepers that answer no probe are compared by shard, and what they gave is zeroed", async () => {
  const { push, check, keepers, holds, states, named } = build({ isOriginal: true });
  await push();
  keepers[0]?.restart();
  spoil(keepers[1]);
  await check();
  assert.deepEqual(holds(), [true, true, true]);
  assert.deepEqual(states(), ["ok", "ok", "ok"]);
  assert.deepEqual(named().map(({ fields }) => fields["keeper"]), [2]);
  const given = keepers.flatMap((keeper) => keeper.given);
  assert.ok(given.length >= 3 && given.every((bytes) => bytes.every((byte) => byte === 0)));
});

Deno.test("whatever one keeper provokes, it is noted without its text and the others are served", async () => {
  const garbage = new SpikeError("data_unmarshal_failure", "The keeper's answer is no shard");
  const cases: [Error, string, RegExp][] = [
    [garbage, "wrong", /no shard/],
    [new TypeError("secret inside"), "unreachable", /^Unexpected failure: TypeError$/],
    [new SpikeError("access_unauthorized", "Refused"), "unreachable", /Refused/],
  ];
  for (const [mood, state, detail] of cases) {
    const { push, check, keepers, states, sync, lines } = build();
    const [first] = keepers;
    assert.ok(first);
    first.mood = mood;
    await push();
    await check();
    assert.deepEqual(states(), [state, "ok", "ok"]);
    assert.match(sync.statuses[0]?.detail ?? "", detail);
    assert.equal(await sync.collect((all) => Promise.resolve(all.length === 2)), true);
    assert.equal(JSON.stringify(lines).includes("secret inside"), false);
  }
});

Deno.test("collecting ends as soon as it is enough, hanging keepers or not, and wipes what came", async () => {
  const { push, sync, keepers } = build();
  await push();
  const [, , third] = keepers;
  assert.ok(third);
  third.mood = "hanging";
  const seen: Candidate[] = [];
  const isEnough = await sync.collect((candidates) => {
    seen.splice(0, Infinity, ...candidates);
    assert.ok(candidates.every(({ bytes }) => bytes.some((byte) => byte !== 0)));
    return Promise.resolve(candidates.length === 2);
  });
  assert.equal(isEnough, true);
  assert.deepEqual(seen.map(({ keeper }) => keeper), [1, 2]);
  assert.ok(seen.every(({ bytes }) => bytes.every((byte) => byte === 0)));
  third.release();
  await turnsOver();
  const given = keepers.flatMap((keeper) => keeper.given);
  assert.equal(given.length, 6);
  assert.ok(given.every((bytes) => bytes.every((byte) => byte === 0)), "the late one, too");
});

Deno.test("when all were asked and it is not enough, collecting says so and wipes", async () => {
  const { push, sync, keepers, states } = build();
  await push();
  keepers[0]?.restart();
  const sizes: number[] = [];
  const isEnough = await sync.collect((candidates) => {
    sizes.push(candidates.length);
    return Promise.resolve(false);
  });
  assert.equal(isEnough, false);
  assert.deepEqual(sizes, [1, 2], "an empty answer changes nothing and is not judged");
  assert.equal(states()[0], "empty");
  assert.ok(keepers.flatMap((keeper) => keeper.given).every((b) => b.every((byte) => byte === 0)));
});

Deno.test("a failure to judge ends the collecting, and everything is wiped all the same", async () => {
  const { push, sync, keepers } = build();
  await push();
  const judging = sync.collect(() => Promise.reject(new Error("store is broken")));
  await assert.rejects(judging, /store is broken/);
  await turnsOver();
  const given = keepers.flatMap((keeper) => keeper.given);
  assert.equal(given.length, 6);
  assert.ok(given.every((bytes) => bytes.every((byte) => byte === 0)));
});

Deno.test("answers are judged one at a time", async () => {
  const { push, sync } = build();
  await push();
  let judges = 0;
  await sync.collect(async () => {
    assert.equal(++judges, 1);
    await turnsOver();
    judges--;
    return false;
  });
});

Deno.test("stopping ends a collection that waits for a keeper that hangs, and notes nothing more", async () => {
  const { sync, keepers, lines } = build();
  for (const keeper of keepers) keeper.mood = "hanging";
  const collecting = sync.collect(() => Promise.resolve(true));
  sync.stop();
  assert.equal(await collecting, false);
  const before = lines.length;
  for (const keeper of keepers) keeper.release();
  await turnsOver();
  assert.equal(lines.length, before);
});

Deno.test("a keeper of another installation is named once, and asked rather than pushed at", async () => {
  const { check, keepers, sync, named } = build();
  spoil(keepers[0], sampleId(2));
  for (let i = 0; i < 5; i++) await check();
  assert.equal(named().length, 1);
  assert.deepEqual(keepers[0]?.asked, Array(5).fill("probe"));
  assert.equal(
    sync.statuses[0]?.detail,
    "It holds a shard of another store; restart it to give that up",
  );
  keepers[0]?.restart();
  await check();
  assert.equal(sync.statuses[0]?.state, "ok");
  spoil(keepers[0], sampleId(2));
  await check();
  assert.equal(named().length, 2, "once more after it was well");
});

Deno.test("a keeper that says the right thing and gives another shard is found by the next push", async () => {
  const { push, check, keepers, sync } = build();
  await push();
  const [first] = keepers;
  assert.ok(first);
  const truth = first.holding.current;
  assert.ok(truth);
  const lie = { ...truth, bytes: truth.bytes.with(0, 1 ^ (truth.bytes[0] ?? 0)) };
  Object.defineProperty(first, "holding", { get: () => ({ current: lie }), set: () => {} });
  await check();
  assert.equal(sync.statuses[0]?.state, "ok", "its own word is all that a probe has");
  await push();
  assert.equal(sync.statuses[0]?.state, "wrong");
  assert.match(sync.statuses[0]?.detail ?? "", /says that it holds its shard, and gives another/);
});

Deno.test("keepers in another order than before get the shards of their new places", async () => {
  const { push, check, keepers, holds, states, named } = build();
  await push();
  const [first, second] = keepers;
  assert.ok(first && second);
  [first.holding, second.holding] = [second.holding, first.holding];
  await check();
  assert.deepEqual(holds(), [true, true, true]);
  assert.deepEqual(states(), ["ok", "ok", "ok"]);
  assert.deepEqual(named().map(({ fields }) => fields["keeper"]), [1, 2]);
});

Deno.test("what was prepared by a Nexus that was cut off is taken back, without a complaint", async () => {
  const { push, check, keepers, named } = build();
  await push();
  const set = sampleSet({ generation: 2, setId: sampleId(4) });
  for (const [i, { bytes, stamp }] of sampleShards({ set, storeId: STORE }).entries()) {
    const keeper = keepers[i];
    assert.ok(keeper);
    keeper.holding = { ...keeper.holding, pending: { bytes, stamp, from: "nexus" } };
  }
  await check();
  assert.ok(keepers.every(({ holding }) => holding.pending === undefined));
  assert.equal(named().length, 0);
});

Deno.test("complaints made while there was no key are in the status, and not logged again", async () => {
  const { sync, keepers, push, lines } = build();
  await push();
  const before = lines.length;
  sync.complain([{ keeper: 2, reason: "wrong-index" }, { keeper: 9, reason: "differs" }]);
  assert.equal(sync.statuses[1]?.state, "wrong");
  assert.match(sync.statuses[1]?.detail ?? "", /shard of another position/);
  assert.equal(lines.length, before);
  assert.equal(keepers.length, 3);
});
