import assert from "node:assert/strict";
import { createSerial } from "./serial.ts";
import { Wake } from "./wake.ts";

const LONG_MS = 3_600_000;

Deno.test("a sleep ends early when it is told to, and the next one sleeps again", async () => {
  const stop = new AbortController();
  const wake = new Wake(stop.signal);
  const first = wake.sleep(LONG_MS);
  wake.now();
  assert.equal(await first, true);
  assert.equal(await wake.sleep(0), false);
});

Deno.test("a call while nobody sleeps ends the next sleep", async () => {
  const wake = new Wake(new AbortController().signal);
  wake.now();
  assert.equal(await wake.sleep(LONG_MS), true);
});

Deno.test("stopping ends the sleep, and there is none afterwards", async () => {
  const stop = new AbortController();
  const wake = new Wake(stop.signal);
  const sleeping = wake.sleep(LONG_MS);
  stop.abort();
  await sleeping;
  assert.equal(wake.isStopping, true);
  assert.equal(await wake.sleep(LONG_MS), true);
});

Deno.test("work runs one after another, and a failure holds up nobody", async () => {
  const inTurn = createSerial();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const slow = inTurn(async () => {
    await gate.promise;
    seen.push("slow");
    throw new Error("failed");
  });
  const next = inTurn(() => Promise.resolve(seen.push("next")));
  assert.deepEqual(seen, []);
  gate.resolve();
  await assert.rejects(slow, /failed/);
  await next;
  assert.deepEqual(seen, ["slow", "next"]);
});
