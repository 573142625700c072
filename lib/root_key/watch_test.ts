import assert from "node:assert/strict";
import type { Candidate } from "../recovery/mod.ts";
import { sampleKey } from "../recovery/_sample.ts";
import { keepLines } from "../telemetry/_sink.ts";
import { type NexusState, SharedPage } from "../shared_page/page.ts";
import { createSerial } from "../async/serial.ts";
import { watchKeepers } from "./watch.ts";

const CANDIDATES: Candidate[] = [{ keeper: 1, bytes: sampleKey() }];

/** What happens during each sleep; the loop stops when the list is used up. */
type Script = ((world: World) => void)[];

interface World {
  readonly page: SharedPage;
  awaitsEvidence: boolean;
  isWoken: boolean;
  /** What a collection finds: the state it leads to, or a failure. */
  find: NexusState | Error | undefined;
}

async function play(script: Script, start: Partial<World> = {}) {
  const page = start.page ?? new SharedPage();
  const world: World = { page, awaitsEvidence: false, isWoken: false, find: undefined, ...start };
  const done: string[] = [];
  const sleeps: number[] = [];
  const { log, lines } = keepLines();
  let nowMs = 0;
  let step = 0;
  await watchKeepers({
    settings: { keeperUpdateIntervalMs: 60_000, keeperProbeIntervalMs: 5_000 },
    page,
    control: {
      offer: () => {
        done.push("offer");
        if (world.find instanceof Error) return Promise.reject(world.find);
        if (world.find === undefined) return Promise.resolve(false);
        page.state = world.find;
        return Promise.resolve(true);
      },
      roundOver: () => void done.push("roundOver"),
      get awaitsEvidence() {
        return world.awaitsEvidence;
      },
    },
    sync: {
      collect: async (onCandidates) => await onCandidates(CANDIDATES),
      check: () => void done.push("check"),
      push: () => void done.push("push"),
    },
    restore: { expire: () => {}, clear: () => void done.push("clear") },
    inTurn: createSerial(),
    wake: {
      get isStopping() {
        return step >= script.length;
      },
      sleep: (ms) => {
        sleeps.push(ms);
        nowMs += ms;
        world.isWoken = false;
        script[step++]?.(world);
        return Promise.resolve(world.isWoken);
      },
    },
    clock: () => nowMs,
    random: () => 0.5,
    log,
  });
  return { done, sleeps, lines, state: page.state };
}

const nothing = () => {};
const loseKey = ({ page }: World) => void (page.state = "waiting");

Deno.test("without a key keepers are asked again after pauses that double up to ten seconds", async () => {
  const { sleeps, done } = await play(Array<() => void>(10).fill(nothing));
  assert.deepEqual(sleeps, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000]);
  assert.equal(done.filter((what) => what === "offer").length, 10);
  assert.equal(done.filter((what) => what === "roundOver").length, 10);
});

Deno.test("as soon as there is a key every keeper is looked at, again and again until a push is due", async () => {
  const { done, sleeps } = await play(Array<() => void>(14).fill(nothing), { find: "ready" });
  assert.deepEqual(done.slice(0, 4), ["offer", "clear", "check", "check"]);
  assert.deepEqual(sleeps.slice(0, 14), Array(14).fill(5_000));
  assert.equal(done.indexOf("push"), 14, "after twelve probes");
});

Deno.test("being woken makes the next try come at once and the pauses short again", async () => {
  const wakeUp = (world: World) => void (world.isWoken = true);
  const { sleeps } = await play([nothing, nothing, nothing, wakeUp, nothing, nothing]);
  assert.deepEqual(sleeps, [100, 200, 400, 800, 100, 200]);
});

Deno.test("a stamped provisional key is left alone until it changes", async () => {
  const { done, sleeps } = await play([nothing, nothing], { find: "provisional" });
  assert.deepEqual(done, ["offer"]);
  assert.deepEqual(sleeps, [10_000, 10_000]);
});

Deno.test("an unstamped provisional key is looked into again, and may become final", async () => {
  const start = { find: undefined, awaitsEvidence: true, page: new SharedPage() };
  start.page.state = "provisional";
  const { done, state } = await play([(world) => void (world.find = "ready"), nothing], start);
  assert.deepEqual(done.slice(0, 4), ["offer", "roundOver", "offer", "clear"]);
  assert.equal(state, "ready");
});

Deno.test("a refuted provisional key is followed by another try at once", async () => {
  const { done } = await play([(world) => {
    world.isWoken = true;
    loseKey(world);
  }, nothing], { find: "provisional" });
  assert.deepEqual(done, ["offer", "offer"]);
});

Deno.test("a key that is lost again and again is tried for ever more slowly", async () => {
  const script = Array<(world: World) => void>(12).fill(loseKey);
  const { sleeps } = await play(script, { find: "ready" });
  assert.deepEqual(sleeps.filter((_, i) => i % 2 === 1), [100, 200, 400, 800, 1600, 3200]);
});

Deno.test("a key that was held for long makes the pauses short again", async () => {
  const held = [nothing, nothing, nothing];
  const { sleeps } = await play([loseKey, loseKey, ...held, loseKey, nothing], { find: "ready" });
  assert.deepEqual(sleeps.filter((ms) => ms !== 5_000), [100, 100]);
});

Deno.test("whatever fails in one round is logged, and the next round comes", async () => {
  const failure = new TypeError("x is not a function");
  const { lines, done } = await play(
    [(world) => void (world.find = "ready"), nothing],
    { find: failure },
  );
  assert.deepEqual(lines.map(({ event, fields }) => [event, fields]), [
    ["recovery_failed", { code: "unexpected", detail: "x is not a function" }],
  ]);
  assert.ok(done.includes("check"));
});

Deno.test("a key that came by hand while keepers were asked ends the round", async () => {
  const page = new SharedPage();
  const { done } = await play([nothing], { page, find: undefined });
  assert.deepEqual(done, ["offer", "roundOver"]);
  page.state = "ready";
  const later = await play([nothing], { page });
  assert.deepEqual(later.done, ["clear", "check"]);
});
