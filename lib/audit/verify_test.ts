import assert from "node:assert/strict";
import { keyOf, KEYS, type LogWorld, logWorld, requestOf } from "./_log_fixture.ts";
import { type Checkpoint, parseCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { recordLine } from "./line.ts";
import { leafOf } from "./leaf.ts";
import { signerOf } from "./os_sign.ts";
import type { Verified } from "./verify.ts";

const SIZE = 150;
/** Where the record begins in its line. */
const START = 2 + 16 + 1 + 32 + 1;
const LOG = "01".repeat(16);

/** A log of two files and more than one checkpoint, as its lines. */
async function written(world: LogWorld): Promise<{ lines: string[]; path: string; note: string }> {
  const log = world.open({ recordsPerFile: 1024 });
  for (let i = 0; i < SIZE; i += 30) {
    await Promise.all(
      Array.from({ length: 30 }, (_, k) => log.record(requestOf(`path/${i + k}`))),
    );
    await log.sync();
  }
  await log.close();
  const path = world.files()[0]?.path ?? "";
  const lines = (await Deno.readTextFile(path)).split("\n").slice(0, -1);
  return { lines, path, note: log.checkpoint ?? "" };
}

const isRecord = (line: string) => line.startsWith("m ");

function checkpointOf(note: string): Checkpoint {
  const checkpoint = parseCheckpoint(note);
  assert.ok(checkpoint);
  return checkpoint;
}

/** A record line with its mark made to fit. */
function remade(json: string): string {
  const bytes = new TextEncoder().encode(json);
  return new TextDecoder().decode(recordLine(bytes, leafOf(bytes), new Uint8Array(16))).slice(
    0,
    -1,
  );
}

function numbered(line: string, n: number): string {
  return remade(line.slice(START).replace(/"n":\d+/, `"n":${n}`));
}

/** Records anew from place `at` on, as somebody would write them who hides that one came or went. */
function renumbered(lines: string[]): string[] {
  let n = 0;
  return lines.map((line) => isRecord(line) ? numbered(line, n++) : line);
}

type Attack = (lines: string[], at: number) => string[];

/** Where the line of record `n` is. */
const lineOf = (lines: string[], n: number) =>
  lines.findIndex((line) => isRecord(line) && line.includes(`"n":${n},`));

const recordAt = (lines: string[], n: number) => lines[lineOf(lines, n)] ?? "";

/** Plain attacks: what is told names the record. */
const PLAIN: Record<string, Attack> = {
  deleted: (lines, n) => lines.toSpliced(lineOf(lines, n), 1),
  changed: (lines, n) => lines.with(lineOf(lines, n), recordAt(lines, n).replace("web", "xeb")),
  inserted: (lines, n) => lines.toSpliced(lineOf(lines, n), 0, numbered(recordAt(lines, n), 0)),
  "put in another order": (lines, n) => {
    const [a, b] = [lineOf(lines, n), lineOf(lines, n + 1)];
    return lines.with(a, recordAt(lines, n + 1)).with(b, recordAt(lines, n));
  },
  "made no line": (lines, n) => lines.with(lineOf(lines, n), "?"),
};

/** Attacks by somebody who writes everything anew but cannot sign: what is told holds the record. */
const CAREFUL: Record<string, Attack> = {
  deleted: (lines, n) => renumbered(lines.toSpliced(lineOf(lines, n), 1)),
  changed: (lines, n) =>
    lines.with(
      lineOf(lines, n),
      remade(recordAt(lines, n).slice(START).replace("web", "xeb")),
    ),
  inserted: (lines, n) => renumbered(lines.toSpliced(lineOf(lines, n), 0, recordAt(lines, n))),
  "put in another order": (lines, n) => {
    const [a, b] = [lineOf(lines, n), lineOf(lines, n + 1)];
    return renumbered(lines.with(a, recordAt(lines, n + 1)).with(b, recordAt(lines, n)));
  },
};

/** Every tenth record, and those around checkpoints. */
const PLACES = [0, 1, 28, 29, 30, 31, 59, 60, 75, 90, 100, 110, 119, 120, 147, 148];

for (const [what, attack] of Object.entries(PLAIN)) {
  Deno.test(`a record that was ${what} is told by its number`, async () => {
    await using world = await logWorld();
    const { lines, path } = await written(world);
    for (const n of PLACES.slice(1)) {
      await Deno.writeTextFile(path, attack([...lines], n).join("\n") + "\n");
      const [first] = world.verify(LOG).findings;
      assert.equal(first?.record, n, `${what} at ${n}: ${JSON.stringify(first)}`);
      assert.equal(first?.to, undefined);
    }
  });
}

for (const [what, attack] of Object.entries(CAREFUL)) {
  Deno.test(`a record that was ${what} with care is told between two checkpoints`, async () => {
    await using world = await logWorld();
    const { lines, path } = await written(world);
    for (const n of PLACES) {
      await Deno.writeTextFile(path, attack([...lines], n).join("\n") + "\n");
      const [first] = world.verify(LOG).findings;
      assert.ok(first, `${what} at ${n}`);
      assert.ok(first.record <= n && n <= (first.to ?? first.record), JSON.stringify(first));
      assert.ok((first.to ?? first.record) - first.record < 64, JSON.stringify(first));
    }
  });
}

Deno.test("a log as it was written has nothing to tell", async () => {
  await using world = await logWorld();
  const { note } = await written(world);
  const held = parseCheckpoint(note);
  const { findings, ...rest } = world.verify(LOG, { held: held ? [held] : [] });
  assert.deepEqual(findings, []);
  assert.deepEqual(rest, {
    log: LOG,
    size: SIZE,
    dropped: 0,
    checkpoints: 5,
    signed: SIZE,
    unsigned: 0,
    held: 1,
    newest: note,
  });
});

Deno.test("a record that was changed is handed to nobody", async () => {
  await using world = await logWorld();
  const { path } = await written(world);
  await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace("path/33", "path/34"));
  const taken: number[] = [];
  world.verify(LOG, { onRecord: (n) => void taken.push(n) });
  assert.equal(taken.length, SIZE - 1);
  assert.ok(!taken.includes(33));
});

