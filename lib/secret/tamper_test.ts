import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { osRandom } from "../seal/mod.ts";
import { AUTHOR, inWorld, type World } from "./secret_fixture.ts";
import { sealNewVersion } from "./value_seal.ts";
import { encodeValues } from "./values.ts";

/** What somebody who can write the file does behind our back, and what may suffer from it. */
interface Attack {
  readonly sql: string;
  /** `path@version` of what must be refused; everything else must read as before. */
  readonly harms: readonly string[];
}

const PATHS = ["a", "b"];
const VERSIONS = [1, 2, 3];
const EVERYTHING = PATHS.flatMap((path) => VERSIONS.map((version) => `${path}@${version}`));
const ALL_OF_A = EVERYTHING.filter((name) => name.startsWith("a@"));
/** One byte of a blob changed, at a place given from 1. */
const flipped = (column: string, at: string) =>
  `${column} = CAST(substr(${column}, 1, ${at} - 1) || CASE substr(${column}, ${at}, 1)
     WHEN x'01' THEN x'02' ELSE x'01' END || substr(${column}, ${at} + 1) AS BLOB)`;
const swapped = (column: string, where: string, other: string) => `
  CREATE TEMP TABLE kept AS SELECT ${column} AS blob FROM versions WHERE ${where};
  UPDATE versions SET ${column} = (SELECT ${column} FROM versions WHERE ${other}) WHERE ${where};
  UPDATE versions SET ${column} = (SELECT blob FROM kept) WHERE ${other};`;
const A1 = "path = 'a' AND version = 1";
const A2 = "path = 'a' AND version = 2";
const B1 = "path = 'b' AND version = 1";

const ATTACKS: Record<string, Attack> = {
  "an edited value": {
    sql: `UPDATE versions SET ${flipped("sealed", "20")} WHERE ${A1}`,
    harms: ["a@1"],
  },
  "an edited data key": {
    sql: `UPDATE versions SET ${flipped("wrapped_key", "20")} WHERE ${A1}`,
    harms: ["a@1"],
  },
  "a value cut short": {
    sql: `UPDATE versions SET sealed = x'01' WHERE ${A1}`,
    harms: ["a@1"],
  },
  "values of two versions exchanged": {
    sql: swapped("sealed", A1, A2),
    harms: ["a@1", "a@2"],
  },
  "data keys of two versions exchanged": {
    sql: swapped("wrapped_key", A1, A2),
    harms: ["a@1", "a@2"],
  },
  "rows of two versions exchanged": {
    sql: `UPDATE versions SET version = 9 WHERE ${A1};
          UPDATE versions SET version = 1 WHERE ${A2};
          UPDATE versions SET version = 2 WHERE path = 'a' AND version = 9`,
    harms: ["a@1", "a@2"],
  },
  "rows of two paths exchanged": {
    sql: `UPDATE versions SET version = 9 WHERE ${A1};
          UPDATE versions SET path = 'a' WHERE ${B1};
          UPDATE versions SET path = 'b', version = 1 WHERE path = 'a' AND version = 9`,
    harms: ["a@1", "b@1"],
  },
  "a dropped version": {
    sql: `DELETE FROM versions WHERE ${A1}`,
    harms: ["a@1"],
  },
  "an edited key generation of a version": {
    sql: `UPDATE versions SET kek_generation = 2 WHERE ${A1}`,
    harms: ["a@1"],
  },
  "an edited head": {
    sql: `UPDATE heads SET ${flipped("sealed", "20")} WHERE path = 'a'`,
    harms: ALL_OF_A,
  },
  "the head of another path": {
    sql: "UPDATE heads SET sealed = (SELECT sealed FROM heads WHERE path = 'b') WHERE path = 'a'",
    harms: ALL_OF_A,
  },
  "an edited current version": {
    sql: "UPDATE heads SET current = 2 WHERE path = 'a'",
    harms: ALL_OF_A,
  },
  "an edited revision": {
    sql: "UPDATE heads SET revision = revision + 1 WHERE path = 'a'",
    harms: ALL_OF_A,
  },
  "an edited key generation of a head": {
    sql: "UPDATE heads SET kek_generation = 2 WHERE path = 'a'",
    harms: ALL_OF_A,
  },
};

async function fill({ writer }: World): Promise<void> {
  for (const path of PATHS) {
    for (const version of VERSIONS) {
      await writer.put({ path, values: { v: `${path}@${version}` }, author: AUTHOR });
    }
  }
}

async function readAll({ reader }: World): Promise<void> {
  for (const path of PATHS) {
    for (const version of VERSIONS) await reader.get({ path, version });
  }
}

/** Names of the versions refused; any other answer than the true one fails. */
async function refused({ reader }: World): Promise<string[]> {
  const names: string[] = [];
  for (const name of EVERYTHING) {
    const [path = "", version] = name.split("@");
    try {
      const answer = await reader.get({ path, version: Number(version) });
      assert.deepEqual(answer, { found: true, values: { v: name }, version: Number(version) });
    } catch (reason) {
      if (!(reason instanceof Error && "code" in reason)) throw reason;
      assert.equal(reason.code, "state_integrity_check");
      assert.match(reason.message, new RegExp(`(^Version ${version} of|^Head of) ${path} is not`));
      names.push(name);
    }
  }
  return names;
}

function behindOurBack(path: string, sql: string): void {
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  db.exec(sql);
  db.close();
}

for (const [name, attack] of Object.entries(ATTACKS)) {
  for (const isWarm of [false, true]) {
    Deno.test(`${name} is refused on ${isWarm ? "a warm" : "a cold"} read, and harms no other`, () =>
      inWorld("sqlite", async (world) => {
        await fill(world);
        if (isWarm) await readAll(world);
        behindOurBack(world.path, attack.sql);
        assert.deepEqual(await refused(world), attack.harms);
      }));
  }
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
      assert.deepEqual(await refused(world), ["a@1"]);
    });
  }));

Deno.test("a version sealed rightly, but not the one its head knows, is refused", () =>
  inWorld("sqlite", async (world) => {
    await fill(world);
    const place = { storeId: world.keyring.storeId, path: "a", version: 1 };
    const kek = { generation: 1, bytes: world.keyring.kek(1) };
    const plaintext = encodeValues({ v: "another" });
    const { wrappedKey, sealed } = await sealNewVersion(place, kek, plaintext, osRandom);
    const db = new DatabaseSync(world.path);
    db.prepare(`UPDATE versions SET wrapped_key = ?, sealed = ? WHERE ${A1}`)
      .run(wrappedKey, sealed);
    db.close();
    assert.deepEqual(await refused(world), ["a@1"]);
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
      message: /^Version 2 of a is stored already/,
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
    behindOurBack(world.path, ATTACKS["an edited data key"]?.sql ?? "");
    await assert.rejects(world.reader.get({ path: "a" }), (error: Error) => {
      const told = [error.message, error.stack, String(error.cause)].join();
      return !told.includes("hunter2") && told.includes("Version 1 of a");
    });
  }));
