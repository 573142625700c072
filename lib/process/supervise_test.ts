import assert from "node:assert/strict";
import { SpikeError } from "../error/error.ts";
import { fromPlainFailure, type PlainFailure, plainFailure } from "./plain_failure.ts";
import { superviseThreads } from "./supervise.ts";
import type { FromThread } from "./thread_message.ts";

const PERMISSIONS = ["read", "write", "net", "env", "run", "ffi", "sys"];

/** A thread as its main thread sees it. */
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
 * Supervises fake threads. Signals would reach every test of this process, and what is revoked is gone for all of
 * them, so both are caught instead.
 */
function supervise(
  count: number,
  options: {
    patienceMs?: number;
    startLater?: () => readonly Worker[];
    /** Position of the thread that stops last. */
    last?: number;
  } = {},
) {
  const signals = new Map<string, () => void>();
  const revoked: string[] = [];
  const givenUp = Promise.withResolvers<void>();
  const { addSignalListener, removeSignalListener } = Deno;
  const { permissions } = Deno;
  const { revoke } = permissions;
  permissions.revoke = (descriptor) => {
    revoked.push(descriptor.name);
    if (revoked.length === PERMISSIONS.length) givenUp.resolve();
    return permissions.query(descriptor);
  };
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
    ...options,
    ...(options.last === undefined ? {} : { stopsLast: threads[options.last] as never }),
  }).finally(() => {
    assert.equal(signals.size, 0, "nothing listens any more");
    Object.assign(Deno, { addSignalListener, removeSignalListener });
    permissions.revoke = revoke;
  });
  return {
    threads,
    reported,
    revoked,
    givenUp: givenUp.promise,
    exit,
    signal: (name: string) => signals.get(name)?.(),
  };
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
  const { exit, signal } = supervise(1, { patienceMs: 0 });
  signal("SIGTERM");
  assert.equal(await exit, 1);
});

Deno.test("a second signal does not wait for anybody", async () => {
  const { exit, signal } = supervise(1);
  signal("SIGINT");
  signal("SIGTERM");
  assert.equal(await exit, 130);
});

Deno.test("threads that start later do so when the others have loaded, and then all is given up", async () => {
  const late = new FakeThread();
  let started = 0;
  const { threads, exit, revoked, givenUp, signal } = supervise(2, {
    startLater: () => {
      started++;
      return [late as unknown as Worker];
    },
  });
  threads[0]?.say({ kind: "loaded" });
  assert.equal(started, 0);
  threads[1]?.say({ kind: "loaded" });
  assert.equal(started, 1);
  await Promise.resolve();
  assert.deepEqual(revoked, [], "the late thread has still to be read");
  late.say({ kind: "loaded" });
  await givenUp;
  assert.deepEqual(revoked, PERMISSIONS);
  signal("SIGTERM");
  for (const thread of [...threads, late]) {
    assert.deepEqual(thread.told, [{ kind: "stop" }]);
    thread.say({ kind: "stopped", code: 0 });
  }
  assert.equal(await exit, 0);
  assert.equal(started, 1);
});

Deno.test("a stop that comes first starts no more threads", async () => {
  const { threads, exit, signal } = supervise(1, { startLater: () => assert.fail("started") });
  signal("SIGTERM");
  threads[0]?.say({ kind: "loaded" });
  threads[0]?.say({ kind: "stopped", code: 0 });
  assert.equal(await exit, 0);
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
  const sealed = plainFailure(new SpikeError("state_not_ready", "No", { reason: "sealed" }));
  assert.equal(fromPlainFailure(sealed).reason, "sealed");
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

Deno.test("what the others depend on is told to stop when they have stopped", async () => {
  const { threads, exit, signal } = supervise(3, { last: 0 });
  signal("SIGTERM");
  assert.deepEqual(threads.map(({ told }) => told.length), [0, 1, 1]);
  threads[1]?.say({ kind: "stopped", code: 0 });
  assert.equal(threads[0]?.told.length, 0);
  threads[2]?.say({ kind: "stopped", code: 0 });
  assert.deepEqual(threads[0]?.told, [{ kind: "stop" }]);
  threads[0]?.say({ kind: "stopped", code: 0 });
  assert.equal(await exit, 0);
});

Deno.test("a thread that hangs does not keep the last one from stopping", async () => {
  const { threads, exit, signal } = supervise(2, { last: 0, patienceMs: 20 });
  signal("SIGTERM");
  assert.equal(await exit, 1);
  assert.deepEqual(threads.map(({ told }) => told.length), [1, 1]);
});

Deno.test("a hang-up ends nothing: every thread is told to open its files anew", async () => {
  const { threads, exit, signal } = supervise(2);
  signal("SIGHUP");
  signal("SIGHUP");
  for (const thread of threads) {
    assert.deepEqual(thread.told, [{ kind: "reopen" }, { kind: "reopen" }]);
    thread.say({ kind: "stopped", code: 0 });
  }
  assert.equal(await exit, 0);
});