Deno.test("what follows the last newline is told and is no finding, but amid the log it is one", async () => {
  await using world = await logWorld();
  const log = world.open();
  for (let i = 0; i < 130; i++) await log.record(requestOf(`path/${i}`));
  await log.close();
  const [first, last] = world.files();
  await Deno.writeTextFile(last?.path ?? "", "r 0123", { append: true });
  const { findings, tornBytes, size } = world.verify(LOG);
  assert.deepEqual([findings, tornBytes, size], [[], 6, 130]);
  await Deno.writeTextFile(first?.path ?? "", "r 01", { append: true });
  const [found] = world.verify(LOG).findings;
  assert.deepEqual([found?.record, found?.what], [128, "the file breaks off amid a line"]);
});

Deno.test("truncation is found against any checkpoint held, and only then", async () => {
  await using world = await logWorld();
  const { lines, path, note } = await written(world);
  const notes = lines.filter((line) => line.startsWith("c ")).map((line) =>
    JSON.parse(line.slice(2))
  );
  for (const keep of [0, 1, 59, 60, 61, 149]) {
    const cut = keep === 0 ? 1 : lineOf(lines, keep - 1) + 1;
    await Deno.writeTextFile(path, lines.slice(0, cut).join("\n") + "\n");
    assert.deepEqual(world.verify(LOG).findings, [], "nothing is known without a checkpoint");
    for (const text of [note, ...notes]) {
      const held = checkpointOf(text);
      const { findings } = world.verify(LOG, { held: [held] });
      assert.equal(findings.length > 0, held.size > keep, `${held.size} of ${keep}`);
      if (held.size > keep) {
        assert.deepEqual([findings[0]?.record, findings[0]?.to ?? keep], [keep, held.size - 1]);
      }
    }
  }
});

Deno.test("a tree written anew under another key, or signed by nobody, is told at once", async () => {
  await using world = await logWorld();
  const { lines, path } = await written(world);
  const forger = signerOf(new Uint8Array(32).fill(8));
  const forge = (line: string) => {
    if (!line.startsWith("c ")) return line;
    const checkpoint = checkpointOf(JSON.parse(line.slice(2)));
    return `c ${JSON.stringify(signCheckpoint(checkpoint, forger.publicKey, forger.sign))}`;
  };
  await Deno.writeTextFile(path, lines.map(forge).join("\n") + "\n");
  const result: Verified = world.verify(LOG);
  assert.equal(result.findings.length, 5);
  assert.equal(result.signed, 0);
  assert.match(result.findings[0]?.what ?? "", /not signed by the key/);
});

Deno.test("a checkpoint held that is of another tree is told", async () => {
  await using world = await logWorld();
  await written(world);
  const held = { log: LOG, size: 75, root: new Uint8Array(32), timeMs: 0 };
  const [first] = world.verify(LOG, { held: [held] }).findings;
  assert.match(first?.what ?? "", /another tree/);
  assert.ok((first?.record ?? 99) <= 74);
});

Deno.test("a file that is missing, comes twice or is of another log is told", async () => {
  await using world = await logWorld();
  const log = world.open({ recordsPerFile: 32 });
  await Promise.all(Array.from({ length: 100 }, (_, i) => log.record(requestOf(`p/${i}`))));
  await log.close();
  const path = world.files()[1]?.path ?? "";
  const whole = await Deno.readTextFile(path);
  await Deno.remove(path);
  assert.deepEqual(world.verify(LOG).findings.map(({ record, to, what }) => [record, to, what]), [
    [32, 63, "records are missing"],
  ]);
  await Deno.writeTextFile(path, whole.replace(LOG, "02".repeat(16)));
  assert.match(world.verify(LOG).findings[0]?.what ?? "", /of log 02/);
  await Deno.writeTextFile(path, whole.replace(/"roots":\["../, '"roots":["AA'));
  assert.match(world.verify(LOG).findings[0]?.what ?? "", /another tree/);
});

Deno.test("the key of a log is read back from its text, and nothing else is a key", () => {
  const key = keyOf(LOG);
  assert.deepEqual(key, { log: LOG, publicKey: KEYS.publicKey });
});
