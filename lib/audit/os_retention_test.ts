import assert from "node:assert/strict";
import { changeOf, logWorld, requestOf } from "./_log_fixture.ts";
import { parseCheckpoint } from "./checkpoint.ts";
import { dropRequests, findDroppable } from "./os_retention.ts";

const pause = () => Promise.resolve();
const LATER = 1_767_323_045_124;

/** Three files of 128 records, of which every tenth is a change. */
async function filled() {
  const world = await logWorld();
  const log = world.open();
  const notes: string[] = [];
  for (let i = 0; i < 300; i++) {
    const entry = i % 10 === 0 ? changeOf(i + 1, `p/${i}`) : requestOf(`p/${i}`);
    await log.record(entry);
    if (i % 50 === 0) {
      await log.sync();
      notes.push(log.checkpoint ?? "");
    }
  }
  await log.close();
  return { world, name: log.name, notes };
}

Deno.test("dropped requests leave their hashes: the tree, its checkpoints and all changes stay", async () => {
  const { world, name, notes } = await filled();
  await using _ = world;
  const held = notes.map((note) => parseCheckpoint(note)).filter((one) => one !== undefined);
  for (let file = 0; file < 2; file++) {
    const found = findDroppable(world.directory, name, LATER);
    assert.equal(found?.first, file * 128);
    await dropRequests(found, pause);
  }
  assert.equal(findDroppable(world.directory, name, LATER), undefined);
  const changes: number[] = [];
  const { findings, size, dropped, held: compared } = world.verify(name, {
    held,
    onRecord: (n, bytes) => {
      if (new TextDecoder().decode(bytes).includes('"change"')) changes.push(n);
    },
  });
  assert.deepEqual([findings, size, compared], [[], 300, notes.length]);
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
  const found = findDroppable(world.directory, name, LATER);
  assert.ok(found);
  await dropRequests(found, pause);
  assert.equal(world.verify(name).findings[0]?.record, 77);
});
