import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { someKek, someMeta } from "./conformance.ts";
import type { Store } from "./port.ts";
import { openSqlite } from "./sqlite.ts";
import { SEALED_TABLES } from "./sqlite_read.ts";
import { APPLICATION_ID, MIGRATIONS } from "./sqlite_schema.ts";

async function withStore(body: (path: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/spike.db`;
  try {
    const store = openSqlite({ path, mode: "write" });
    await store.write((tx) => tx.initialise(someMeta(), someKek()));
    await store.close();
    await body(path);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function execute(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

/** What was done, in SQL, and what is said of it. */
const CHANGES: Readonly<Record<string, readonly [string, string]>> = {
  "a trigger was added": [
    "CREATE TRIGGER t BEFORE UPDATE ON heads BEGIN SELECT RAISE(IGNORE); END",
    'trigger "t" was added',
  ],
  "a table was added": ["CREATE TABLE more (x)", 'table "more" was added'],
  "an index was added": ["CREATE INDEX i ON heads (revision)", 'index "i" was added'],
  "a view was added": ["CREATE VIEW v AS SELECT * FROM heads", 'view "v" was added'],
  "a table was removed": ["DROP TABLE policies", 'table "policies" was removed'],
  "a view took the place of a table": [
    "DROP TABLE heads; CREATE VIEW heads AS SELECT * FROM versions",
    'view "heads" was added',
  ],
  "a column was added": [
    "ALTER TABLE keks ADD COLUMN more INTEGER",
    'table "keks" was changed',
  ],
  "a table was made anew without its checks": [
    "DROP TABLE counter; CREATE TABLE counter (id, revision, policy_revision)",
    'table "counter" was changed',
  ],
  "its format was put back by one": ["PRAGMA user_version = 6", 'table "audit_logs" was added'],
  "its format was put back by two": ["PRAGMA user_version = 5", 'table "audit_logs" was added'],
};

for (const [what, [sql, difference]] of Object.entries(CHANGES)) {
  Deno.test(`a database is refused by reader and writer, and left as it is, when ${what}`, () =>
    withStore(async (path) => {
      execute(path, sql);
      const before = await Deno.readFile(path);
      const refusal = {
        name: "SpikeError",
        code: "state_integrity_check",
        message: `Database ${path} does not have the expected schema: ${difference}`,
      };
      assert.throws(() => openSqlite({ path, mode: "write" }), refusal);
      assert.throws(() => openSqlite({ path, mode: "read" }), refusal);
      assert.deepEqual(await Deno.readFile(path), before);
    }));
}

Deno.test("a database of each older format, and one rewritten by VACUUM, are opened", async () => {
  for (let steps = 1; steps <= MIGRATIONS.length; steps++) {
    const dir = await Deno.makeTempDir();
    const path = `${dir}/spike.db`;
    const pragmas = `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${steps}`;
    execute(path, `${MIGRATIONS.slice(0, steps).join("")} ${pragmas}; VACUUM`);
    for (let times = 0; times < 2; times++) {
      const store = openSqlite({ path, mode: "write" });
      assert.equal(await store.meta(), undefined);
      await store.close();
    }
    await Deno.remove(dir, { recursive: true });
  }
});

async function refusesWrites(store: Store, difference: string): Promise<void> {
  const message = new RegExp(`does not have the expected schema: ${difference}$`);
  await assert.rejects(store.write((tx) => tx.putKek(someKek(3))), {
    code: "state_integrity_check",
    message,
  });
}

Deno.test("a layout changed under an open store refuses writes until it is put right", () =>
  withStore(async (path) => {
    const store = openSqlite({ path, mode: "write" });
    await store.write((tx) => tx.putKek(someKek(2)));
    execute(path, "CREATE TRIGGER t BEFORE INSERT ON keks BEGIN SELECT RAISE(IGNORE); END");
    await refusesWrites(store, 'trigger "t" was added');
    await refusesWrites(store, 'trigger "t" was added');
    assert.deepEqual(await store.keks(), [someKek(1), someKek(2)]);
    execute(path, "DROP TRIGGER t");
    await store.write((tx) => tx.putKek(someKek(3)));
    assert.equal((await store.keks()).length, 3);
    await store.close();
  }));

Deno.test("a table removed or changed under an open store is an integrity failure to readers", () =>
  withStore(async (path) => {
    const store = openSqlite({ path, mode: "write" });
    const reader = openSqlite({ path, mode: "read" });
    execute(path, "DROP TABLE keks; DROP TABLE heads");
    const refusal = { name: "SpikeError", code: "state_integrity_check" };
    for (const one of [store, reader]) {
      await assert.rejects(one.keks(), refusal);
      await assert.rejects(one.head("a"), refusal);
    }
    await refusesWrites(store, 'table "heads" was removed');
    await reader.close();
    await store.close();
  }));

Deno.test("every table whose rows name a KEK generation is looked at before a KEK is removed", () => {
  const db = new DatabaseSync(":memory:");
  for (const step of MIGRATIONS) db.exec(step);
  const tables = db.prepare(
    `SELECT s.name FROM sqlite_schema s JOIN pragma_table_info(s.name) c
     WHERE s.type = 'table' AND c.name = 'kek_generation' ORDER BY s.name`,
  ).all().map(({ name }) => String(name));
  db.close();
  assert.deepEqual(tables, [...SEALED_TABLES].sort());
});
