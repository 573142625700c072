import assert from "node:assert/strict";
import { type HealthWord, Meter, type ThreadReport } from "../telemetry/mod.ts";
import { answerProbe } from "./probe_answer.ts";

function telling(...health: HealthWord[]): ThreadReport {
  return { health, measured: new Map() };
}

/** Status and body of an answer where the threads tell this; undefined stands for one that hangs. */
async function get(url: string, ...threads: (ThreadReport | undefined)[]) {
  const { status, body } = await answerProbe(
    { method: "GET", url },
    () => Promise.resolve(threads),
  );
  return [status, body];
}

Deno.test("a server is ready when no thread tells of a failure, and warnings are told", async () => {
  assert.deepEqual(await get("/readyz", telling(), telling("memory_not_locked")), [
    200,
    '{"status":"ready","failing":[],"warning":["memory_not_locked"]}\n',
  ]);
  assert.deepEqual(await get("/readyz", telling(), telling("waiting", "no_shard")), [
    503,
    '{"status":"not ready","failing":["waiting"],"warning":["no_shard"]}\n',
  ]);
});

Deno.test("a thread that hangs and a listener that takes nothing make a server not alive, nothing else does", async () => {
  for (const url of ["/livez", "/healthz", "/livez?verbose"]) {
    assert.deepEqual(await get(url, telling("waiting"), telling("identity_expired")), [
      200,
      '{"status":"alive","failing":[],"warning":[]}\n',
    ]);
    assert.deepEqual(await get(url, telling(), undefined), [
      503,
      '{"status":"not alive","failing":["stalled"],"warning":[]}\n',
    ]);
    assert.deepEqual(await get(url, telling(), telling("not_accepting")), [
      503,
      '{"status":"not alive","failing":["not_accepting"],"warning":[]}\n',
    ]);
  }
  assert.equal((await get("/readyz", undefined))[0], 503);
});

Deno.test("metrics are those of all threads that answer", async () => {
  const meter = new Meter();
  meter.set("spike_connections_open", {}, 2);
  const report = { health: [], measured: meter.read() };
  const [status, body] = await get("/metrics", report, undefined, report);
  assert.equal(status, 200);
  assert.match(String(body), /^spike_connections_open 4$/m);
});

Deno.test("other paths and methods are refused, and none of them asks a thread", async () => {
  const inspect = () => assert.fail("a thread was asked");
  for (const url of ["/", "/metrics/", "/readyz/x", "//readyz", undefined]) {
    assert.equal((await answerProbe({ method: "GET", url }, inspect)).status, 404, url);
  }
  for (const method of ["POST", "PUT", "OPTIONS", undefined]) {
    assert.equal((await answerProbe({ method, url: "/readyz" }, inspect)).status, 405, method);
  }
  const head = await answerProbe({ method: "HEAD", url: "/readyz" }, () => Promise.resolve([]));
  assert.equal(head.status, 200);
});
