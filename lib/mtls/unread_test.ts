import assert from "node:assert/strict";
import { watchUnread } from "./unread.ts";

function fake(writableLength: number) {
  return {
    writableLength,
    isDestroyed: false,
    destroy() {
      this.isDestroyed = true;
      return this as never;
    },
  };
}

const LIMITS = { patienceMs: 10_000, limitBytes: 1000 };

Deno.test("a client that takes nothing of its answer is let go after a while", () => {
  const stuck = fake(100);
  const idle = fake(0);
  const sweep = watchUnread(new Set([stuck, idle]), LIMITS);
  for (let ms = 0; ms < 10_000; ms += 1000) sweep(ms);
  assert.equal(stuck.isDestroyed, false);
  sweep(10_000);
  assert.equal(stuck.isDestroyed, true);
  assert.equal(idle.isDestroyed, false);
});

Deno.test("a slow client that goes on reading is left alone", () => {
  const slow = fake(1000);
  const sweep = watchUnread(new Set([slow]), LIMITS);
  for (let ms = 0; ms < 100_000; ms += 1000) {
    slow.writableLength -= 9;
    sweep(ms);
  }
  assert.equal(slow.isDestroyed, false);
});

Deno.test("an answer that was taken starts the time anew", () => {
  const client = fake(100);
  const sweep = watchUnread(new Set([client]), LIMITS);
  sweep(0);
  client.writableLength = 0;
  sweep(9_000);
  client.writableLength = 100;
  sweep(9_500);
  sweep(11_000);
  assert.equal(client.isDestroyed, false);
});

Deno.test("together they hold no more than the ceiling, and the longest go first", () => {
  const [small, large, larger] = [fake(300), fake(600), fake(700)];
  watchUnread(new Set([small, large, larger]), LIMITS)(0);
  assert.deepEqual([small, large, larger].map((each) => each.isDestroyed), [false, false, true]);
});
