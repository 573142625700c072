import assert from "node:assert/strict";
import type { RequestEntry } from "../audit/mod.ts";
import type { Peer } from "../mtls/mod.ts";
import { createRefusalAudit } from "./refusal_audit.ts";

const PEER = { ok: true, id: "spiffe://example.org/web", trustDomain: "example.org", serial: "0a" };
const peer = PEER as unknown as Peer;
const DENIED = {
  correlation: "c",
  server: "nexus",
  caller: { id: peer.id, trustDomain: peer.trustDomain, serial: "0a" },
  operation: "secret.get",
  subject: {},
  status: 401,
  code: "access_unauthorized",
  timeMs: 1,
  durationUs: 1,
} as RequestEntry;

function build(record?: (entry: RequestEntry) => Promise<void>) {
  const entries: RequestEntry[] = [];
  const lines: [string, unknown][] = [];
  const log = (event: string, fields?: unknown) => void lines.push([event, fields]);
  const clock = { ms: 0 };
  const audit = createRefusalAudit({
    server: "nexus",
    record: record ?? ((entry) => Promise.resolve(void entries.push(entry))),
    log: { debug: log, info: log, warn: log, error: log },
    clock: () => clock.ms,
  });
  return { audit, entries, lines, clock };
}

Deno.test("a flood of denied requests leaves a few records, and one that counts the others", async () => {
  const { audit, entries, lines } = build();
  const told = [];
  for (let i = 0; i < 5_000; i++) told.push(await audit.audit(DENIED));
  assert.equal(told.filter((isSingle) => isSingle).length, 20);
  assert.equal(entries.length, 20);
  await audit.close();
  assert.equal(entries.length, 21);
  assert.deepEqual(entries[20]?.sum?.kinds, { "secret.get access_unauthorized": 4_980 });
  assert.deepEqual(lines, [["requests_refused", {
    peer: peer.id,
    count: 4_980,
    kinds: '{"secret.get access_unauthorized":4980}',
  }]]);
});

Deno.test("an interval that is over is recorded by the next refusal, however late its timer", async () => {
  const { audit, entries, clock } = build();
  for (let i = 0; i < 25; i++) await audit.audit(DENIED);
  clock.ms = 10_000;
  await audit.audit(DENIED);
  assert.deepEqual(entries.slice(20).map(({ sum }) => sum?.count), [5, undefined]);
  await audit.close();
});

Deno.test("what never came to a route is recorded with its fault", async () => {
  const { audit, entries, lines } = build();
  audit.refused({ peer, status: 400, fault: "expect" });
  audit.refused({ peer, status: 429, fault: "overloaded" });
  await audit.close();
  const told = entries.map(({ operation, status, code, subject }) => [
    operation,
    status,
    code,
    subject.names?.["fault"],
  ]);
  assert.deepEqual(told, [
    [null, 400, "api_bad_request", "expect"],
    [null, 429, "overloaded", "overloaded"],
  ]);
  assert.equal(lines[0]?.[0], "malformed_request");
});

Deno.test("a sum that cannot be recorded is told with all its numbers", async () => {
  const { audit, lines } = build((entry) =>
    entry.sum ? Promise.reject(new Error("Disk is full")) : Promise.resolve()
  );
  for (let i = 0; i < 30; i++) await audit.audit(DENIED);
  await audit.close();
  assert.deepEqual(lines.map(([event]) => event), ["requests_refused", "audit_record_failed"]);
});

Deno.test("a request that was let through is recorded each time, and fails where it cannot be", async () => {
  const granted = { ...DENIED, grant: { by: "policy", name: "p" } } as RequestEntry;
  const { audit, entries } = build();
  for (let i = 0; i < 100; i++) assert.equal(await audit.audit(granted), true);
  assert.equal(entries.length, 100);
  const failing = build(() => Promise.reject(new Error("Disk is full")));
  await assert.rejects(failing.audit.audit(granted), /Disk is full/);
});
