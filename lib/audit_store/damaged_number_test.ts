/** Numbers that no program of ours stores, in every integer column of every table: damage of their row alone. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { createKeyReader, createKeyWriter } from "../cipher/mod.ts";
import { decide } from "../policy/mod.ts";
import { createPolicyReader, createPolicyWriter } from "../policy_store/mod.ts";
import { type Keyring, osRandom } from "../seal/mod.ts";
import { createSealBudget, createSecretReader } from "../secret/mod.ts";
import { AUTHOR, inWorld, type World } from "../secret/secret_fixture.ts";
import { openSqlite, type Store } from "../store/mod.ts";
import { type StoreVerified, verifyStore } from "./store_verifier.ts";

const LOG = "a0".repeat(16);
const WEB = "spiffe://example.org/web";

/** What stands in the column instead, as SQL. */
const BAD = ["9223372036854775807", "9007199254740992", "-1", "'text'", "NULL"];

/** Which row is damaged, and as what it is found: of each table, by the beginning of its key. */
const ROWS: Readonly<Record<string, { where: string; found: string }>> = {
  meta: { where: "1", found: "store meta" },
  counter: { where: "1", found: "store revision" },
  keks: { where: "generation = 1", found: "store key-encryption key 1" },
  heads: { where: "path = 'a'", found: "head a" },
  versions: { where: "path = 'a'", found: "head a" },
  keys: {
    where: "name = 'cipher/key/first' AND version = 1",
    found: "key cipher/key/first version 1",
  },
  policies: { where: "name = 'first'", found: "policy first" },
  key_heads: { where: "name = 'first'", found: "keyHead first" },
  audit_logs: { where: "1", found: `store audit log ${LOG}` },
};

/** Columns that are judged elsewhere, and what that is. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "meta.id": "of the one row nobody reads it",
  "counter.id": "of the one row nobody reads it",
  "counter.policy_revision": "store policy revision",
  "heads.expires_at": "NULL means never",
  "heads.purged": "no listing has it; that it is missing there is told by the audit log",
  "keks.generation": "a row id: a number, and without it there is no key",
  "keks.reserved_seals": "read as used up: nothing more is sealed under it",
  "keys.reserved_seals": "read as used up: nothing more is sealed under it",
  "keys.version": "the row of that version is gone",
  "versions.created_at": "nothing rests on it",
  "audit_outbox.revision": "a row id; the log judges its records",
};

async function fill({ store, writer, keyring, clock }: World): Promise<void> {
  for (const path of ["a", "b"]) {
    await writer.put({ path, values: { v: path }, author: AUTHOR });
    await writer.setMetadata({ path, expiresMs: 4_102_444_800_000, author: AUTHOR });
  }
  const budget = createSealBudget({ store, keyring });
  const common = { store, keyring, clock, random: osRandom, budget };
  const [policies, keys] = [createPolicyWriter(common), createKeyWriter(common)];
  for (const name of ["first", "second"]) {
    await policies.put({
      name,
      spiffeidPattern: `^${WEB.replaceAll(".", "\\.")}$`,
      pathPattern: `^${name}$`,
      permissions: ["read"],
      author: AUTHOR,
    });
    await keys.create({ name, author: AUTHOR });
  }
  await store.write((tx) => tx.putAuditLog({ log: LOG, createdAtMs: 1, checkpoint: "" }));
}

/** The integer columns of every table, as the layout has them. */
function integerColumns(path: string): [table: string, column: string][] {
  const db = new DatabaseSync(path, { readOnly: true });
  const found = db.prepare(
    `SELECT t.name AS t, c.name AS c FROM sqlite_schema t, pragma_table_info(t.name) c
     WHERE t.type = 'table' AND c.type = 'INTEGER' ORDER BY t.name, c.cid`,
  ).all();
  db.close();
  return found.map(({ t, c }): [string, string] => [String(t), String(c)]);
}

