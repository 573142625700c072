/**
 * A Nexus under load is killed, again and again: at each named moment in the life of its files, and at any moment.
 * Whatever was acknowledged is there afterwards, nothing is there by halves, no version number comes back, the audit
 * log verifies, and the store is what the log says.
 */
import assert from "node:assert/strict";
import type { MtlsClient } from "../../lib/mtls/mod.ts";
import type { Kind, Moment } from "./disk_shim.ts";
import { seeded } from "./power_loss.ts";
import { Rig } from "./rig.ts";
import { recordRun } from "./result.ts";
import { Workload } from "./workload.ts";

const ROUNDS = Number(Deno.env.get("SPIKE_CRASH_ROUNDS") ?? 220);
const SEED = Number(Deno.env.get("SPIKE_CRASH_SEED") ?? Math.floor(Math.random() * 2 ** 32));
const PATHS = 24;
/** More acknowledged writes than this without the moment having come are enough. */
const PATIENCE = 4_000;

interface Point {
  readonly kind: Kind;
  readonly moment: Moment;
  /** The moment comes with the first write after a clean end, which leaves no log. */
  readonly isWithNewLog?: true;
  /** How often the moment may pass before the kill, at most. */
  readonly span: number;
}

const POINTS: readonly (Point | "any moment")[] = [
  { kind: "log", moment: "before sync", span: 40 },
  { kind: "log", moment: "after sync", span: 40 },
  { kind: "log", moment: "amid write", span: 200 },
  { kind: "log", moment: "after write", span: 200 },
  "any moment",
  { kind: "database", moment: "before sync", span: 1 },
  { kind: "database", moment: "after sync", span: 1 },
  { kind: "database", moment: "amid write", span: 20 },
  { kind: "database", moment: "after write", span: 20 },
  "any moment",
  { kind: "audit log", moment: "before sync", span: 2 },
  { kind: "audit log", moment: "after sync", span: 2 },
  { kind: "audit log", moment: "amid write", span: 100 },
  { kind: "audit log", moment: "after write", span: 100 },
  { kind: "directory", moment: "before sync", isWithNewLog: true, span: 1 },
  { kind: "directory", moment: "after sync", isWithNewLog: true, span: 1 },
];

Deno.test(`a Nexus that is killed ${ROUNDS} times loses nothing (SPIKE_CRASH_SEED=${SEED})`, async () => {
  await using rig = await Rig.start();
  if (!rig) return console.log("SKIPPED: there is no C compiler for the shim");
  const draw = seeded(SEED);
  const workload = new Workload({ url: rig.url, draw, paths: PATHS });
  const client = await rig.client("superuser");
  const rounds = new Map<string, number>();
  const lost: string[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const point = POINTS[round % POINTS.length] ?? "any moment";
      const wasReached = await kill(rig, client, workload, point, draw, lost);
      const name = point === "any moment" ? point : `${point.moment} of the ${point.kind}`;
      const row = wasReached ? name : `${name} (not reached)`;
      rounds.set(row, (rounds.get(row) ?? 0) + 1);
    }
    const last = rig.nexus();
    assert.ok(await last.becameReady(), last.log);
    lost.push(...await workload.check(client), ...await rig.auditOf(client, last));
    await last.end("SIGTERM");
  } finally {
    await client.close();
  }
  recordRun("kills", {
    rounds: Object.fromEntries(rounds),
    acknowledged: workload.acknowledged,
    losses: lost.length,
  });
  assert.deepEqual(lost, []);
  const missed = [...rounds.keys()].filter((name) => name.endsWith("(not reached)"));
  assert.deepEqual(missed, [], "Every moment must come");
});

/** One round: start, look at what the last one left, write, die. False when the moment did not come. */
async function kill(
  rig: Rig,
  client: MtlsClient,
  workload: Workload,
  point: Point | "any moment",
  draw: () => number,
  lost: string[],
): Promise<boolean> {
  const countdown = point === "any moment" ? 0 : 1 + Math.floor(draw() * point.span);
  rig.control.spare();
  if (point !== "any moment" && point.isWithNewLog) await endCleanly(rig);
  const nexus = rig.nexus({ workers: draw() < 0.25 ? 2 : 0 });
  assert.ok(await nexus.becameReady(), nexus.log);
  lost.push(...await workload.check(client), ...await rig.auditOf(client, nexus));
  const before = workload.acknowledged;
  if (point === "any moment") {
    const enough = before + 1 + Math.floor(draw() * 300);
    await workload.run(client, () => {
      if (workload.acknowledged < enough) return false;
      void nexus.end();
      return true;
    });
    await nexus.end();
    return true;
  }
  rig.control.killAt(point.kind, point.moment, countdown);
  await workload.run(client, () => workload.acknowledged - before > PATIENCE);
  await nexus.end();
  return rig.control.hasKilled;
}

/** Leaves a database without a log, so that the next start makes one. */
async function endCleanly(rig: Rig): Promise<void> {
  const nexus = rig.nexus();
  assert.ok(await nexus.becameReady(), nexus.log);
  await nexus.end("SIGTERM");
}
