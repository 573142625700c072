import assert from "node:assert/strict";
import { startWorld } from "./_backup_fixture.ts";
import { encodeNote, type Restored, RESTORED_FILE, RESTORED_MARK } from "./restored.ts";
import { keepLines } from "../telemetry/_sink.ts";
import { backupStatus } from "./backup_status.ts";
import { recordRestoration } from "./restoration.ts";

const RESTORED: Restored = {
  restores: 2,
  restoredAtMs: Date.parse("2026-07-02T00:00:00Z"),
  storeId: "5a".repeat(16),
  createdAtMs: Date.parse("2026-07-01T00:00:00Z"),
  revision: 2,
  sha256: "ab".repeat(32),
};

async function record(note: Uint8Array | undefined) {
  const world = await startWorld();
  const { directory, store } = world;
  const { log, lines } = keepLines();
  const noticed: unknown[] = [];
  const works: (() => Promise<void>)[] = [];
  const path = `${directory}/${RESTORED_FILE}`;
  if (note) await Deno.writeFile(path, note);
  const auditing = {
    restored: async (detail: unknown) => {
      // In the log before it is in the store.
      noticed.push([detail, await store.mark(RESTORED_MARK)]);
    },
    beforeFirstChange: (work: () => Promise<void>) => void works.push(work),
  };
  await recordRestoration({ directory, store, auditing, log });
  assert.deepEqual(noticed, [], "nothing is recorded before there is a key");
  for (const work of works) await work();
  const status = await backupStatus(store);
  const isLeft = [...Deno.readDirSync(directory)].some(({ name }) => name === RESTORED_FILE);
  await world[Symbol.asyncDispose]();
  return { noticed, status, isLeft, events: lines.map(({ event }) => event) };
}

Deno.test("a restoration is recorded in the log, then in the store, and its note is gone", async () => {
  const { noticed, status, isLeft, events } = await record(encodeNote(RESTORED));
  const { sha256 } = RESTORED;
  const detail = { from: "2026-07-01T00:00:00.000Z", revision: 2, restores: 2, sha256 };
  assert.deepEqual(noticed, [[detail, undefined]]);
  assert.deepEqual(status, {
    restored: { at: "2026-07-02T00:00:00.000Z", ...detail },
  });
  assert.deepEqual([isLeft, events], [false, ["store_restored"]]);
});

Deno.test("without a note nothing is recorded", async () => {
  assert.deepEqual(await record(undefined), {
    noticed: [],
    status: {},
    isLeft: false,
    events: [],
  });
});

Deno.test("a note about another store, or one that cannot be read, is told and left", async () => {
  const other = encodeNote({ ...RESTORED, storeId: "00".repeat(16) });
  // The store has gone on since.
  const past = encodeNote({ ...RESTORED, revision: 1 });
  for (const note of [other, past, new TextEncoder().encode("{}"), new Uint8Array([0xff])]) {
    const { noticed, status, isLeft, events } = await record(note);
    assert.deepEqual([noticed, status], [[], {}]);
    assert.deepEqual([isLeft, events], [true, ["restoration_unknown"]]);
  }
});

Deno.test("a note that a crash has left after all was recorded is removed, and nothing else is done", async () => {
  await using world = await startWorld();
  const { directory, store } = world;
  const path = `${directory}/${RESTORED_FILE}`;
  await Deno.writeFile(path, encodeNote(RESTORED));
  const noticed: unknown[] = [];
  const works: (() => Promise<void>)[] = [];
  const auditing = {
    restored: (detail: unknown) => Promise.resolve(void noticed.push(detail)),
    beforeFirstChange: (work: () => Promise<void>) => void works.push(work),
  };
  const { log, lines } = keepLines();
  const again = async () => {
    await recordRestoration({ directory, store, auditing, log });
    for (const work of works.splice(0)) await work();
  };
  await again();
  await Deno.writeFile(path, encodeNote(RESTORED));
  await again();
  assert.deepEqual([noticed.length, lines.length], [1, 1]);
  assert.throws(() => Deno.statSync(path), Deno.errors.NotFound);
});
