/** What destroy and purge leave in the files of a store: nothing that could be opened again. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openSqlite } from "../store/mod.ts";
import { AUTHOR, inWorld, type World } from "./secret_fixture.ts";

/** Enough of sealed bytes to be found nowhere by chance. */
const NEEDLE_BYTES = 16;

/** What a version's row holds that must go with it. */
interface Remains {
  readonly wrappedKey: Uint8Array;
  readonly sealed: Uint8Array;
}

function rowsOf({ path }: World, sql: string): Uint8Array[] {
  const db = new DatabaseSync(path, { readOnly: true });
  const rows = db.prepare(sql).all().flatMap((row) => Object.values(row));
  db.close();
  return rows.map((cell) => cell instanceof Uint8Array ? cell : assert.fail());
}

function remainsOf(world: World, path: string, version: number): Remains {
  const where = `path = '${path}' AND version = ${version}`;
  const [wrappedKey, sealed] = rowsOf(
    world,
    `SELECT wrapped_key, sealed FROM versions WHERE ${where}`,
  );
  assert.ok(wrappedKey && sealed);
  return { wrappedKey, sealed };
}

/** Every byte of every file of the store, the log included. */
async function filesOf(dir: string): Promise<string> {
  let all = "";
  for await (const { name } of Deno.readDir(dir)) {
    all += new TextDecoder("latin1").decode(await Deno.readFile(`${dir}/${name}`));
  }
  return all;
}

/** Whether any piece of `bytes` is there, wherever it begins. */
function holds(files: string, bytes: Uint8Array): boolean {
  const text = new TextDecoder("latin1").decode(bytes);
  for (let at = 0; at + NEEDLE_BYTES <= text.length; at += NEEDLE_BYTES) {
    if (files.includes(text.slice(at, at + NEEDLE_BYTES))) return true;
  }
  return false;
}

function assertGone(files: string, { wrappedKey, sealed }: Remains): void {
  assert.equal(holds(files, wrappedKey), false, "a wrapped key is left");
  assert.equal(holds(files, sealed), false, "a sealed value is left");
}

Deno.test("destroy leaves no byte of a version's key or value in the database or its log", () =>
  inWorld("sqlite", async (world) => {
    const { writer, path } = world;
    for (const v of ["1", "2", "x".repeat(20_000)]) {
      await writer.put({ path: "a", values: { v }, author: AUTHOR });
    }
    const [first, second, third] = [1, 2, 3].map((n) => remainsOf(world, "a", n));
    assert.ok(first && second && third);
    const before = await filesOf(dirname(path));
    for (const { wrappedKey, sealed } of [first, second, third]) {
      assert.ok(holds(before, wrappedKey) && holds(before, sealed));
    }
    await writer.destroy({ path: "a", versions: [1, 3], author: AUTHOR });
    const after = await filesOf(dirname(path));
    assertGone(after, first);
    assertGone(after, third);
    assert.ok(holds(after, second.wrappedKey) && holds(after, second.sealed));
    assert.equal((await Deno.stat(`${path}-wal`)).size, 0);
  }));

Deno.test("purge leaves no byte of what was known of a path, its head included", () =>
  inWorld("sqlite", async (world) => {
    const { writer, path } = world;
    for (const v of ["1", "2"]) await writer.put({ path: "a", values: { v }, author: AUTHOR });
    await writer.setMetadata({ path: "a", custom: { owner: "web" }, author: AUTHOR });
    const remains = [1, 2].map((n) => remainsOf(world, "a", n));
    const heads = rowsOf(world, "SELECT sealed FROM heads WHERE path = 'a'");
    assert.equal(heads.length, 1);
    await writer.purge({ path: "a", author: AUTHOR });
    const files = await filesOf(dirname(path));
    for (const each of remains) assertGone(files, each);
    for (const head of heads) assert.equal(holds(files, head), false);
    const db = new DatabaseSync(path, { readOnly: true });
    assert.equal(db.prepare("SELECT count(*) AS n FROM versions").get()?.n, 0);
    const head = db.prepare("SELECT path, current, purged, expires_at FROM heads").get();
    assert.deepEqual({ ...head }, { path: "a", current: 0, purged: 1, expires_at: null });
    db.close();
    const { version } = await writer.put({ path: "a", values: {}, author: AUTHOR });
    assert.equal(version, 3);
  }));

Deno.test("among many writes that move rows about, nothing of what is destroyed stays anywhere", () =>
  inWorld("sqlite", async (world) => {
    const { writer, path } = world;
    const gone: Remains[] = [];
    for (let round = 0; round < 6; round++) {
      const paths = Array.from({ length: 40 }, (_, i) => `p/${(i * 7 + round * 13) % 60}`);
      await Promise.all(paths.map((path, i) => {
        const v = "v".repeat((i * 97) % 900);
        return writer.put({ path, values: { v }, author: AUTHOR });
      }));
      for (const path of paths.filter((_, i) => i % 5 === round % 5)) {
        const answer = await world.reader.get({ path });
        if (!answer.found) continue;
        gone.push(remainsOf(world, path, answer.version));
        if (round % 2) await writer.purge({ path, author: AUTHOR });
        else await writer.destroy({ path, versions: [answer.version], author: AUTHOR });
      }
    }
    assert.ok(gone.length > 30);
    const files = await filesOf(dirname(path));
    for (const remains of gone) assertGone(files, remains);
  }));

Deno.test("what a crash kept from being forgotten is forgotten at the next start", () =>
  inWorld("sqlite", async (world) => {
    await world.writer.put({ path: "a", values: { v: "1" }, author: AUTHOR });
    const remains = remainsOf(world, "a", 1);
    await world.store.forgetRemoved();
    await world.store.write((tx) => tx.destroyVersions("a", "all"));
    // As a crash leaves them: committed, but in the log only.
    const dir = await Deno.makeTempDir();
    for (const end of ["", "-wal"]) {
      await Deno.copyFile(`${world.path}${end}`, `${dir}/spike.db${end}`);
    }
    assert.equal(holds(await filesOf(dir), remains.wrappedKey), true);
    const store = openSqlite({ path: `${dir}/spike.db`, mode: "write" });
    assertGone(await filesOf(dir), remains);
    await store.close();
    await Deno.remove(dir, { recursive: true });
  }));

Deno.test("destroying and purging again is a success, and keeps the promise again", () =>
  inWorld("sqlite", async ({ writer, store }) => {
    let forgotten = 0;
    const forgetRemoved = store.forgetRemoved;
    store.forgetRemoved = () => {
      forgotten++;
      return forgetRemoved();
    };
    await writer.put({ path: "a", values: { v: "1" }, author: AUTHOR });
    const request = { path: "a", versions: [1], author: AUTHOR };
    for (const affected of [[1], []]) {
      const answer = await writer.destroy(request);
      assert.deepEqual(answer.found && answer.affected, affected);
    }
    for (const affected of [[1], []]) {
      const answer = await writer.purge(request);
      assert.deepEqual(answer.found && [answer.version, answer.affected], [0, affected]);
    }
    assert.equal(forgotten, 4);
    assert.deepEqual(await writer.destroy(request), { found: false, reason: "path" });
    const never = await writer.purge({ path: "b", author: AUTHOR });
    assert.deepEqual(never, { found: false, reason: "path" });
  }));