/** Writes past what the tables allow, as a program with the file in its hands can. False where even that fails. */
function damage(path: string, sql: string): boolean {
  const alter = (change: string) => {
    const db = new DatabaseSync(
      path,
      { enableForeignKeyConstraints: false, defensive: false } as never,
    );
    db.exec("PRAGMA writable_schema = ON");
    db.exec(change);
    db.close();
  };
  alter(`CREATE TABLE IF NOT EXISTS kept AS SELECT name, sql FROM sqlite_schema`);
  alter(
    `UPDATE sqlite_schema SET sql = replace(replace(sql, 'STRICT', ''), 'NOT NULL', '')
     WHERE type = 'table' AND name <> 'kept'`,
  );
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  db.exec("PRAGMA ignore_check_constraints = ON");
  let isDone = true;
  try {
    db.exec(sql);
  } catch {
    isDone = false;
  }
  db.close();
  alter(`UPDATE sqlite_schema SET sql = (SELECT k.sql FROM kept k WHERE k.name = sqlite_schema.name)
         WHERE type = 'table' AND name <> 'kept'`);
  alter("DROP TABLE kept");
  return isDone;
}

/** What is asked of the rows that were not touched, and of the store as a whole. */
async function assertOthersGoOn(store: Store, keyring: Keyring, clock: () => number) {
  const secrets = createSecretReader({ store, keyring, clock });
  const answer = await secrets.get({ path: "b" });
  assert.deepEqual(answer.found && answer.values, { v: "b" });
  assert.ok((await secrets.list()).includes("b"));
  assert.deepEqual((await secrets.entries({ prefix: "b", limit: 1 })).length, 1);
  await store.expiring({ untilMs: Number.MAX_SAFE_INTEGER, limit: 9 });
  const damaged: string[] = [];
  const policies = createPolicyReader({
    store,
    keyring,
    revision: () => 0,
    onDamage: ({ message }) => damaged.push(message),
  });
  const set = await policies.set();
  assert.equal(decide(set, { id: WEB, path: "second", wanted: ["read"] }).allowed, true);
  assert.deepEqual(await policies.list(), ["first", "second"]);
  const isGranted = decide(set, { id: WEB, path: "first", wanted: ["read"] }).allowed;
  assert.equal(isGranted, damaged.length === 0, "a damaged policy grants nothing, and is told");
  const keys = createKeyReader({ store, keyring, revision: () => 0 });
  const names = (await keys.list(() => {})).map(({ name }) => name);
  assert.ok(names.includes("second"));
  const copy = await keys.copy(await keys.head("second"), 1);
  assert.equal(copy.length, 32);
  await store.keks();
  await store.auditLogs();
}

async function verified(store: Store): Promise<StoreVerified> {
  const pause = () => Promise.resolve();
  const logs = (await store.auditLogs()).map((row) => ({
    ...row,
    publicKey: undefined,
    covers: [],
  }));
  return await verifyStore({ store, directory: "/nowhere", logs, settle: pause, pause });
}

async function pathsIn(store: Store): Promise<string[]> {
  return (await store.listPaths({ limit: 9 })).map(({ path }) => path);
}

const found = ({ rows }: StoreVerified) => rows.map(({ kind, name }) => `${kind} ${name}`);

Deno.test("a number that cannot be one, in any column, is damage of its row and is named by the verification", async (t) => {
  await inWorld("sqlite", async (world) => {
    await fill(world);
    assert.deepEqual(found(await verified(world.store)), []);
    const copy = `${world.path}.copy`;
    let tried = 0;
    for (const [table, column] of integerColumns(world.path)) {
      const where = `${table}.${column}`;
      const row = ROWS[table];
      assert.ok(row ?? EXCEPTIONS[where], `${where} has no line in this test`);
      if (!row) continue;
      await t.step(where, async () => {
        for (const bad of BAD) {
          new DatabaseSync(world.path).exec(`VACUUM INTO '${copy}'`);
          try {
            const sql = `UPDATE ${table} SET ${column} = ${bad} WHERE ${row.where}`;
            if (!damage(copy, sql)) continue;
            tried++;
            const store = openSqlite({ path: copy, mode: "write" });
            try {
              await assertOthersGoOn(store, world.keyring, world.now);
              if (where !== "heads.purged") assert.deepEqual(await pathsIn(store), ["a", "b"]);
              const after = await verified(store);
              assert.deepEqual([after.policies, after.cipherKeys], [2, 2]);
              const exception = EXCEPTIONS[where];
              if (exception?.startsWith("store ")) assert.ok(found(after).includes(exception));
              else if (!exception) assert.ok(found(after).includes(row.found), `${where} = ${bad}`);
            } finally {
              await store.close();
            }
          } finally {
            await Deno.remove(copy);
          }
        }
      });
    }
    assert.ok(tried > 80, `${tried} were tried`);
  });
});
