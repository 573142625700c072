import assert from "node:assert/strict";
import { parseSpiffeId } from "./id.ts";
import { MemorySource } from "./memory_source.ts";
import type { X509Svid } from "./source.ts";

const NO_BUNDLES = new Map();
const UNAVAILABLE = { code: "spiffe_unable_to_fetch_x509_source" };

function svid(name: string): X509Svid {
  return {
    id: parseSpiffeId(`spiffe://example.org/${name}`),
    certificates: [],
    privateKey: new Uint8Array(),
    notBeforeMs: 0,
    notAfterMs: 1,
    hint: "",
  };
}

Deno.test("current() throws before the first snapshot and gives the newest one after it", () => {
  const source = new MemorySource(undefined, { now: () => 42 });
  assert.throws(() => source.current(), UNAVAILABLE);
  source.set(svid("a"), NO_BUNDLES);
  source.set(svid("b"), NO_BUNDLES);
  const { svid: { id }, generation, receivedAtMs } = source.current();
  assert.deepEqual([id, generation, receivedAtMs], ["spiffe://example.org/b", 2, 42]);
});

Deno.test("a withdrawn identity is gone until the next one, and the generation goes on", () => {
  const source = new MemorySource({ svid: svid("a"), bundles: NO_BUNDLES });
  source.withdraw("the agent says PermissionDenied");
  assert.throws(() => source.current(), { ...UNAVAILABLE, message: /PermissionDenied/ });
  source.set(svid("a"), NO_BUNDLES);
  assert.equal(source.current().generation, 2);
});

Deno.test("several changes in one turn are announced once", async () => {
  const source = new MemorySource();
  let calls = 0;
  const unsubscribe = source.subscribe(() => void calls++);
  source.set(svid("a"), NO_BUNDLES);
  source.withdraw("x");
  source.set(svid("b"), NO_BUNDLES);
  assert.equal(calls, 0);
  await Promise.resolve();
  assert.equal(calls, 1);
  source.withdraw("y");
  await Promise.resolve();
  assert.equal(calls, 2);
  unsubscribe();
  source.set(svid("c"), NO_BUNDLES);
  await Promise.resolve();
  assert.equal(calls, 2);
});

Deno.test("withdrawing what is not there announces nothing", async () => {
  const source = new MemorySource();
  let calls = 0;
  source.subscribe(() => void calls++);
  source.withdraw("still nothing");
  await Promise.resolve();
  assert.equal(calls, 0);
  assert.throws(() => source.current(), /still nothing/);
});

Deno.test("a function subscribed twice is called twice and unsubscribed once at a time", async () => {
  const source = new MemorySource();
  let calls = 0;
  const listener = () => void calls++;
  const first = source.subscribe(listener);
  source.subscribe(listener);
  first();
  first();
  source.set(svid("a"), NO_BUNDLES);
  await Promise.resolve();
  assert.equal(calls, 1);
});

Deno.test("ready() resolves at once, or with the first snapshot", async () => {
  const source = new MemorySource();
  const waiting = [source.ready(60_000), source.ready(60_000)];
  source.set(svid("a"), NO_BUNDLES);
  for (const { generation } of await Promise.all(waiting)) assert.equal(generation, 1);
  assert.equal((await source.ready(0)).generation, 1);
});

Deno.test("ready() gives up after its time and says what was tried and why it failed", async () => {
  const source = new MemorySource(undefined, { place: "unix:///run/agent.sock" });
  source.withdraw("no such file");
  await assert.rejects(source.ready(1), {
    ...UNAVAILABLE,
    message: "No X.509-SVID from unix:///run/agent.sock within 1 ms: no such file",
  });
});

Deno.test("close() ends waiting and answering, and is the last thing that is told", async () => {
  const source = new MemorySource();
  let calls = 0;
  source.subscribe(() => void calls++);
  const waiting = source.ready(60_000);
  await Promise.all([assert.rejects(waiting, UNAVAILABLE), source.close()]);
  assert.throws(() => source.current(), /it was closed/);
  await assert.rejects(source.ready(0), UNAVAILABLE);
  assert.throws(() => source.set(svid("a"), NO_BUNDLES), /closed source/);
  assert.equal(calls, 1);
  await source.close();
  assert.equal(calls, 1);
});
