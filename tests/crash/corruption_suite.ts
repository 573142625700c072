/**
 * One byte of a database is changed, each in turn. Every record then reads as it was stored or is refused by name,
 * or the whole file is refused; no other value is ever shown.
 */
import assert from "node:assert/strict";
import { seeded } from "./power_loss.ts";
import { start } from "../tamper/scene.ts";
import { makeSample, readAll, records, type Sample } from "./offline.ts";
import { recordRun } from "./result.ts";

/** Every byte with 1; each n-th with n. */
const STRIDE = Number(Deno.env.get("SPIKE_CORRUPTION_STRIDE") ?? 1);
const SEED = Number(Deno.env.get("SPIKE_CRASH_SEED") ?? Math.floor(Math.random() * 2 ** 32));

Deno.test(`no changed byte shows a wrong value (SPIKE_CRASH_SEED=${SEED})`, async () => {
  await using sample = await makeSample(0);
  const path = `${sample.scene.dir}/flipped.db`;
  await Deno.writeFile(path, sample.database, { mode: 0o600 });
  const stored = await readStored(path, sample);
  const draw = seeded(SEED);
  const tally = { bytes: 0, harmless: 0, "file refused": 0, "record refused": 0, "record gone": 0 };
  for (let at = Math.floor(draw() * STRIDE); at < sample.database.length; at += STRIDE) {
    const outcome = await flip(path, sample, at, 1 << Math.floor(draw() * 8), stored);
    tally.bytes++;
    tally[outcome]++;
  }
  recordRun("changed bytes", { ...tally, wrong: 0 });
  assert.ok(tally["record refused"] > 0 && tally["file refused"] > 0);
});

async function readStored(path: string, { scene }: Sample): Promise<ReadonlyMap<string, string>> {
  const system = await start(path, scene.shards);
  try {
    return await readAll(system);
  } finally {
    await system.close();
  }
}

type Outcome = "harmless" | "file refused" | "record refused" | "record gone";

/** Changes one byte, reads everything, and puts the file back. */
async function flip(
  path: string,
  { scene, database }: Sample,
  at: number,
  mask: number,
  stored: ReadonlyMap<string, string>,
): Promise<Outcome> {
  const changed = database.slice();
  changed[at] = (changed[at] ?? 0) ^ mask;
  await Deno.writeFile(path, changed);
  for (const beside of ["-wal", "-shm"]) await Deno.remove(path + beside).catch(() => {});
  let system: Awaited<ReturnType<typeof start>>;
  try {
    system = await start(path, scene.shards);
  } catch (error) {
    assert.match(String(error), /SpikeError/, `byte ${at}: ${error}`);
    return "file refused";
  }
  try {
    return await compare(await records(system), stored, at);
  } catch (error) {
    assert.match(String(error), /SpikeError/, `byte ${at}: ${error}`);
    return "file refused";
  } finally {
    await system.close();
  }
}

async function compare(
  found: ReadonlyMap<string, () => Promise<string>>,
  stored: ReadonlyMap<string, string>,
  at: number,
): Promise<Outcome> {
  let outcome: Outcome = "harmless";
  for (const [record, value] of stored) {
    const read = found.get(record);
    if (!read) {
      outcome = "record gone";
      continue;
    }
    try {
      const now = await read();
      if (now === "absent" && value !== "absent") outcome = "record gone";
      else assert.equal(now, value, `byte ${at}: ${record}`);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      assert.match(String(error), /SpikeError/, `byte ${at}, ${record}: ${error}`);
      if (outcome === "harmless") outcome = "record refused";
    }
  }
  return outcome;
}
