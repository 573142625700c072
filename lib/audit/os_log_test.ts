import assert from "node:assert/strict";
import { changeOf, keyOf, KEYS, type LogWorld, logWorld, requestOf } from "./_log_fixture.ts";
import { openCheckpoint, parseCheckpoint } from "./checkpoint.ts";
import { AuditLog } from "./os_log.ts";
import { nativeVerifier } from "./os_sign.ts";
import type { Expected, Unusable } from "./scan.ts";

const paths = (count: number) => Array.from({ length: count }, (_, i) => `path/${i}`);

async function fill(log: AuditLog, count: number): Promise<void> {
  await Promise.all(paths(count).map((path) => log.record(requestOf(path))));
}

/** Why the log cannot be gone on with under its keys; undefined when it can. */
async function unusable(world: LogWorld, expected?: Expected): Promise<Unusable | undefined> {
  const log = AuditLog.open(world.options);
  const why = log.useKeys(KEYS, { expected });
  await log.close();
  return why;
}

async function modeOf(path: string): Promise<number> {
  return ((await Deno.stat(path)).mode ?? 0) & 0o777;
}

Deno.test("records of a turn are written together, and there when each is answered", async () => {
  await using world = await logWorld();
  const log = world.open();
  await fill(log, 5);
  const text = await Deno.readTextFile(world.files()[0]?.path ?? "");
  const records = text.split("\n").filter((line) => line.startsWith("m "));
  assert.deepEqual(records.map((line) => JSON.parse(line.slice(52)).path), paths(5));
  await log.close();
});

Deno.test("files and directories are their owner's alone", async () => {
  await using world = await logWorld();
  const log = world.open();
  await fill(log, 200);
  await log.close();
  for (const { path } of world.files()) assert.equal(await modeOf(path), 0o600);
  assert.equal(await modeOf(`${world.directory}/${log.name}`), 0o700);
  assert.equal(await modeOf(`${world.directory}/current`), 0o600);
});

Deno.test("a log goes on where it was left, over files of full subtrees", async () => {
  await using world = await logWorld();
  let name = "";
  for (const count of [1, 126, 1, 1, 300]) {
    const log = world.open();
    name = log.name;
    await fill(log, count);
    await log.close();
  }
  assert.deepEqual(world.files().map(({ first }) => first), [0, 128, 256, 384]);
  const { size, findings, signed } = world.verify(name);
  assert.deepEqual({ size, findings, signed }, { size: 429, findings: [], signed: 429 });
});

Deno.test("a checkpoint is signed over all, and told once all is on the disk", async () => {
  await using world = await logWorld();
  const log = world.open();
  await fill(log, 3);
  assert.equal(log.checkpoint, undefined);
  await log.sync();
  const checkpoint = openCheckpoint(log.checkpoint ?? "", keyOf(log.name), nativeVerifier());
  assert.equal(checkpoint?.size, 3);
  await log.close();
});

Deno.test("what was being written when a process ended is cut off, at every length; nothing else is", async () => {
  await using world = await logWorld();
  const log = world.open();
  await fill(log, 3);
  await log.close();
  const path = world.files()[0]?.path ?? "";
  const whole = await Deno.readFile(path);
  const ends = [...whole.entries()].filter(([, byte]) => byte === 10).map(([i]) => i + 1);
  const recordsBefore = (length: number) => {
    const text = new TextDecoder().decode(whole.subarray(0, length));
    return text.split("\n").slice(0, -1).filter((line) => line.startsWith("m ")).length;
  };
  for (let length = ends[0] as number; length <= whole.length; length += 7) {
    await Deno.writeFile(path, whole.subarray(0, length));
    const again = world.open();
    assert.equal(again.size, recordsBefore(length), `cut at ${length}`);
    await again.record(requestOf("after"));
    await again.close();
    const { size, findings } = world.verify(log.name);
    assert.deepEqual({ size, findings }, { size: recordsBefore(length) + 1, findings: [] });
  }
});

Deno.test("a file that was begun and never written to is begun again", async () => {
  await using world = await logWorld();
  const log = world.open();
  await fill(log, 128);
  await log.close();
  for (const torn of ["", 'h {"format":1,"lo']) {
    await Deno.writeTextFile(`${world.directory}/${log.name}/000000000128.log`, torn);
    const again = world.open();
    assert.equal(again.size, 128);
    await again.close();
  }
  const again = world.open();
  await fill(again, 1);
  await again.close();
  assert.deepEqual(world.verify(log.name).findings, []);
});

Deno.test("a whole line that does not fit is damage: the log is not gone on with and stays as it is", async () => {
  await using world = await logWorld();
  const log = world.open();
  await fill(log, 3);
  await log.close();
  const path = world.files()[0]?.path ?? "";
  const whole = await Deno.readTextFile(path);
  const damages = [
    whole.replace("path/1", "path/9"),
    whole.replace("\nm ", "\nq "),
    whole.replace(/^h .*\n/, ""),
  ];
  for (const damaged of damages) {
    await Deno.writeTextFile(path, damaged);
    assert.ok(await unusable(world));
    assert.equal(await Deno.readTextFile(path), damaged);
  }
});

