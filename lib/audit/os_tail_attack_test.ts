/** What an attacker can do to the files of a log while its process is down, with copies of older ones and no key. */
import assert from "node:assert/strict";
import { changeOf, KEYS, type LogWorld, logWorld, requestOf } from "./_log_fixture.ts";
import { parseCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { leafOf } from "./leaf.ts";
import { recordLine } from "./line.ts";
import { Frontier, leafHash } from "./merkle.ts";
import { AuditLog } from "./os_log.ts";
import { macUnder } from "./os_mac.ts";
import { numbered } from "./record.ts";

const LOG = "01".repeat(16);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const pathOf = (world: LogWorld) => world.files().at(-1)?.path ?? "";
const linesOf = (world: LogWorld) => Deno.readTextFileSync(pathOf(world)).split("\n").slice(0, -1);
const put = (world: LogWorld, lines: readonly string[]) =>
  Deno.writeTextFileSync(pathOf(world), `${lines.join("\n")}\n`);

/** A log whose process was killed: `signed` records with checkpoints, and `unsigned` after the last. */
async function killed(world: LogWorld, { signed = 10, unsigned = 3, name = "p" } = {}) {
  const log = world.open();
  for (let i = 0; i < signed; i++) await log.record(requestOf(`${name}/${i}`));
  await log.sync();
  for (let i = 0; i < unsigned; i++) await log.record(requestOf(`${name}/late/${i}`));
  const lines = linesOf(world);
  await log.close();
  put(world, lines);
  return lines;
}

/** Opens the log again; answers how many records are left, how many lines were set aside, and closes it. */
async function reopened(world: LogWorld) {
  const log = world.open();
  const [size, aside] = [log.size, log.takeAside()];
  await log.record(requestOf("after"));
  await log.close();
  const { findings } = world.verify(LOG);
  assert.deepEqual(findings, []);
  const kept = aside.map((one) => Deno.readTextFileSync(`${world.directory}/${one.kept}`));
  return { size, aside, kept };
}

function forged(n: number, mac = new Uint8Array(16)): string {
  const bytes = numbered(n, '{"kind":"request","time":1,"path":"forged"}');
  return text(recordLine(bytes, leafOf(bytes), mac)).trimEnd();
}

function bytesOf(n: number): Uint8Array {
  return new TextEncoder().encode(`{"format":1,"n":${n},"kind":"request","time":1}`);
}

function older(n: number): string {
  const bytes = bytesOf(n);
  return `r ${leafOf(bytes).subarray(0, 8).toHex()} ${text(bytes)}`;
}

Deno.test("records of a process that was killed are gone on with, by their MACs", async () => {
  await using world = await logWorld();
  await killed(world);
  assert.deepEqual(await reopened(world), { size: 13, aside: [], kept: [] });
});

const APPENDED: Record<string, string> = {
  "with a MAC of zeros": forged(13),
  "with a MAC under another key": forged(
    13,
    new Uint8Array(macUnder(new Uint8Array(32))(new Uint8Array(1))),
  ),
  "in the older format, which has no MAC": older(13),
  "as a dropped one": `d request ${"00".repeat(32)}`,
  "as a dropped one of the older format": `x ${"00".repeat(32)}`,
  "as something else": "?",
};

for (const [how, line] of Object.entries(APPENDED)) {
  Deno.test(`a record that was added ${how} is set aside, and all behind it`, async () => {
    await using world = await logWorld();
    const lines = await killed(world);
    put(world, [...lines, line, older(14)]);
    const { size, aside, kept } = await reopened(world);
    assert.deepEqual([size, aside[0]?.cause, aside[0]?.lines], [13, "unproved", 2]);
    assert.deepEqual(kept, [`${line}\n${older(14)}\n`]);
  });
}

Deno.test("a record that was changed, moved or removed ends what is adopted before it", async () => {
  const attacks: [string, (lines: string[]) => string[], number][] = [
    ["changed", (lines) => lines.with(-2, lines.at(-2)?.replace("late/1", "late/9") ?? ""), 11],
    ["removed", (lines) => lines.toSpliced(-2, 1), 11],
    ["moved", (lines) => [...lines.slice(0, -2), lines.at(-1) ?? "", lines.at(-2) ?? ""], 11],
    ["repeated", (lines) => [...lines, lines.at(-1) ?? ""], 13],
  ];
  for (const [what, attack, left] of attacks) {
    await using world = await logWorld();
    put(world, attack(await killed(world)));
    assert.equal((await reopened(world)).size, left, what);
  }
});

Deno.test("records of two histories of one log are not mixed, wherever one is cut into the other", async () => {
  await using world = await logWorld();
  await killed(world, { unsigned: 0 });
  const common = await Deno.readFile(pathOf(world));
  const first = await killed(world, { signed: 0, unsigned: 5, name: "one" });
  await Deno.writeFile(pathOf(world), common);
  const second = await killed(world, { signed: 0, unsigned: 5, name: "two" });
  const start = first.findIndex((line, i) => line !== second[i]);
  for (let at = start + 1; at < first.length; at++) {
    put(world, [...second.slice(0, at), ...first.slice(at)]);
    const { size, aside } = await reopened(world);
    assert.deepEqual([size, aside[0]?.lines], [10 + at - start, first.length - at], `${at}`);
  }
});

Deno.test("a line is proved in its own log alone", async () => {
  await using world = await logWorld();
  const lines = await killed(world, { signed: 0, unsigned: 3 });
  await using other = await logWorld();
  const log = other.open({ random: (length) => new Uint8Array(length).fill(2) });
  await log.close();
  const path = `${other.directory}/${log.name}/000000000000.log`;
  await Deno.writeTextFile(path, `${lines.slice(1).join("\n")}\n`, { append: true });
  const again = other.open();
  assert.deepEqual([again.size, again.takeAside()[0]?.lines], [0, 3]);
  await again.close();
});

Deno.test("a file that was put behind the last one is set aside whole", async () => {
  await using world = await logWorld();
  const lines = await killed(world);
  const header = lines[0]?.replace('"first":0', '"first":128') ?? "";
  const path = `${world.directory}/${LOG}/000000000128.log`;
  await Deno.writeTextFile(path, `${header}\n${forged(128)}\n`);
  const { size, aside } = await reopened(world);
  assert.deepEqual([size, aside[0]?.lines, aside[0]?.kept], [
    13,
    2,
    `${LOG}/000000000128.log.unproved`,
  ]);
});

Deno.test("the header of a file is proved: no other revision or life can be put there", async () => {
  for (const [from, to] of [['"revision":7', '"revision":9'], ["a0a0", "b0b0"]]) {
    await using world = await logWorld();
    const log = world.open();
    const detail = { life: "a0".repeat(16) };
    await log.record({ kind: "notice", entry: { timeMs: 1, event: "key_loaded", detail } });
    await log.record(changeOf(7));
    for (let i = 0; i < 130; i++) await log.record(requestOf(`p/${i}`));
    const lines = linesOf(world);
    await log.close();
    put(world, [lines[0]?.replace(from ?? "", to ?? "") ?? "", ...lines.slice(1, 3)]);
    const again = world.open();
    assert.deepEqual([again.size, again.revision, again.life], [128, 7, detail.life]);
    await again.close();
  }
});

Deno.test("a checkpoint of an earlier time that was copied to the end is no reason to begin a new log", async () => {
  await using world = await logWorld();
  const lines = await killed(world);
  const note = lines.find((line) => line.startsWith("c ")) ?? "";
  for (const end of [[note], ["?", note], [forged(13), note]]) {
    put(world, [...lines, ...end]);
    assert.equal((await reopened(world)).size, 13);
  }
});

Deno.test("a signed record that is no longer what it was is damage, and not an end to set aside", async () => {
  await using world = await logWorld();
  const lines = await killed(world);
  put(world, lines.map((line) => line.replace("p/5", "p/6")));
  const log = AuditLog.open(world.options);
  assert.match(log.useKeys(KEYS)?.reason ?? "", /a record that was changed/);
  await log.close();
});

Deno.test("before there is a key nothing is read, adopted or signed; what is recorded follows then", async () => {
  await using world = await logWorld();
  const lines = await killed(world);
  put(world, [...lines, forged(13)]);
  const log = AuditLog.open(world.options);
  for (let i = 0; i < 3; i++) await log.record(requestOf(`early/${i}`));
  await log.sync();
  assert.deepEqual([log.size, log.checkpoint, linesOf(world).length], [
    0,
    undefined,
    lines.length + 1,
  ]);
  assert.equal(log.useKeys(KEYS), undefined);
  assert.equal(log.size, 16);
  await log.close();
  const paths: string[] = [];
  const { findings } = world.verify(LOG, {
    onRecord: (_n, bytes) => paths.push(JSON.parse(text(bytes)).path),
  });
  assert.deepEqual([findings, paths.slice(-3)], [[], ["early/0", "early/1", "early/2"]]);
});

Deno.test("what a process recorded that ended before it had a key is set aside, and so is what was changed", async () => {
  await using world = await logWorld();
  await killed(world);
  const first = AuditLog.open(world.options);
  await first.record(requestOf("without a key"));
  await first.close();
  const second = world.open();
  const [left] = second.setHeldAside();
  assert.deepEqual([second.size, left?.lines, left?.kept], [13, 1, "unproved"]);
  await second.close();
  const third = AuditLog.open(world.options);
  await third.record(requestOf("own"));
  await Deno.writeTextFile(`${world.directory}/held`, '{"kind":"request","path":"not own"}\n');
  third.useKeys(KEYS);
  await third.record(requestOf("after"));
  assert.equal(third.size, 14);
  assert.equal(third.setHeldAside().length, 1);
  await third.close();
});

Deno.test("dropping the keys signs a last checkpoint, and what follows is held until they come back", async () => {
  await using world = await logWorld();
  const log = world.open();
  await log.record(requestOf("a"));
  log.dropKeys();
  assert.equal(parseCheckpoint(log.checkpoint ?? "")?.size, 1);
  await log.record(requestOf("sealed"));
  assert.equal(log.size, 1);
  log.useKeys(KEYS);
  assert.equal(log.size, 2);
  await log.close();
  assert.deepEqual(world.verify(LOG).findings, []);
});

/** The lines of a log as older versions wrote it: two signed records, and one that is not. */
function olderLog() {
  const tree = new Frontier();
  for (const n of [0, 1]) tree.append(leafHash(bytesOf(n)));
  const checkpoint = { log: LOG, size: 2, root: tree.root(), timeMs: 1 };
  const note = signCheckpoint(checkpoint, KEYS.publicKey, KEYS.sign);
  const header = `h {"format":1,"log":"${LOG}","first":0,"roots":[],"revision":0}`;
  return { lines: [header, older(0), older(1), `c ${JSON.stringify(note)}`], unsigned: older(2) };
}

Deno.test("the end of a log of the older format is not adopted: what was signed is, and the log goes on", async () => {
  await using world = await logWorld();
  const log = world.open();
  await log.close();
  const { lines, unsigned } = olderLog();
  put(world, [...lines, unsigned]);
  const { size, aside } = await reopened(world);
  assert.deepEqual([size, aside[0]?.lines], [2, 1]);
  const { older: told } = world.verify(LOG);
  assert.deepEqual(told, { records: 2, dropped: 0 });
});

const NOTICE = { kind: "notice", entry: { timeMs: 1, event: "stopped", detail: {} } } as const;

Deno.test("equal records of two histories do not lead from one into the other", async () => {
  await using world = await logWorld();
  await killed(world, { unsigned: 0 });
  const common = await Deno.readFile(pathOf(world));
  const histories: string[][] = [];
  for (const name of ["one", "two"]) {
    await Deno.writeFile(pathOf(world), common);
    const log = world.open();
    for (const entry of [requestOf(name), NOTICE, requestOf(`${name}/behind`)]) {
      await log.record(entry);
    }
    histories.push(linesOf(world));
    await log.close();
  }
  const [one = [], two = []] = histories;
  put(world, [...one.slice(0, -1), two.at(-1) ?? ""]);
  const { size, aside } = await reopened(world);
  assert.deepEqual([size, aside[0]?.lines], [12, 1]);
});

Deno.test("without its checkpoint, or with one of another history, what follows is not adopted", async () => {
  for (
    const attack of [
      (lines: string[]) => lines.filter((line) => !line.startsWith("c ")),
      (lines: string[]) => [...lines.slice(0, -1), ...lines.slice(-5, -3), lines.at(-1) ?? ""],
    ]
  ) {
    await using world = await logWorld();
    put(world, attack(await killed(world)));
    const { size } = await reopened(world);
    assert.ok(size < 13, `${size}`);
  }
});

Deno.test("a checkpoint that is there twice changes nothing", async () => {
  await using world = await logWorld();
  const lines = await killed(world);
  const at = lines.findIndex((line) => line.startsWith("c "));
  put(world, lines.toSpliced(at, 0, lines[at] ?? ""));
  assert.equal((await reopened(world)).size, 13);
});

Deno.test("a header of the older format that names no tree is no header, and nothing throws", async () => {
  for (
    const rest of [
      '"first":0,"roots":["CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk="],"revision":0',
      '"first":9007199254740991,"roots":[],"revision":9007199254740991',
      '"first":0,"roots":[],"revision":1e400',
      '"first":-1,"roots":[],"revision":0',
    ]
  ) {
    await using world = await logWorld();
    put(world, [`h {"format":1,"log":"${LOG}",${rest}}`, ...(await killed(world)).slice(1)]);
    const log = AuditLog.open(world.options);
    assert.equal(log.useKeys(KEYS)?.reason, "no header", rest);
    await log.close();
  }
});
