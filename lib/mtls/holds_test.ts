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
  const holds = new Holds<Fake>((identity) => identity === "busy" ? 0 : 1);
  const [busy, other] = [new Fake(), new Fake()];
  holds.consider("busy", busy);
  holds.consider("other", other);
  assert.deepEqual([busy.isPaused, other.isPaused], [true, false]);
});

Deno.test("held connections are read from again as far as there is room, in their order", () => {
  let room = 0;
  const holds = new Holds<Fake>(() => room);
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
  const holds = new Holds<Fake>(() => room);
  const [first, second] = [new Fake(), new Fake()];
  holds.consider("a", first);
  holds.consider("a", second);
  first.destroyed = true;
  room = 1;
  holds.proceed("a");
  assert.equal(second.isPaused, false);
});

Deno.test("one that brings nothing keeps back the others for a moment only", async () => {
  let room = 0;
  const holds = new Holds<Fake>(() => room);
  const [first, second] = [new Fake(), new Fake()];
  holds.consider("a", first);
  holds.consider("a", second);
  const resumed = Promise.withResolvers<void>();
  second.resume = resumed.resolve;
  room = 1;
  holds.proceed("a");
  await resumed.promise;
});
