import assert from "node:assert/strict";
import { retry, type RetryDeps, type RetryPolicy } from "./retry.ts";

const POLICY: RetryPolicy = { firstPauseMs: 100, lastPauseMs: 400, totalMs: 10_000 };

/** A clock that only sleeping moves, and work that fails so many times. */
function play(failures: number, deps: Partial<RetryDeps> = {}, workMs = 0) {
  const pauses: number[] = [];
  const told: number[] = [];
  let nowMs = 0;
  let attempts = 0;
  const work = () => {
    nowMs += workMs;
    return ++attempts > failures
      ? Promise.resolve("done")
      : Promise.reject(new Error(`no ${attempts}`));
  };
  const all: RetryDeps = {
    clock: () => nowMs,
    sleep: (ms) => {
      pauses.push(ms);
      nowMs += ms;
      return Promise.resolve();
    },
    isWorthRetrying: () => true,
    onFailure: (_error, attempt) => void told.push(attempt),
    ...deps,
  };
  return {
    pauses,
    told,
    run: (policy = POLICY) => retry(work, policy, all),
    attempts: () => attempts,
  };
}

Deno.test("what works at once is neither repeated nor waited for", async () => {
  const { run, pauses, attempts } = play(0);
  assert.equal(await run(), "done");
  assert.deepEqual([pauses, attempts()], [[], 1]);
});

Deno.test("pauses double up to the longest one, and each is announced before it", async () => {
  const { run, pauses, told } = play(5);
  assert.equal(await run(), "done");
  assert.deepEqual(pauses, [100, 200, 400, 400, 400]);
  assert.deepEqual(told, [1, 2, 3, 4, 5]);
});

Deno.test("the last error is thrown when the attempts are used up", async () => {
  const { run, attempts, told } = play(9);
  await assert.rejects(run({ ...POLICY, maxAttempts: 3 }), { message: "no 3" });
  assert.equal(attempts(), 3);
  assert.deepEqual(told, [1, 2], "nothing is announced that does not follow");
});

Deno.test("no pause is begun that would end after the time is up", async () => {
  const { run, pauses } = play(99);
  await assert.rejects(run({ ...POLICY, totalMs: 700 }), { message: "no 4" });
  assert.deepEqual(pauses, [100, 200, 400]);
});

Deno.test("the time that the work itself takes counts", async () => {
  const { run, attempts } = play(99, {}, 500);
  await assert.rejects(run({ ...POLICY, totalMs: 1_000 }));
  assert.equal(attempts(), 2);
});

Deno.test("an error that no repetition helps is thrown at once", async () => {
  const { run, attempts } = play(9, { isWorthRetrying: () => false });
  await assert.rejects(run(), { message: "no 1" });
  assert.equal(attempts(), 1);
});
