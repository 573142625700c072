import assert from "node:assert/strict";
import { LOCK_FILE, lockDataDirectory } from "../store/os_lock.ts";
import { isSpikeError, KEY, startWorld } from "./_backup_fixture.ts";
import { verifyBackup } from "./os_verify.ts";
import { requireEmpty, restoreBackup } from "./os_restore.ts";
import { decodeRestored, RESTORED_FILE } from "./restored.ts";

async function prepare() {
  const world = await startWorld();
  const file = await world.backUp("a.db");
  const { manifest } = verifyBackup({ file, manifest: `${file}.manifest`, keys: [KEY] });
  if (!manifest) throw new Error("there is no manifest");
  const directory = `${world.directory}/data`;
  const restore = () =>
    restoreBackup({ file, manifest, directory, database: "spike.db", nowMs: 5 });
  return { world, file, directory, restore };
}

function modeOf(path: string): number {
  return (Deno.statSync(path).mode ?? 0) & 0o777;
}

function namesIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

Deno.test("a backup is restored byte for byte, for its owner alone, with a note of it", async () => {
  const { world, file, directory, restore } = await prepare();
  await using _ = world;
  restore();
  assert.deepEqual(namesIn(directory), [RESTORED_FILE, "spike.db", LOCK_FILE]);
  assert.deepEqual(Deno.readFileSync(`${directory}/spike.db`), Deno.readFileSync(file));
  assert.equal(modeOf(directory), 0o700);
  for (const name of namesIn(directory)) assert.equal(modeOf(`${directory}/${name}`), 0o600, name);
  const note = decodeRestored(Deno.readFileSync(`${directory}/${RESTORED_FILE}`));
  assert.equal(note?.restores, 1);
  assert.equal(note?.storeId, "5a".repeat(16));
});

Deno.test("a directory that is in use, or has something in it, is left as it is", async () => {
  const { world, directory, restore } = await prepare();
  await using _ = world;
  Deno.mkdirSync(directory);
  {
    using _lock = lockDataDirectory(directory);
    assert.throws(restore, isSpikeError("store_failure", /Another process has locked/));
  }
  Deno.writeTextFileSync(`${directory}/spike.db`, "mine");
  assert.throws(restore, isSpikeError("entity_conflict", /not empty: it has "spike.db"/));
  assert.equal(Deno.readTextFileSync(`${directory}/spike.db`), "mine");
  Deno.removeSync(`${directory}/spike.db`);
  Deno.writeTextFileSync(`${directory}/notes`, "mine");
  assert.throws(restore, isSpikeError("entity_conflict", /it has "notes"/));
});

Deno.test("a restoration that was cut off is begun anew, and audit logs may be there", async () => {
  const { world, directory, restore } = await prepare();
  await using _ = world;
  Deno.mkdirSync(`${directory}/audit`, { recursive: true });
  Deno.writeTextFileSync(`${directory}/spike.db.restoring`, "half of it", { mode: 0o644 });
  Deno.writeTextFileSync(`${directory}/${RESTORED_FILE}`, "of another one");
  restore();
  assert.deepEqual(namesIn(directory), ["audit", RESTORED_FILE, "spike.db", LOCK_FILE]);
  assert.equal(modeOf(`${directory}/spike.db`), 0o600);
});

Deno.test("a backup that changes after it was verified is not restored", async () => {
  const { world, file, directory, restore } = await prepare();
  await using _ = world;
  const bytes = Deno.readFileSync(file);
  bytes[5000] = (bytes[5000] ?? 0) ^ 1;
  Deno.writeFileSync(file, bytes);
  assert.throws(restore, isSpikeError("state_integrity_check", /changed while it was read/));
  assert.deepEqual(namesIn(directory), [LOCK_FILE]);
});

Deno.test("a directory that cannot be made or is none is refused", async () => {
  const { world, file } = await prepare();
  await using _ = world;
  assert.throws(
    () => requireEmpty(file, "spike.db"),
    isSpikeError("fs_directory_creation_failed", /a\.db/),
  );
});