Deno.test("what a failure of power has left with holes is cut off, put aside and told", async () => {
  await using world = await logWorld();
  const log = world.open();
  await fill(log, 70);
  await log.close();
  const path = world.files()[0]?.path ?? "";
  const whole = await Deno.readFile(path);
  const ends = [...whole.keys()].filter((at) => whole[at] === 10).map((at) => at + 1);
  const start = ends[30] ?? 0;
  const holed = whole.slice().fill(0, start + 30, start + 60);
  await Deno.writeFile(path, holed);
  const again = world.open();
  const [cut] = again.takeAside();
  assert.deepEqual([again.size, cut?.line, cut?.bytes], [30, 32, whole.length - start]);
  assert.equal(cut?.cause, "hole");
  const kept = await Deno.readFile(`${world.directory}/${cut?.kept}`);
  assert.deepEqual(kept, holed.slice(start));
  await fill(again, 5);
  await again.close();
  const { size, findings } = world.verify(log.name);
  assert.deepEqual([size, findings], [35, []]);
});

Deno.test("holes in what is known to have been on the disk are damage", async () => {
  await using world = await logWorld();
  const log = world.open();
  await fill(log, 70);
  await log.sync();
  const known = parseCheckpoint(log.checkpoint ?? "");
  await log.close();
  const path = world.files()[0]?.path ?? "";
  const holed = (await Deno.readFile(path)).fill(0, 1000, 1100);
  await Deno.writeFile(path, holed);
  assert.ok(await unusable(world, known));
  assert.deepEqual(await Deno.readFile(path), holed);
});

Deno.test("what another process has written counts as on the disk only after a sync", async () => {
  await using world = await logWorld();
  const log = world.open();
  await log.record(changeOf(7));
  await log.close();
  const again = world.open();
  assert.deepEqual([again.revision, again.durableRevision], [7, 0]);
  await fill(again, 1);
  await again.sync();
  assert.equal(again.durableRevision, 7);
  await again.close();
});

Deno.test("a log that is shorter than the checkpoint the store knows, or another one, is not gone on with", async () => {
  await using world = await logWorld();
  const log = world.open();
  await fill(log, 70);
  await log.sync();
  const known = parseCheckpoint(log.checkpoint ?? "");
  await log.close();
  const path = world.files()[0]?.path ?? "";
  const whole = await Deno.readTextFile(path);
  const lines = whole.split("\n");
  await Deno.writeTextFile(path, `${lines.slice(0, 40).join("\n")}\n`);
  assert.deepEqual(await unusable(world, known), {
    line: 1,
    reason: "records are missing",
  });
  await Deno.writeTextFile(path, whole);
  const forged = { size: 30, root: new Uint8Array(32) };
  assert.deepEqual(await unusable(world, forged), {
    line: 31,
    reason: "another root",
  });
  assert.equal(await unusable(world, known), undefined);
});

Deno.test("the last transaction is known again, and put back where the store was", async () => {
  await using world = await logWorld();
  const first = world.open();
  await first.record(changeOf(7));
  assert.deepEqual([first.revision, first.durableRevision], [7, 0]);
  await first.sync();
  assert.equal(first.durableRevision, 7);
  await fill(first, 200);
  await first.close();
  const second = world.open();
  assert.equal(second.revision, 7);
  const entry = { timeMs: 1, event: "store_rolled_back", detail: { from: 7, to: 3 } } as const;
  await second.record({ kind: "notice", entry });
  await second.close();
  const third = world.open();
  assert.equal(third.revision, 3);
  await third.close();
});

Deno.test("a record that cannot be written is refused, and the next one is tried again", async () => {
  await using world = await logWorld();
  let fails = false;
  const log = world.open();
  const write = Deno.FsFile.prototype.writeSync;
  Deno.FsFile.prototype.writeSync = function (bytes) {
    if (!fails) return write.call(this, bytes);
    write.call(this, bytes.subarray(0, 9));
    throw new Error("No space left on device");
  };
  try {
    await log.record(requestOf("a"));
    fails = true;
    await assert.rejects(log.record(requestOf("b")), { code: "audit_unavailable" });
    assert.equal(log.isWritable, false);
    fails = false;
    await log.record(requestOf("c"));
    assert.equal(log.isWritable, true);
  } finally {
    Deno.FsFile.prototype.writeSync = write;
  }
  await log.close();
  const { size, findings } = world.verify(log.name);
  assert.deepEqual({ size, findings }, { size: 2, findings: [] });
});

Deno.test("after a sync that failed nothing is taken any more", async () => {
  await using world = await logWorld();
  const log = world.open({ syncMs: 0 });
  const sync = Deno.FsFile.prototype.syncData;
  Deno.FsFile.prototype.syncData = () => Promise.reject(new Error("Input/output error"));
  try {
    await assert.rejects(log.record(requestOf("a")), { code: "audit_unavailable" });
  } finally {
    Deno.FsFile.prototype.syncData = sync;
  }
  await assert.rejects(log.record(requestOf("b")), { code: "audit_unavailable" });
  assert.equal(log.isWritable, false);
  await assert.rejects(log.close(), { code: "audit_unavailable" });
});

Deno.test("without keys records are taken and nothing is signed", async () => {
  await using world = await logWorld();
  const log = world.open();
  log.dropKeys();
  await fill(log, 70);
  await log.sync();
  assert.equal(log.checkpoint, undefined);
  assert.equal(log.hasCheckpoints, false);
  log.useKeys(KEYS);
  await log.sync();
  assert.equal(parseCheckpoint(log.checkpoint ?? "")?.size, 70);
  await log.close();
});
