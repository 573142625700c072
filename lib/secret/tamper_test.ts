/** What the table in tests/tamper cannot say: changes that take a key, and what is told afterwards. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { osRandom, SEAL_LIMIT } from "../seal/mod.ts";
import { createSealBudget } from "./budget.ts";
import { AUTHOR, inWorld, type World } from "./secret_fixture.ts";
import { sealNewVersion } from "./value_seal.ts";
import { encodePairs } from "./values.ts";

const A1 = "path = 'a' AND version = 1";

async function fill({ writer }: World): Promise<void> {
  for (const path of ["a", "b"]) {
    for (let i = 1; i <= 3; i++) await writer.put({ path, values: { v: `${i}` }, author: AUTHOR });
  }
}

function behindOurBack(path: string, sql: string): void {
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  db.exec(sql);
  db.close();
}

/** Version 1 of `a` is refused, the next one is not. */
async function assertFirstRefused({ reader }: World): Promise<void> {
  await assert.rejects(reader.get({ path: "a", version: 1 }), {
    code: "state_integrity_check",
    message: "Version 1 of a is not what was stored",
  });
  assert.equal((await reader.get({ path: "a", version: 2 })).found, true);
}

Deno.test("a version put back after it was re-written under another store is refused", () =>
  inWorld("sqlite", async (other) => {
    await fill(other);
    const foreign = (await other.store.secret("a", 1))?.version;
    assert.ok(foreign);
    await inWorld("sqlite", async (world) => {
      await fill(world);
      const db = new DatabaseSync(world.path);
      db.prepare(`UPDATE versions SET wrapped_key = ?, sealed = ? WHERE ${A1}`)
        .run(foreign.wrappedKey, foreign.sealed);
      db.close();
      await assertFirstRefused(world);
    });
  }));

Deno.test("a version sealed rightly, but not the one its head knows, is refused", () =>
  inWorld("sqlite", async (world) => {
    await fill(world);
    const place = { storeId: world.keyring.storeId, path: "a", version: 1 };
    const kek = { generation: 1, bytes: world.keyring.kek(1) };
    const plaintext = encodePairs({ values: { v: "another" }, binary: {} });
    const { wrappedKey, sealed } = await sealNewVersion(place, kek, plaintext, osRandom);
    const db = new DatabaseSync(world.path);
    db.prepare(`UPDATE versions SET wrapped_key = ?, sealed = ? WHERE ${A1}`)
      .run(wrappedKey, sealed);
    db.close();
    await assertFirstRefused(world);
  }));

Deno.test("a pruned version put back is still no version", () =>
  inWorld("sqlite", async (world) => {
    const request = { path: "a", values: { v: "x" }, author: AUTHOR };
    await world.writer.put(request);
    const row = (await world.store.secret("a", 1))?.version;
    assert.ok(row);
    await world.writer.put(request);
    await world.store.write((tx) => tx.insertVersion("a", row));
    assert.deepEqual(await world.reader.get({ path: "a", version: 1 }), {
      found: false,
      reason: "version",
    });
  }, { maxVersions: 1 }));

Deno.test("a put over a head that was put back is refused, and destroys nothing", () =>
  inWorld("sqlite", async (world) => {
    const request = { path: "a", values: { v: "x" }, author: AUTHOR };
    await world.writer.put(request);
    const old = await world.store.head("a");
    await world.writer.put(request);
    const before = await world.store.secret("a", 2);
    await world.store.write((tx) => old ? tx.putHead(old) : Promise.resolve());
    await assert.rejects(world.writer.put(request), {
      code: "state_integrity_check",
      message: /^Version 2 of a is already stored/,
    });
    assert.deepEqual((await world.store.secret("a", 2))?.version, before?.version);
  }));

Deno.test("an undeletion made in the file does not bring a version back", () =>
  inWorld("sqlite", async (world) => {
    await fill(world);
    await world.writer.delete({ path: "a", versions: [3], author: AUTHOR });
    behindOurBack(world.path, "UPDATE heads SET current = 3 WHERE path = 'a'");
    const refusal = { code: "state_integrity_check" };
    await assert.rejects(world.reader.get({ path: "a" }), refusal);
    await assert.rejects(world.reader.metadata({ path: "a" }), refusal);
    await assert.rejects(world.writer.delete({ path: "a", versions: [], author: AUTHOR }), refusal);
  }));

Deno.test("a failure of integrity names no value", () =>
  inWorld("sqlite", async (world) => {
    await world.writer.put({ path: "a", values: { key: "hunter2" }, author: AUTHOR });
    behindOurBack(world.path, "UPDATE versions SET wrapped_key = zeroblob(61)");
    await assert.rejects(world.reader.get({ path: "a" }), (error: Error) => {
      const told = [error.message, error.stack, String(error.cause)].join();
      return !told.includes("hunter2") && told.includes("Version 1 of a");
    });
  }));

