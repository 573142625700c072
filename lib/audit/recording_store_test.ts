import assert from "node:assert/strict";
import { openMemory, type Store } from "../store/mod.ts";
import { someKek, someMeta } from "../store/conformance.ts";
import type { Call } from "./call.ts";
import { decodeChange } from "./outbox_row.ts";
import { digestOf, recordingStore } from "./recording_store.ts";
import { currentCall, inCall } from "./os_in_call.ts";

const CALL: Call = {
  id: "spiffe://example.org/web" as never,
  trustDomain: "example.org" as never,
  serial: "0a",
  correlation: "c-1",
  operation: "secret.put",
  grant: { by: "policy", name: "web" },
};

function world() {
  const store = openMemory();
  let commits = 0;
  const recording = recordingStore(store, {
    currentCall,
    clock: () => 5,
    onCommitted: () => commits++,
  });
  const records = async () => (await store.outbox(0, 99)).map(({ record }) => decodeChange(record));
  return { store, recording, records, commits: () => commits };
}

const sealed = Uint8Array.of(1, 2, 3);
const head = (path: string) => ({
  path,
  revision: 1,
  current: 2,
  kekGeneration: 1,
  sealed,
  isPurged: false,
  expiresMs: null,
});

Deno.test("what a transaction stores leaves a record in the same commit, with the call behind it", async () => {
  const { recording, records, commits } = world();
  await inCall(CALL, () =>
    recording.write(async (tx) => {
      await tx.putHead(head("a"));
      await tx.putPolicy({ name: "p", revision: 1, kekGeneration: 1, sealed });
      await tx.deletePolicy("p");
      await tx.deletePolicy("never there");
    }));
  const digest = digestOf(sealed);
  assert.deepEqual(await records(), [{
    timeMs: 5,
    revision: 1,
    call: CALL,
    changes: [
      { head: "a", current: 2, digest },
      { policy: "p", digest },
      { policy: "p", removed: true },
    ],
  }]);
  assert.equal(commits(), 1);
});

Deno.test("what fails leaves no record", async () => {
  const { recording, records, commits } = world();
  const fails = recording.write(async (tx) => {
    await tx.putHead(head("a"));
    throw new Error("no");
  });
  await assert.rejects(fails, /no/);
  assert.deepEqual(await records(), []);
  assert.equal(commits(), 0);
});

Deno.test("a transaction that changes nothing leaves a record that says so: no revision is without one", async () => {
  const { recording, records, store } = world();
  await recording.write(async (tx) => {
    await tx.head("a");
    await tx.deletePolicy("p");
  });
  await recording.write((tx) => tx.putHead(head("a")));
  assert.deepEqual((await records()).map(({ revision, changes }) => [revision, changes.length]), [
    [1, 0],
    [2, 1],
  ]);
  assert.equal(await store.revision(), 2);
});

Deno.test("what a process does of its own accord is recorded without a call", async () => {
  const { recording, records } = world();
  await recording.write((tx) => tx.initialise(someMeta(), someKek()));
  const [record] = await records();
  assert.equal(record?.call, undefined);
  assert.deepEqual(record?.changes, [{ meta: ["created"] }, { kek: 1, state: "active" }]);
});

Deno.test("calls at the same time are not mixed up, however long each takes to write", async () => {
  const { recording, records } = world();
  const write = async (store: Store, n: number) => {
    for (let i = 0; i < n % 3; i++) await Promise.resolve();
    await store.write((tx) => tx.putHead(head(`p${n}`)));
  };
  await Promise.all(
    Array.from(
      { length: 20 },
      (_, n) => inCall({ ...CALL, correlation: `c-${n}` }, () => write(recording, n)),
    ),
  );
  for (const { call, changes } of await records()) {
    const [change] = changes;
    assert.ok(change && "head" in change);
    assert.equal(call?.correlation, change.head.replace("p", "c-"));
  }
});
