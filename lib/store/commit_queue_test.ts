import assert from "node:assert/strict";
import { type CommitEngine, CommitQueue } from "./commit_queue.ts";
import { Layer, MemoryTx } from "./memory_tx.ts";

/** An engine that writes down what it is asked for, and fails where told. */
function scripted(failing: Partial<Record<"begin" | "undo" | "commit", Error>> = {}) {
  const calls: string[] = [];
  const step = (name: string, failure: Error | undefined) => {
    calls.push(name);
    if (failure) throw failure;
  };
  let revision = 0;
  const engine: CommitEngine = {
    begin() {
      step("begin", failing.begin);
      return revision;
    },
    open: (next) => ({
      tx: new MemoryTx(new Layer(undefined), next),
      keep: () => step("keep", undefined),
      undo: () => step("undo", failing.undo),
    }),
    commit(next) {
      step("commit", failing.commit);
      revision = next;
    },
    rollback: () => step("rollback", undefined),
  };
  return { calls, queue: new CommitQueue(engine) };
}

const reasonOf = (outcome: PromiseSettledResult<unknown>) =>
  outcome.status === "rejected" ? outcome.reason : outcome.value;
const number = (tx: { revision: number }) => Promise.resolve(tx.revision);

Deno.test("what is asked for in one turn shares one commit", async () => {
  const { calls, queue } = scripted();
  const numbers = await Promise.all([queue.add(number), queue.add(number), queue.add(number)]);
  assert.deepEqual(numbers, [1, 2, 3]);
  assert.deepEqual(calls, ["begin", "keep", "keep", "keep", "commit"]);
});

Deno.test("nobody is told anything before the commit", async () => {
  const { calls, queue } = scripted();
  const told: string[] = [];
  const refused = queue.add(() => Promise.reject(new Error("no"))).catch(() => told.push(...calls));
  await Promise.all([refused, queue.add(number)]);
  assert.deepEqual(told, ["begin", "undo", "keep", "commit"]);
});

Deno.test("a group of which nothing is left is rolled back, not committed", async () => {
  const { calls, queue } = scripted();
  await assert.rejects(queue.add(() => Promise.reject(new Error("no"))), /^Error: no$/);
  assert.deepEqual(calls, ["begin", "undo", "rollback"]);
});

Deno.test("work that throws before its first promise is undone like any other", async () => {
  const { queue } = scripted();
  const thrown = queue.add(() => {
    throw new Error("no");
  });
  await assert.rejects(thrown, /^Error: no$/);
  assert.equal(await queue.add(number), 1);
});

Deno.test("a failed commit is the answer to everybody in it, and the next one works", async () => {
  const failing: { commit?: Error } = { commit: new Error("disk") };
  const { calls, queue } = scripted(failing);
  const refused = queue.add(() => Promise.reject(new Error("no")));
  const outcomes = await Promise.allSettled([queue.add(number), refused]);
  assert.deepEqual(outcomes.map(reasonOf), [failing.commit, failing.commit]);
  assert.equal(calls.at(-1), "rollback");
  delete failing.commit;
  assert.equal(await queue.add(number), 1);
});

Deno.test("a storage that gives up inside a group is the answer to everybody in it", async () => {
  const failing = { undo: new Error("gave up") };
  const { calls, queue } = scripted(failing);
  const refused = queue.add(() => Promise.reject(new Error("no")));
  const outcomes = await Promise.allSettled([queue.add(number), refused, queue.add(number)]);
  assert.deepEqual(outcomes.map(reasonOf), [failing.undo, failing.undo, failing.undo]);
  assert.equal(calls.includes("commit"), false);
});

Deno.test("a commit that cannot begin is the answer to everybody who waits", async () => {
  const failing = { begin: new Error("locked") };
  const { queue } = scripted(failing);
  const outcomes = await Promise.allSettled([queue.add(number), queue.add(number)]);
  assert.deepEqual(outcomes.map(reasonOf), [failing.begin, failing.begin]);
});

Deno.test("between() runs when no commit is open", async () => {
  const { calls, queue } = scripted();
  const slow = queue.add(async (tx) => {
    await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
    return tx.revision;
  });
  const pause = queue.between(() => calls.push("pause"));
  const late = slow.then(() => queue.between(() => calls.push("pause")));
  await Promise.all([slow, pause, late]);
  assert.deepEqual(calls, ["pause", "begin", "keep", "commit", "pause"]);
  await assert.rejects(queue.between(() => assert.fail("no")), /no/);
});
