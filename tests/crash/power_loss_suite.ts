/**
 * The power fails. What a kill cannot show, since the system's cache outlives a process: that everything which was
 * acknowledged had been made durable before. Disks are rebuilt from the record of a Nexus under load, each with
 * what was synced until then and any part of the rest.
 */
import assert from "node:assert/strict";
import { start as startOffline } from "../tamper/scene.ts";
import type { StampedShard } from "../../lib/recovery/mod.ts";
import type { Kind } from "./disk_shim.ts";
import { agrees, Known } from "./history.ts";
import { Disk, materialise, seeded } from "./power_loss.ts";
import { recordRun } from "./result.ts";
import { Rig } from "./rig.ts";
import { Marker, readTrace, type Step } from "./trace.ts";
import { describe, type Mark, read, Workload } from "./workload.ts";

const FAILURES = Number(Deno.env.get("SPIKE_POWER_FAILURES") ?? 400);
const SEED = Number(Deno.env.get("SPIKE_CRASH_SEED") ?? Math.floor(Math.random() * 2 ** 32));
const PATHS = 16;
/** Enough that the log is copied into the database several times. */
const WRITES = 1_500;

/** What a Nexus did from a known state of its disk on. */
interface Recording {
  readonly before: Map<string, Uint8Array>;
  readonly steps: readonly Step[];
  readonly shards: readonly StampedShard[];
}

Deno.test(`no power failure takes what was acknowledged (SPIKE_CRASH_SEED=${SEED})`, async () => {
  await using rig = await Rig.start();
  if (!rig) return console.log("SKIPPED: there is no C compiler for the shim");
  const recording = await record(rig);
  const lost = await failures(recording, FAILURES, SEED);
  recordRun("power failures", { failures: FAILURES, losses: lost.length });
  assert.deepEqual(lost, []);
});

for (const kind of ["log", "database"] as const) {
  Deno.test(`a missing sync of the ${kind} is found (SPIKE_CRASH_SEED=${SEED})`, async () => {
    await using rig = await Rig.start();
    if (!rig) return console.log("SKIPPED: there is no C compiler for the shim");
    const lost = await failures(await record(rig, kind), 60, SEED);
    recordRun(`without syncs of the ${kind}`, { failures: 60, losses: lost.length });
    assert.notEqual(lost.length, 0);
  });
}

/** Records a Nexus under load; `skipped` kinds of file are never synced. */
async function record(rig: Rig, skipped?: Kind): Promise<Recording> {
  const trace = `${rig.data}.trace`;
  const before = filesIn(rig.data);
  if (skipped) rig.control.skipSyncs(skipped);
  const client = await rig.client("superuser");
  using marker = new Marker(trace);
  const workload = new Workload({
    url: rig.url,
    draw: seeded(SEED),
    paths: PATHS,
    onMark: (mark) => marker.mark(mark),
  });
  const nexus = rig.nexus({ trace });
  try {
    assert.ok(await nexus.becameReady(), nexus.log);
    await workload.run(client, () => workload.acknowledged >= WRITES);
    const shards = await rig.shards();
    await nexus.end();
    return { before, steps: readTrace(Deno.readFileSync(trace)), shards };
  } finally {
    await nexus.end();
    await client.close();
  }
}

/** Lets the power fail `count` times, anywhere in a recording; answers what was wrong afterwards. */
async function failures(
  { before, steps, shards }: Recording,
  count: number,
  seed: number,
): Promise<string[]> {
  const draw = seeded(seed);
  const moments = Array.from({ length: count }, () => Math.floor(draw() * steps.length));
  moments.sort((a, b) => a - b);
  const disk = Disk.of(before);
  const known = new Map<string, Known>();
  const wrong: string[] = [];
  let done = 0;
  for (const moment of moments) {
    for (; done < moment; done++) {
      const step = steps[done];
      if (step?.op === "mark") follow(known, step.mark as Mark);
      else if (step) disk.take(step);
    }
    wrong.push(...await look(disk.after(draw), known, shards, `after ${moment} steps`));
  }
  return wrong;
}

function follow(known: Map<string, Known>, mark: Mark): void {
  const path = known.get(mark.path) ?? new Known();
  known.set(mark.path, path);
  if ("sent" in mark) path.begin(mark.sent);
  else path.acknowledge();
}

/** Starts on what is left of a disk and compares. */
async function look(
  state: Map<string, Uint8Array>,
  known: ReadonlyMap<string, Known>,
  shards: readonly StampedShard[],
  when: string,
): Promise<string[]> {
  const dir = await Deno.makeTempDir({ prefix: "spike-power-" });
  try {
    await materialise(state, dir);
    const system = await startOffline(`${dir}/spike.db`, shards);
    try {
      const { reader } = system.services();
      const wrong: string[] = [];
      for (const [path, history] of known) {
        const found = await read(history, async (version) => {
          const answer = await reader.get({ path, version });
          return answer.found ? answer.values?.["v"] : undefined;
        });
        const isPossible = history.possible.some((each) => agrees(each, found));
        if (!isPossible) wrong.push(`${when}: ${describe(path, history, found)}`);
      }
      return wrong;
    } finally {
      await system.close();
    }
  } catch (error) {
    return [`${when}: ${error instanceof Error ? error.message : String(error)}`];
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Everything in a directory but what is no data. */
function filesIn(dir: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const { name, isFile } of Deno.readDirSync(dir)) {
    if (!isFile || name.endsWith("-shm") || name.endsWith(".lock")) continue;
    files.set(name, Deno.readFileSync(`${dir}/${name}`));
  }
  return files;
}
