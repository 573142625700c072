import assert from "node:assert/strict";
import type { FromThread } from "./thread_message.ts";

/** What a thread says, one message after another, and a way to talk to it. */
function run() {
  const entry = new URL("./_thread_worker.ts", import.meta.url);
  const worker = new Worker(entry, { type: "module", deno: { permissions: "none" } });
  const said: FromThread[] = [];
  let wake = () => {};
  worker.onmessage = ({ data }: MessageEvent<FromThread>) => {
    said.push(data);
    wake();
  };
  const next = async () => {
    while (said.length === 0) await new Promise<void>((resolve) => wake = resolve);
    return said.shift();
  };
  return { worker, next };
}

Deno.test("a thread says when it is loaded, starts when told, and stops when told", async () => {
  const { worker, next } = run();
  assert.deepEqual(await next(), { kind: "loaded" });
  worker.postMessage({ kind: "start", data: "well" });
  worker.postMessage({ kind: "stop" });
  assert.deepEqual(await next(), { kind: "stopped", code: 0 });
  worker.terminate();
});

Deno.test("a thread that cannot start says why", async () => {
  const { worker, next } = run();
  await next();
  worker.postMessage({ kind: "start", data: "fails" });
  const message = await next();
  assert.ok(message?.kind === "failed");
  assert.match(message.failure.message, /cannot start/);
  worker.terminate();
});

Deno.test("a thread that still waits to start, or was never told to, stops at once", async () => {
  for (
    const messages of [[{ kind: "start", data: "hangs" }, { kind: "stop" }], [{ kind: "stop" }]]
  ) {
    const { worker, next } = run();
    await next();
    for (const message of messages) worker.postMessage(message);
    assert.deepEqual(await next(), { kind: "stopped", code: 0 });
    worker.terminate();
  }
});
