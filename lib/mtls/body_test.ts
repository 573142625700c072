import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { BodyBudget, BoundedBody } from "./body.ts";

/** A request whose bytes come when the test says so. */
class FakeRequest extends EventEmitter {
  constructor(readonly headers: Record<string, string> = {}) {
    super();
  }

  data(size: number, fill = 1): Uint8Array {
    const chunk = new Uint8Array(size).fill(fill);
    this.emit("data", chunk);
    return chunk;
  }
}

function bounded(
  request: FakeRequest,
  options: { ceilingBytes?: number; budget?: BodyBudget } = {},
) {
  const overflows: number[] = [];
  const floods: number[] = [];
  const body = new BoundedBody(request as unknown as IncomingMessage, {
    ceilingBytes: 100,
    budget: new BodyBudget(1000),
    onOverflow: () => overflows.push(1),
    onFlood: () => floods.push(1),
    ...options,
  });
  return { body, overflows, floods };
}

Deno.test("read() gives all chunks in order", async () => {
  const request = new FakeRequest();
  const { body } = bounded(request);
  const whole = body.read(100);
  request.data(2, 1);
  request.data(3, 2);
  request.emit("end");
  assert.deepEqual(await whole, Uint8Array.of(1, 1, 2, 2, 2));
});

Deno.test("a body of exactly the limit is read, one byte more is refused", async () => {
  const fits = new FakeRequest();
  const { body } = bounded(fits);
  fits.data(100);
  fits.emit("end");
  assert.equal((await body.read(100)).length, 100);

  const over = new FakeRequest();
  const { body: tooLong, overflows } = bounded(over);
  over.data(101);
  await assert.rejects(tooLong.read(100), { code: "api_bad_request", message: /longer than/ });
  assert.equal(overflows.length, 1);
});

Deno.test("an announced length over the ceiling is refused before a byte is kept", async () => {
  const budget = new BodyBudget(1000);
  const { body } = bounded(new FakeRequest({ "content-length": "101" }), { budget });
  await assert.rejects(body.read(100), { code: "api_bad_request", message: /longer than/ });
  assert.equal(budget.heldBytes, 0);
});

Deno.test("a route's lower limit counts for what has come already", async () => {
  const request = new FakeRequest();
  const { body } = bounded(request);
  request.data(50);
  request.emit("end");
  const { body: early } = bounded(request);
  assert.equal((await body.read(50)).length, 50);
  const second = new FakeRequest();
  const { body: late } = bounded(second);
  second.data(50);
  await assert.rejects(late.read(49), { code: "api_bad_request", message: /longer than/ });
  early.release();
});

Deno.test("a route's lower limit counts for a body that is complete already, and spares its connection", async () => {
  const request = new FakeRequest();
  const { body, overflows } = bounded(request);
  request.data(50);
  request.emit("end");
  await assert.rejects(body.read(49), { code: "api_bad_request", message: /longer than/ });
  assert.equal(overflows.length, 0);
});

Deno.test("bytes are counted and dropped when nobody reads", () => {
  const request = new FakeRequest();
  const budget = new BodyBudget(1000);
  const { body, overflows, floods } = bounded(request, { budget });
  for (let i = 0; i < 1000; i++) request.data(60);
  assert.equal(budget.heldBytes, 0);
  assert.equal(overflows.length, 1);
  assert.equal(floods.length, 1);
  body.release();
});

Deno.test("all bodies together stay within the budget", async () => {
  const budget = new BodyBudget(150);
  const first = new FakeRequest();
  const { body } = bounded(first, { budget });
  first.data(100);
  const second = new FakeRequest();
  const { body: refused } = bounded(second, { budget });
  second.data(100);
  await assert.rejects(refused.read(100), { code: "state_not_ready" });
  assert.equal(budget.heldBytes, 100);
  body.release();
  assert.equal(budget.heldBytes, 0);
});

Deno.test("release() wipes what was held and is idempotent", async () => {
  const request = new FakeRequest();
  const budget = new BodyBudget(1000);
  const { body } = bounded(request, { budget });
  const chunk = request.data(10, 7);
  request.emit("end");
  assert.equal((await body.read(100)).length, 10);
  body.release();
  body.release();
  assert.deepEqual(chunk, new Uint8Array(10));
  assert.equal(budget.heldBytes, 0);
});

Deno.test("a client that stops half-way is told so, and its connection is its own affair", async () => {
  const request = new FakeRequest();
  const { body, overflows } = bounded(request);
  request.data(10);
  request.emit("close");
  await assert.rejects(body.read(100), { code: "api_bad_request" });
  assert.equal(overflows.length, 0);
});

Deno.test("after the answer a short rest is dropped, an endless one ends the connection", () => {
  const request = new FakeRequest();
  const { body, floods } = bounded(request);
  body.release();
  request.data(100);
  assert.equal(floods.length, 0);
  request.data(1);
  assert.equal(floods.length, 1);
});

Deno.test("a body in too many pieces is refused, also when nobody reads it", async () => {
  const request = new FakeRequest();
  const { body, overflows } = bounded(request, {
    ceilingBytes: 100_000,
    budget: new BodyBudget(100_000),
  });
  const whole = body.read(100_000);
  for (let i = 0; i <= 32_768; i++) request.data(1);
  await assert.rejects(whole, { code: "api_bad_request", message: /pieces/ });
  assert.equal(overflows.length, 1);

  const unread = new FakeRequest();
  const { body: answered, floods } = bounded(unread, { ceilingBytes: 100_000 });
  answered.release();
  for (let i = 0; i <= 32_768; i++) unread.data(1);
  assert.equal(floods.length, 1);
});

Deno.test("what is held of many pieces is wiped, and counts with its reserve", async () => {
  const request = new FakeRequest();
  const budget = new BodyBudget(1000);
  const { body } = bounded(request, { budget });
  const pieces = [request.data(30, 1), request.data(5, 2), request.data(5, 3)];
  assert.equal(budget.heldBytes, 60);
  request.emit("end");
  const whole = await body.read(100);
  assert.deepEqual([whole.length, whole[0], whole[30], whole[39]], [40, 1, 2, 3]);
  body.release();
  for (const bytes of [whole, ...pieces]) assert.ok(bytes.every((byte) => byte === 0));
  assert.equal(budget.heldBytes, 0);
});
