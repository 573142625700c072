import assert from "node:assert/strict";
import { SpikeError } from "../api/error.ts";
import {
  fromPlainFailure,
  type PlainFailure,
  plainFailure,
  superviseThreads,
} from "./supervise.ts";
import type { FromThread } from "./thread_message.ts";

/** A thread as its main thread sees it. "loaded" is never sent here: it would cost this test its permissions. */
class FakeThread extends EventTarget {
  readonly told: unknown[] = [];

  postMessage(message: unknown): void {
    this.told.push(message);
  }

  say(data: FromThread): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
}

/**
 * Supervises fake threads. Signals would reach every test of this process, so the listeners are caught instead.
 */
function supervise(count: number, patienceMs?: number) {
  const signals = new Map<string, () => void>();
  const { addSignalListener, removeSignalListener } = Deno;
  Deno.addSignalListener = (signal, handler) => void signals.set(signal, handler);
  Deno.removeSignalListener = (signal, handler) => {
    assert.equal(signals.get(signal), handler);
    signals.delete(signal);
  };
  const threads = Array.from({ length: count }, () => new FakeThread());
  const reported: PlainFailure[] = [];
  const exit = superviseThreads({
    threads: threads as unknown as Worker[],
    report: (failure) => void reported.push(failure),
    ...(patienceMs === undefined ? {} : { patienceMs }),
  }).finally(() => {
    assert.equal(signals.size, 0, "nothing listens any more");
    Object.assign(Deno, { addSignalListener, removeSignalListener });
  });
  return { threads, reported, exit, signal: (name: string) => signals.get(name)?.() };
}

Deno.test("a process ends when all its threads have stopped, with the worst of their codes", async () => {
  const { threads, exit } = supervise(2);
  threads[0]?.say({ kind: "stopped", code: 3 });
  threads[1]?.say({ kind: "stopped", code: 0 });
  assert.equal(await exit, 3);
});

Deno.test("a thread that fails is reported and ends the process with the code of its failure", async () => {
  const { threads, exit, reported } = supervise(2);
  const failure = { code: "config_invalid", message: "No", hint: "Look" } as const;
  threads[1]?.say({ kind: "failed", failure });
  assert.equal(await exit, 1);
  assert.deepEqual(reported, [failure]);
});

Deno.test("an error that nobody caught in a thread ends the process", async () => {
  const { threads, exit, reported } = supervise(1);
  const event = new ErrorEvent("error", { message: "x is not a function", cancelable: true });
  threads[0]?.dispatchEvent(event);
  assert.equal(await exit, 2);
  assert.equal(event.defaultPrevented, true);
  assert.match(reported[0]?.message ?? "", /x is not a function/);
});

Deno.test("a signal tells every thread to stop once, and the process ends when they have", async () => {
  const { threads, exit, signal } = supervise(2);
  signal("SIGTERM");
  for (const thread of threads) {
    assert.deepEqual(thread.told, [{ kind: "stop" }]);
    thread.say({ kind: "stopped", code: 0 });
  }
  assert.equal(await exit, 0);
});

Deno.test("threads that do not stop in time are left behind with exit code 1", async () => {
  const { exit, signal } = supervise(1, 0);
  signal("SIGTERM");
  assert.equal(await exit, 1);
});

Deno.test("a second signal does not wait for anybody", async () => {
  const { exit, signal } = supervise(1);
  signal("SIGINT");
  signal("SIGTERM");
  assert.equal(await exit, 130);
});

Deno.test("a failure crosses threads with its public face only", () => {
  const error = new SpikeError("shard_held", "Held", { hint: "Look", cause: new Error("private") });
  const plain = plainFailure(error);
  assert.deepEqual(plain, { code: "shard_held", message: "Held", hint: "Look" });
  const back = fromPlainFailure(plain);
  assert.deepEqual([back.code, back.message, back.hint, back.cause], [
    "shard_held",
    "Held",
    "Look",
    undefined,
  ]);
  assert.deepEqual(plainFailure(new SpikeError("usage", "No")), { code: "usage", message: "No" });
  assert.equal(fromPlainFailure({ code: "usage", message: "No" }).hint, undefined);
});

Deno.test("what is no known failure is a bug and says so", () => {
  assert.match(plainFailure(new TypeError("t")).message, /^Unexpected failure: TypeError: t/);
  assert.deepEqual(plainFailure("text"), {
    code: "api_internal_error",
    message: "Unexpected failure: text",
  });
});