Deno.test("a change of a head from a revision that the store has not come to is refused", () =>
  inWorld("sqlite", async (world) => {
    await fill(world);
    behindOurBack(world.path, "UPDATE counter SET revision = 3");
    const request = { path: "b", versions: [], values: {}, author: AUTHOR };
    const refusal = {
      code: "state_integrity_check",
      message: /^Head of b has revision \d+, but the/,
    };
    await assert.rejects(world.writer.put(request), refusal);
    await assert.rejects(world.writer.delete(request), refusal);
    const { version } = await world.writer.put({ ...request, path: "c" });
    assert.equal(version, 1);
    assert.equal((await world.reader.get({ path: "b" })).found, true);
  }));

Deno.test("a count of sealings that is beyond the limit refuses writes, and reads go on", () =>
  inWorld("sqlite", async (world) => {
    await fill(world);
    for (const count of [SEAL_LIMIT + 1, 2n ** 53n, 2n ** 63n - 1n]) {
      behindOurBack(world.path, `UPDATE keks SET reserved_seals = ${count}`);
      await assert.rejects(createSealBudget(world).take(1), {
        code: "state_integrity_check",
        message: /^Sealing budget is \d+, expected an integer from 0 to 4294967296$/,
      });
      assert.equal((await world.store.keks()).length, 1);
      assert.ok(await world.store.write((tx) => tx.reserveSeals(1, 1)) > SEAL_LIMIT);
    }
    assert.equal((await world.reader.get({ path: "a" })).found, true);
  }));

/** A world whose rows of path `a` can be taken as they are, and put back later. */
async function withKept(
  body: (
    world: World,
    keep: () => void,
    putBack: (table: "heads" | "versions") => void,
  ) => Promise<void>,
): Promise<void> {
  await inWorld("sqlite", async (world) => {
    const dir = await Deno.makeTempDir();
    const kept = `${dir}/kept.db`;
    const keep = () => {
      const db = new DatabaseSync(world.path);
      db.prepare("VACUUM INTO ?").run(kept);
      db.close();
    };
    const putBack = (table: "heads" | "versions") =>
      behindOurBack(
        world.path,
        `ATTACH '${kept}' AS kept; DELETE FROM ${table} WHERE path = 'a';
         INSERT INTO ${table} SELECT * FROM kept.${table} WHERE path = 'a'`,
      );
    await body(world, keep, putBack);
    await Deno.remove(dir, { recursive: true });
  });
}

Deno.test("a destroyed version stays destroyed when its row is put back, and comes back only with its head", () =>
  withKept(async (world, keep, putBack) => {
    const { writer, reader } = world;
    await fill(world);
    keep();
    await writer.destroy({ path: "a", versions: [1], author: AUTHOR });
    putBack("versions");
    const destroyed = { found: false, reason: "destroyed" };
    assert.deepEqual(await reader.get({ path: "a", version: 1 }), destroyed);
    // Of this nobody but an audit tree can know.
    putBack("heads");
    assert.equal((await reader.get({ path: "a", version: 1 })).found, true);
  }));

Deno.test("a tombstone undone without the row is refused, and names the version", () =>
  withKept(async (world, keep, putBack) => {
    await fill(world);
    keep();
    await world.writer.destroy({ path: "a", versions: [1], author: AUTHOR });
    putBack("heads");
    await assertFirstRefused(world);
  }));

Deno.test("a purge undone needs head and versions; either alone brings nothing back", () =>
  withKept(async (world, keep, putBack) => {
    const { writer, reader } = world;
    await fill(world);
    keep();
    await writer.purge({ path: "a", author: AUTHOR });
    putBack("versions");
    assert.deepEqual(await reader.get({ path: "a", version: 1 }), { found: false, reason: "path" });
    assert.deepEqual(await reader.list(), ["b"]);
    behindOurBack(world.path, "DELETE FROM versions WHERE path = 'a'");
    putBack("heads");
    await assert.rejects(reader.get({ path: "a" }), { code: "state_integrity_check" });
  }));

Deno.test("a path that was marked as not purged in the clear is refused, and so is one with another expiry", () =>
  withKept(async (world) => {
    const { writer, reader } = world;
    await fill(world);
    await writer.purge({ path: "a", author: AUTHOR });
    await writer.setMetadata({ path: "b", expiresMs: 1, author: AUTHOR });
    behindOurBack(world.path, "UPDATE heads SET purged = 0; UPDATE heads SET expires_at = NULL");
    for (const path of ["a", "b"]) {
      await assert.rejects(reader.get({ path }), {
        code: "state_integrity_check",
        message: `Head of ${path} is not what was stored`,
      });
      await assert.rejects(writer.put({ path, values: {}, author: AUTHOR }), {
        code: "state_integrity_check",
      });
    }
  }));
