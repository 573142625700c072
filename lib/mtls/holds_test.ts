import assert from "node:assert/strict";
import { Holds } from "./holds.ts";

class Fake {
  isPaused = false;
  destroyed = false;
  pause() {
    this.isPaused = true;
  }
  resume() {
    this.isPaused = false;
  }
}

Deno.test("a connection is left alone while its identity has enough under way, and no other's", () => {
  const holds = new Holds<Fake>((identity) => identity === "busy" ? 0 : 1, fakeTime());
  const [busy, other] = [new Fake(), new Fake()];
  holds.consider("busy", busy);
  holds.consider("other", other);
  assert.deepEqual([busy.isPaused, other.isPaused], [true, false]);
});

Deno.test("held connections are read from again as far as there is room, in their order", () => {
  let room = 0;
  const holds = new Holds<Fake>(() => room, fakeTime());
  const [first, second] = [new Fake(), new Fake()];
  holds.consider("a", first);
  holds.consider("a", second);
  holds.proceed("a");
  assert.deepEqual([first.isPaused, second.isPaused], [true, true]);
  room = 1;
  holds.proceed("a");
  assert.deepEqual([first.isPaused, second.isPaused], [false, true]);
  holds.consider("a", first);
  holds.proceed("a");
  assert.equal(second.isPaused, false, "once the first has brought something");
});

Deno.test("one that has ended meanwhile gives its turn to the next", () => {
  let room = 0;
  const holds = new Holds<Fake>(() => room, fakeTime());
  const [first, second] = [new Fake(), new Fake()];
  holds.consider("a", first);
  holds.consider("a", second);
  first.destroyed = true;
  room = 1;
  holds.proceed("a");
  assert.equal(second.isPaused, false);
});

/** Time that a test moves on, tick by tick. */
function fakeTime() {
  let nowMs = 0;
  const waiting: { atMs: number; work: () => void }[] = [];
  return {
    clock: () => nowMs,
    later: (work: () => void, ms: number) => void waiting.push({ atMs: nowMs + ms, work }),
    pass: (ms: number) => {
      for (const untilMs = nowMs + ms; nowMs < untilMs; nowMs++) {
        const due = waiting.filter(({ atMs }) => atMs <= nowMs);
        for (const each of due) waiting.splice(waiting.indexOf(each), 1);
        for (const { work } of due) work();
      }
    },
    isIdle: () => waiting.length === 0,
  };
}

Deno.test("one that brings nothing keeps back the others for a moment only", () => {
  let room = 0;
  const time = fakeTime();
  const holds = new Holds<Fake>(() => room, time);
  const [first, second] = [new Fake(), new Fake()];
  holds.consider("a", first);
  holds.consider("a", second);
  room = 1;
  holds.proceed("a");
  assert.equal(second.isPaused, true);
  time.pass(100);
  assert.equal(second.isPaused, false);
  assert(time.isIdle(), "nothing is held, so nothing is looked at");
});

Deno.test("one that is held for long is read from once in a while, so that its end is noticed", () => {
  const time = fakeTime();
  const holds = new Holds<Fake>(() => 0, time);
  const [first, second] = [new Fake(), new Fake()];
  holds.consider("a", first);
  holds.consider("a", second);
  time.pass(900);
  assert.deepEqual([first.isPaused, second.isPaused], [true, true]);
  time.pass(200);
  assert.deepEqual([first.isPaused, second.isPaused], [false, false]);
});
