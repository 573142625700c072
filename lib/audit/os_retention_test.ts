import assert from "node:assert/strict";
import { changeOf, type LogWorld, logWorld, requestOf } from "./_log_fixture.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import { leafOf } from "./leaf.ts";
import { droppedBoundLine, droppedLine, recordIn } from "./line.ts";
import { nativeHash } from "./os_hash.ts";
import { dropRequests, findDroppable } from "./os_retention.ts";

const pause = () => Promise.resolve();
const LATER = 1_767_323_045_124;

/** Three files of 128 records, of which every tenth is a change. */
async function filled() {
  const world = await logWorld();
  const log = world.open();
  const notes: string[] = [];
  for (let i = 0; i < 300; i++) {
    const entry = i % 10 === 0 ? changeOf(i / 10 + 1, `p/${i}`) : requestOf(`p/${i}`);
    await log.record(entry);
    if (i % 50 === 0) {
      await log.sync();
      notes.push(log.checkpoint ?? "");
    }
  }
  await log.close();
  return { world, name: log.name, notes };
}

/** Drops the requests of the next file, and says so in the log before. */
async function dropNext(world: LogWorld, count?: number) {
  const found = findDroppable(world.directory, "01".repeat(16), LATER);
  assert.ok(found);
  const { first, last } = found;
  const file = found.path.slice(found.path.lastIndexOf("/") + 1);
  const detail = { file, first, last, count: count ?? found.count };
  const log = world.open();
  await log.record({ kind: "notice", entry: { timeMs: 1, event: "records_dropped", detail } });
  await log.close();
  await dropRequests(found, pause);
  return found;
}

Deno.test("dropped requests leave their hashes: the tree, its checkpoints and all changes stay", async () => {
  const { world, name, notes } = await filled();
  await using _ = world;
  const held = notes.map((note) => parseCheckpoint(note)).filter((one) => one !== undefined);
  for (let file = 0; file < 2; file++) {
    assert.equal((await dropNext(world)).first, file * 128);
  }
  assert.equal(findDroppable(world.directory, name, LATER), undefined);
  const changes: number[] = [];
  const { findings, size, dropped, held: compared } = world.verify(name, {
    held,
    onRecord: (n, bytes) => {
      if (new TextDecoder().decode(bytes).includes('"change"')) changes.push(n);
    },
  });
  assert.deepEqual([findings, size, compared], [[], 302, notes.length]);
  assert.equal(dropped, 256 - 26);
  assert.deepEqual(changes, Array.from({ length: 30 }, (_, i) => i * 10));
});

Deno.test("nothing younger is dropped, and nothing of the file that is written to", async () => {
  const { world, name } = await filled();
  await using _ = world;
  assert.equal(findDroppable(world.directory, name, LATER - 1), undefined);
  assert.equal(findDroppable(world.directory, "00".repeat(16), LATER), undefined);
});

Deno.test("a record that was changed is not covered up", async () => {
  const { world, name } = await filled();
  await using _ = world;
  const [first] = world.files();
  const text = await Deno.readTextFile(first?.path ?? "");
  await Deno.writeTextFile(first?.path ?? "", text.replace("p/77", "p/78"));
  await dropNext(world);
  assert.equal(world.verify(name).findings[0]?.record, 77);
});

/** Replaces the line of a record by another. */
async function replaceLine(world: LogWorld, n: number, make: (record: Uint8Array) => Uint8Array) {
  const file = world.files().findLast(({ first }) => first <= n);
  const lines = (await Deno.readTextFile(file?.path ?? "")).split("\n");
  const at = lines.findIndex((line) => line.includes(`"n":${n},`));
  const record = recordIn(new TextEncoder().encode(lines[at])) ?? new Uint8Array();
  const made = new TextDecoder().decode(make(record)).trimEnd();
  await Deno.writeTextFile(file?.path ?? "", lines.with(at, made).join("\n"));
}

const findingsOf = (world: LogWorld, name: string) =>
  world.verify(name).findings.map(({ record, what }) => [record, what]);

Deno.test("a request that was replaced by its dropped form without a notice is found at its place", async () => {
  const { world, name } = await filled();
  await using _ = world;
  await replaceLine(world, 77, (record) => droppedBoundLine("request", nativeHash(record)));
  assert.deepEqual(findingsOf(world, name), [[77, "1 dropped without a signed notice"]]);
});

Deno.test("a change is never dropped: not under its own kind, not as a request, not without a kind", async () => {
  const { world, name } = await filled();
  await using _ = world;
  await dropNext(world);
  const [path, whole] = [
    world.files()[0]?.path ?? "",
    await Deno.readTextFile(world.files()[0]?.path ?? ""),
  ];
  const forms: [(record: Uint8Array) => Uint8Array, RegExp][] = [
    [
      (record) => droppedBoundLine("change", nativeHash(record)),
      /^a record of kind change was dropped$/,
    ],
    [(record) => droppedBoundLine("request", nativeHash(record)), /not what was signed/],
    [(record) => droppedLine(leafOf(record)), /^a record was dropped without its kind$/],
  ];
  for (const [form, what] of forms) {
    await replaceLine(world, 70, form);
    const found = world.verify(name).findings;
    assert.ok(found.some((one) => what.test(one.what)), JSON.stringify(found));
    await Deno.writeTextFile(path, whole);
  }
});

Deno.test("what the notice does not count was not dropped by retention", async () => {
  const { world, name } = await filled();
  await using _ = world;
  await dropNext(world, 90);
  assert.deepEqual(findingsOf(world, name), [
    [1, "115 dropped, but the signed notice counts 90"],
  ]);
});

Deno.test("a notice that is not signed yet allows nothing", async () => {
  const { world, name } = await filled();
  await using _ = world;
  await dropNext(world);
  const path = world.files().at(-1)?.path ?? "";
  const lines = (await Deno.readTextFile(path)).split("\n");
  await Deno.writeTextFile(path, `${lines.slice(0, -2).join("\n")}\n`);
  assert.deepEqual(findingsOf(world, name), [[1, "115 dropped without a signed notice"]]);
});

Deno.test("a record that does not fit its mark is no reason to announce a dropping again and again", async () => {
  const { world, name } = await filled();
  await using _ = world;
  const [first] = world.files();
  const text = await Deno.readTextFile(first?.path ?? "");
  await Deno.writeTextFile(first?.path ?? "", text.replace("p/77", "p/78"));
  assert.equal((await dropNext(world)).first, 0);
  assert.equal(findDroppable(world.directory, name, LATER)?.first, 128);
});
