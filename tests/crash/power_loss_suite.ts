/**
 * The power fails. What a kill cannot show, since the system's cache outlives a process: that everything which was
 * acknowledged had been made durable before. Disks are rebuilt from the record of a Nexus under load, each with
 * what was synced until then and any part of the rest.
 */
import assert from "node:assert/strict";
import { type Running, start as startOffline } from "../tamper/scene.ts";
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
  const { wrong, cuts } = await failures(recording, FAILURES, SEED);
  recordRun("power failures", {
    failures: FAILURES,
    "audit logs whose last, unsynced records were cut off": cuts,
    losses: wrong.length,
  });
  assert.deepEqual(wrong, []);
});

for (const kind of ["log", "database", "audit log"] as const) {
  Deno.test(`a missing sync of the ${kind} is found (SPIKE_CRASH_SEED=${SEED})`, async () => {
    await using rig = await Rig.start();
    if (!rig) return console.log("SKIPPED: there is no C compiler for the shim");
    const { wrong } = await failures(await record(rig, kind), 60, SEED);
    recordRun(`without syncs of the ${kind}`, { failures: 60, losses: wrong.length });
    assert.notEqual(wrong.length, 0);
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

/** What was found after power failures. */
interface Aftermath {
  readonly wrong: string[];
  /** How many audit logs had holes in what had not been synced, and were cut off before them. */
  cuts: number;
}

/** Lets the power fail `count` times, anywhere in a recording. */
async function failures(
  { before, steps, shards }: Recording,
  count: number,
  seed: number,
): Promise<Aftermath> {
  const draw = seeded(seed);
  const moments = Array.from({ length: count }, () => Math.floor(draw() * steps.length));
  moments.sort((a, b) => a - b);
  const disk = Disk.of(before);
  const known = new Map<string, Known>();
  const aftermath: Aftermath = { wrong: [], cuts: 0 };
  let done = 0;
  for (const moment of moments) {
    for (; done < moment; done++) {
      const step = steps[done];
      if (step?.op === "mark") follow(known, step.mark as Mark);
      else if (step) disk.take(step);
    }
    const state = disk.after(draw);
    await look({ state, known, shards, when: `after ${moment} steps` }, aftermath);
  }
  return aftermath;
}

function follow(known: Map<string, Known>, mark: Mark): void {
  const path = known.get(mark.path) ?? new Known();
  known.set(mark.path, path);
  if ("sent" in mark) path.begin(mark.sent);
  else path.acknowledge();
}

/** What a power failure has left, and what is known of it. */
interface Left {
  readonly state: Map<string, Uint8Array>;
  readonly known: ReadonlyMap<string, Known>;
  readonly shards: readonly StampedShard[];
  readonly when: string;
}

/**
 * Starts on what is left of a disk and compares: every version of every path with what is known of it, the audit log
 * with its own tree, and the store with the audit log.
 */
async function look(
  { state, known, shards, when }: Left,
  aftermath: Aftermath,
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "spike-power-" });
  const wrong: string[] = [];
  try {
    await materialise(state, dir);
    await Deno.rename(`${dir}/audit`, `${dir}/spike.db.audit`);
    const system = await startOffline(`${dir}/spike.db`, shards);
    try {
      wrong.push(...await differences(system, known), ...await auditOf(system));
      if (isCut(system)) aftermath.cuts++;
    } finally {
      await system.close();
    }
  } catch (error) {
    wrong.push(error instanceof Error ? error.message : String(error));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
  aftermath.wrong.push(...wrong.map((what) => `${when}: ${what}`));
}

/** Paths that are not as any of their possible histories says. */
async function differences(
  system: Running,
  known: ReadonlyMap<string, Known>,
): Promise<string[]> {
  const { reader } = system.services();
  const wrong: string[] = [];
  for (const [path, history] of known) {
    const found = await read(history, async (version) => {
      const answer = await reader.get({ path, version });
      return answer.found ? answer.values?.["v"] : undefined;
    });
    const isPossible = history.possible.some((each) => agrees(each, found));
    if (!isPossible) wrong.push(describe(path, history, found));
  }
  return wrong;
}

const isCut = ({ lines }: Running) => lines.some(({ event }) => event === "audit_log_cut");

/**
 * What is wrong with the audit log, or differs between it and the store. That what had not been synced was cut off is
 * no loss: records of requests have a second until they are on the disk, and those of changes come from the store.
 */
async function auditOf(system: Running): Promise<string[]> {
  const told = system.lines.filter(({ level, event }) =>
    level === "error" && event !== "audit_log_cut"
  );
  const { logs, rows } = await system.verify();
  return [
    ...told.map(({ event, fields }) => `${event} ${JSON.stringify(fields)}`),
    ...logs.flatMap((log) =>
      "missing" in log
        ? [`audit log ${log.log} is missing`]
        : log.findings.map(({ record, what }) => `audit record ${record}: ${what}`)
    ),
    ...rows.map(({ kind, name, what }) => `${kind} ${name} is ${what}`),
  ];
}

/** Everything below a directory but what is no data. */
function filesIn(dir: string, prefix = ""): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const { name, isDirectory } of Deno.readDirSync(dir)) {
    const path = `${dir}/${name}`;
    if (name.endsWith("-shm") || name.endsWith(".lock")) continue;
    if (!isDirectory) files.set(prefix + name, Deno.readFileSync(path));
    else for (const [below, bytes] of filesIn(path, `${prefix}${name}/`)) files.set(below, bytes);
  }
  return files;
}
