/**
 * Files that end early: the database and its log, cut at many places. A store either opens as it was after one of
 * its writes, or is refused; it never shows a value that was not there at that time.
 */
import assert from "node:assert/strict";
import { start } from "../tamper/scene.ts";
import { makeSample, readAll, type Readings, type Sample } from "./offline.ts";
import { recordRun } from "./result.ts";

const WRITES = 40;
const CUTS = Number(Deno.env.get("SPIKE_CRASH_CUTS") ?? 2_000);

Deno.test(`a log cut at ${CUTS} places shows the store after one of its writes`, async () => {
  await using sample = await makeSample(WRITES);
  const states = sample.states.map(textOf);
  let last = 0;
  for (const size of places(sample.log.length)) {
    const found = await open(sample, sample.database, sample.log.subarray(0, size));
    assert.ok(!(found instanceof Error), `cut at ${size}: ${found}`);
    // States may be equal to earlier ones, but with a longer log none is older.
    const now = states.findIndex((state, i) => i >= last && state === textOf(found));
    assert.notEqual(now, -1, `cut at ${size}: not a state from write ${last} on`);
    last = now;
  }
  assert.equal(last, states.findIndex((state) => state === states.at(-1)));
  recordRun("cuts of the log", { cuts: CUTS, wrong: 0 });
});

Deno.test(`a database cut at ${CUTS} places is refused, or shows what was stored`, async () => {
  await using sample = await makeSample(WRITES);
  const whole = new Uint8Array(sample.database);
  const states = new Set(sample.states.map(textOf));
  let refused = 0;
  for (const size of places(whole.length)) {
    const found = await open(sample, whole.subarray(0, size), new Uint8Array());
    if (found instanceof Error) refused++;
    else assert.ok(states.has(textOf(found)), `cut at ${size}: not what was stored`);
  }
  assert.ok(refused > 0);
  recordRun("cuts of the database", { cuts: CUTS, refused, wrong: 0 });
});

/** As many sizes as there are cuts, or every one. */
function* places(size: number): Generator<number> {
  const step = Math.max(1, size / CUTS);
  for (let at = 0; at < size; at += step) yield Math.floor(at);
  yield size;
}

function textOf(readings: Readings): string {
  return JSON.stringify([...readings].sort());
}

async function open(
  { scene }: Sample,
  database: Uint8Array,
  log: Uint8Array,
): Promise<Readings | Error> {
  const dir = await Deno.makeTempDir({ dir: scene.dir });
  try {
    await Deno.writeFile(`${dir}/spike.db`, database, { mode: 0o600 });
    if (log.length > 0) await Deno.writeFile(`${dir}/spike.db-wal`, log, { mode: 0o600 });
    const system = await start(`${dir}/spike.db`, scene.shards);
    try {
      return await readAll(system);
    } finally {
      await system.close();
    }
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
