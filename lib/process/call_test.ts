import assert from "node:assert/strict";
import { SpikeError } from "../error/error.ts";
import { exposeCalls, remoteCalls } from "./call.ts";

interface Desk {
  double(n: number): Promise<number>;
  fail(code: string): Promise<never>;
  hidden(): Promise<string>;
  odd(): Promise<unknown>;
}

/** Both ends of a channel, and the messages that crossed it. */
function connect(overrides: Partial<Desk> = {}) {
  const { port1, port2 } = new MessageChannel();
  const desk: Desk = {
    double: (n) => Promise.resolve(2 * n),
    fail: (code) =>
      Promise.reject(
        code === "bug"
          ? new TypeError("x is not a function")
          : new SpikeError("shard_held", "It is held", { hint: "Look", cause: "private" }),
      ),
    hidden: () => Promise.resolve("secret"),
    odd: () => Promise.resolve(() => {}),
    ...overrides,
  };
  const crossed = { calls: 0, results: 0 };
  const count = (port: MessagePort, name: keyof typeof crossed) => {
    const post = port.postMessage.bind(port);
    port.postMessage = (message: unknown) => {
      post(message);
      crossed[name]++;
    };
  };
  count(port1, "results");
  count(port2, "calls");
  exposeCalls<Desk>(port1, desk, ["double", "fail", "odd"]);
  const remote = remoteCalls<Desk>(port2, ["double", "fail", "hidden", "odd"]);
  const close = () => {
    port1.close();
    port2.close();
  };
  return { remote, crossed, close };
}

Deno.test("a call crosses the port and its result comes back", async () => {
  const { remote, close } = connect();
  assert.equal(await remote.double(21), 42);
  close();
});

Deno.test("the calls of one turn cross in one message, and so do their results", async () => {
  const { remote, crossed, close } = connect();
  const results = await Promise.all(Array.from({ length: 500 }, (_, i) => remote.double(i)));
  assert.deepEqual(results, Array.from({ length: 500 }, (_, i) => 2 * i));
  assert.deepEqual(crossed, { calls: 1, results: 1 });
  await remote.double(1);
  assert.deepEqual(crossed, { calls: 2, results: 2 });
  close();
});

Deno.test("results find their calls in whatever order they come", async () => {
  const gate = Promise.withResolvers<void>();
  const { remote, close } = connect({
    double: async (n) => {
      if (n === 1) await gate.promise;
      return 2 * n;
    },
  });
  const order: number[] = [];
  const first = remote.double(1).then((n) => order.push(n));
  await remote.double(2).then((n) => order.push(n));
  gate.resolve();
  await first;
  assert.deepEqual(order, [4, 2]);
  close();
});

Deno.test("an error keeps its code, message and hint, and its private cause stays behind", async () => {
  const { remote, close } = connect();
  await assert.rejects(remote.fail("known"), (error: unknown) => {
    assert.ok(error instanceof SpikeError);
    assert.deepEqual([error.code, error.message, error.hint], ["shard_held", "It is held", "Look"]);
    assert.equal(error.cause, undefined);
    return true;
  });
  close();
});

Deno.test("a bug on the other side is an internal error, and both sides go on", async () => {
  const { remote, close } = connect();
  await assert.rejects(remote.fail("bug"), {
    code: "api_internal_error",
    message: /^Unexpected failure: TypeError: x is not a function/,
  });
  assert.equal(await remote.double(1), 2);
  close();
});

Deno.test("a method that throws before it promises anything is a failure as any other", async () => {
  const { remote, close } = connect({
    double: () => {
      throw new SpikeError("api_bad_request", "No");
    },
  });
  await assert.rejects(remote.double(1), { code: "api_bad_request", message: "No" });
  close();
});

Deno.test("a name that was not exposed is refused, and so is one that every object has", async () => {
  const { remote, close } = connect();
  await assert.rejects(remote.hidden(), { message: /No method hidden is exposed/ });
  close();
  const { port1, port2 } = new MessageChannel();
  exposeCalls<Pick<Desk, "double">>(port1, { double: (n) => Promise.resolve(n) }, ["double"]);
  const sly = remoteCalls(
    port2,
    ["constructor", "toString"] as never[],
  ) as unknown as Record<string, () => Promise<unknown>>;
  for (const name of ["constructor", "toString"]) {
    await assert.rejects(sly[name]?.() ?? Promise.resolve(), { message: /is exposed/ });
  }
  port1.close();
  port2.close();
});

Deno.test("a result that cannot cross fails its own call and no other of its turn", async () => {
  const { remote, close } = connect();
  const [odd, even] = await Promise.allSettled([remote.odd(), remote.double(4)]);
  assert.equal(odd.status, "rejected");
  assert.deepEqual(even, { status: "fulfilled", value: 8 });
  close();
});

Deno.test("an argument that cannot cross fails its own call and no other of its turn", async () => {
  const { remote, close } = connect();
  const odd = remote.double((() => {}) as unknown as number);
  const even = remote.double(4);
  await assert.rejects(odd, { name: "DataCloneError" });
  assert.equal(await even, 8);
  close();
});

Deno.test("bytes and records without a prototype cross unharmed", async () => {
  const { port1, port2 } = new MessageChannel();
  interface Echo {
    echo(value: unknown): Promise<unknown>;
  }
  exposeCalls<Echo>(port1, { echo: (value) => Promise.resolve(value) }, ["echo"]);
  const { echo } = remoteCalls<Echo>(port2, ["echo"]);
  const bytes = Uint8Array.of(1, 2, 3);
  assert.deepEqual(await echo(bytes), bytes);
  const record = Object.assign(Object.create(null), { __proto__x: "a" });
  assert.deepEqual({ ...await echo(record) as object }, { __proto__x: "a" });
  port1.close();
  port2.close();
});
