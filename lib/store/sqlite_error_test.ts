import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { SpikeError } from "../error/error.ts";
import { integer, text } from "./sqlite_column.ts";
import { guarded } from "./sqlite_error.ts";

/** What `work` on a small database fails with. */
function failureOf(work: (db: DatabaseSync) => unknown): unknown {
  const db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE t (n INTEGER NOT NULL CHECK (n >= 0)) STRICT");
  db.exec(`INSERT INTO t VALUES (${2n ** 60n})`);
  try {
    guarded("spike.db", () => work(db));
  } catch (reason) {
    return reason;
  } finally {
    db.close();
  }
  assert.fail("nothing was thrown");
}

function assertFailure(work: (db: DatabaseSync) => unknown, code: string, message: string): void {
  const failure = failureOf(work);
  assert.ok(failure instanceof SpikeError);
  assert.deepEqual([failure.code, failure.message], [code, message]);
}

Deno.test("a number that no program of ours wrote is damage", () => {
  assertFailure(
    (db) => db.prepare("SELECT n FROM t").get(),
    "state_integrity_check",
    "Database spike.db holds a number that is out of range",
  );
});

Deno.test("a value of another type is damage, and the record is named", () => {
  for (
    const [columns, of] of [["'a/b' AS path, 2 AS version", " of version 2 of a/b"], [
      "'p' AS name",
      " of p",
    ], ["1 AS n", ""]]
  ) {
    assertFailure(
      (db) => text(db.prepare(`SELECT ${columns}, 7 AS kind`).get() ?? {}, "kind"),
      "state_integrity_check",
      `Database spike.db is damaged: column kind${of} does not hold text`,
    );
  }
});

Deno.test("a negative number, which no table of ours allows, is damage", () => {
  assertFailure(
    (db) => integer(db.prepare("SELECT -125 AS set_generation").get() ?? {}, "set_generation"),
    "state_integrity_check",
    "Database spike.db is damaged: column set_generation does not hold an integer",
  );
});

Deno.test("a table or column that is not there is damage", () => {
  for (const sql of ["SELECT * FROM gone", "SELECT gone FROM t"]) {
    assertFailure(
      (db) => db.prepare(sql).get(),
      "state_integrity_check",
      "Database spike.db holds another schema than when it was opened",
    );
  }
});

Deno.test("whatever else the driver says is a failure of the store", () => {
  const refused = "Database spike.db rejected the operation";
  const full = "UPDATE t SET n = 9223372036854775807 + 5";
  assertFailure((db) => db.prepare(full).run(), "store_failure", refused);
  assertFailure((db) => db.exec("INSERT INTO t VALUES (-1)"), "store_failure", refused);
});

Deno.test("what is not an error of the storage stays as it is", () => {
  for (const reason of [new RangeError("Limit is 0"), new Error("a bug"), "text"]) {
    assert.equal(
      failureOf(() => {
        throw reason;
      }),
      reason,
    );
  }
});
