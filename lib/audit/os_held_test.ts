/** Records before there is a key: how much is held, and what is left of them after a crash. */
import assert from "node:assert/strict";
import { KEYS, type LogWorld, logWorld, requestOf } from "./_log_fixture.ts";
import type { AuditEntry, RequestEntry } from "./entry.ts";
import { AuditLog } from "./os_log.ts";

const LOG = "01".repeat(16);
const LIMIT = 4_000;

/** A request that nothing let through. */
function refusedTo(name: string): AuditEntry {
  const entry = requestOf("some/path").entry as RequestEntry;
  const { grant: _, ...rest } = entry;
  const caller = { ...entry.caller, id: `spiffe://example.org/${name}` as never };
  return { kind: "request", entry: { ...rest, caller, status: 401, code: "access_unauthorized" } };
}

const sizeOfHeld = ({ directory }: LogWorld) => Deno.statSync(`${directory}/held`).size;
const waiting = (world: LogWorld) => AuditLog.open({ ...world.options, heldBytes: LIMIT });

/** How many refused requests the records of the log stand for, and how many records there are. */
function counted(world: LogWorld): { requests: number; records: number } {
  let [requests, records] = [0, 0];
  const { findings } = world.verify(LOG, {
    onRecord: (_n, bytes) => {
      const { sum } = JSON.parse(new TextDecoder().decode(bytes));
      requests += sum?.count ?? 1;
      records++;
    },
  });
  assert.deepEqual(findings, []);
  return { requests, records };
}

Deno.test("denied callers of a Nexus without a key fill neither disk nor memory, and all are counted", async () => {
  await using world = await logWorld();
  const log = waiting(world);
  for (let i = 0; i < 5_000; i++) await log.record(refusedTo(`caller/${i % 500}`));
  assert.ok(sizeOfHeld(world) < LIMIT + 1_000, `${sizeOfHeld(world)} bytes are held`);
  log.useKeys(KEYS);
  await log.close();
  const { requests, records } = counted(world);
  assert.equal(requests, 5_000);
  assert.ok(records < 150, `${records} records`);
});

Deno.test("a sum for which there is no room counts what it sums up, kind by kind", async () => {
  await using world = await logWorld();
  const log = AuditLog.open({ ...world.options, heldBytes: 0 });
  const one = refusedTo("a").entry as RequestEntry;
  const sum = { count: 7, untilMs: one.timeMs + 5, kinds: { "a b": 4, "c d": 3 } };
  await log.record({ kind: "request", entry: one });
  await log.record({ kind: "request", entry: { ...one, sum } });
  log.useKeys(KEYS);
  await log.close();
  assert.deepEqual(counted(world), { requests: 8, records: 1 });
});

Deno.test("who is let through is recorded singly, although what is held is full", async () => {
  await using world = await logWorld();
  const log = waiting(world);
  for (let i = 0; i < 50; i++) await log.record(refusedTo("a"));
  await log.record(requestOf("an/operator"));
  await log.close();
  const held = await Deno.readTextFile(`${world.directory}/held`);
  assert.match(held, /an\/operator/);
  // The end of the process writes down what was counted.
  assert.match(held, /"sum":\{"count":\d+/);
});

Deno.test("a crash amid the copy of what was held leaves nothing to report but what is not in the log", async () => {
  for (const more of [[], ['{"kind":"request","path":"not in the log"}']]) {
    await using world = await logWorld();
    const log = AuditLog.open(world.options);
    for (let i = 0; i < 200; i++) await log.record(requestOf(`early/${i}`));
    const held = await Deno.readTextFile(`${world.directory}/held`);
    log.useKeys(KEYS);
    await log.close();
    await Deno.writeTextFile(`${world.directory}/held`, held + more.map((line) => `${line}\n`));
    const again = world.open();
    assert.deepEqual(again.setHeldAside().map(({ lines }) => lines), more.map(() => 1));
    const names = [...Deno.readDirSync(world.directory)].map(({ name }) => name).sort();
    assert.deepEqual(names, [LOG, "current", ...more.map(() => "unproved")]);
    await again.close();
  }
});

const ODD: Record<string, (path: string) => unknown> = {
  "is a directory": (path) => Deno.mkdirSync(path),
  "is a pipe": (path) => new Deno.Command("mkfifo", { args: [path] }).outputSync(),
  "leads nowhere": (path) => Deno.symlinkSync("/nonexistent/file", path),
  "has no line": (path) => Deno.writeTextFileSync(path, "no line"),
};

for (const [how, make] of Object.entries(ODD)) {
  Deno.test(`what an earlier process left is set aside although it ${how}`, async () => {
    await using world = await logWorld();
    make(`${world.directory}/held`);
    const log = world.open();
    assert.deepEqual(log.setHeldAside().map(({ kept, lines }) => [kept, lines]), [["unproved", 0]]);
    await log.record(requestOf("after"));
    await log.close();
    assert.deepEqual(world.verify(LOG).findings, []);
  });

  Deno.test(`what is held is given up, and the log goes on, when it ${how} by now`, async () => {
    await using world = await logWorld();
    const log = AuditLog.open(world.options);
    await log.record(requestOf("early"));
    Deno.removeSync(`${world.directory}/held`);
    make(`${world.directory}/held`);
    log.useKeys(KEYS);
    await log.record(requestOf("after"));
    assert.equal(log.size, 1);
    await log.close();
  });
}

Deno.test("what is held is given up, and the log goes on, when it was removed", async () => {
  await using world = await logWorld();
  const log = AuditLog.open(world.options);
  await log.record(requestOf("early"));
  Deno.removeSync(`${world.directory}/held`);
  log.useKeys(KEYS);
  await log.record(requestOf("after"));
  assert.equal(log.size, 1);
  await log.close();
});
