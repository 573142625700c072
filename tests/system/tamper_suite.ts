/** Some of the table on real processes: what a person at the command line sees. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { DevSystem, type Ran, temporaryDirectory } from "../e2e/harness.ts";
import { exchanged, flipped, row } from "../tamper/attack.ts";

/** Changes the database of a system behind its back. */
function change(system: DevSystem, sql: string): void {
  const db = new DatabaseSync(`${system.dir}/data/spike.db`, {
    enableForeignKeyConstraints: false,
    timeout: 5_000,
  });
  db.exec(sql);
  db.close();
}

/** The wrapped KEK, in hex. */
function wrappedKek(system: DevSystem): string {
  const db = new DatabaseSync(`${system.dir}/data/spike.db`, { readOnly: true, timeout: 5_000 });
  const hex = db.prepare("SELECT hex(wrapped) AS hex FROM keks").get()?.hex;
  db.close();
  return String(hex);
}

function assertRefused({ code, stdout, stderr }: Ran): void {
  assert.equal(code, 2, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, /^Error: Nexus found stored data that was modified outside Nexus$/m);
}

async function assertReads(system: DevSystem, path: string, value: string): Promise<void> {
  const { stdout, stderr } = await system.spike(["secret", "get", path, "k"]);
  assert.equal(stdout, `${value}\n`, stderr);
}

Deno.test("changes under a running system, and in a stopped one, are refused and harm nothing else", async () => {
  await using tmp = await temporaryDirectory();
  await using system = await DevSystem.start(`${tmp.path}/d`);
  for (const pair of ["a=1", "a=2", "b=3", "new=4"]) {
    const [path = "", value = ""] = pair.split("=");
    assert.equal((await system.spike(["secret", "put", path, `k=${value}`])).code, 0);
  }

  change(system, `UPDATE versions SET sealed = ${flipped("sealed")} WHERE ${row("a", 1)}`);
  assertRefused(await system.spike(["secret", "get", "a", "-v", "1"]));
  await system.until(/state_integrity_check, detail Version 1 of a is not what was stored/);
  await assertReads(system, "a", "2");

  await system.dev("kill", "nexus");
  const kept = wrappedKek(system);
  change(
    system,
    `UPDATE keks SET wrapped = ${flipped("wrapped")};
     ${exchanged("versions", "sealed", row("b", 1), row("new", 1))}`,
  );
  const stuck = await system.dev("start", "nexus");
  assert.equal(stuck.code, 6);
  assert.match(
    stuck.stderr,
    /nexus cannot get ready: recovery failed: code state_integrity_check, detail Key-encryption key generation 1 is not what was stored$/m,
  );
  const waiting = await system.spike(["secret", "get", "a"]);
  assert.equal(waiting.code, 6);
  assert.match(waiting.stderr, /Nexus is not ready/);

  await system.dev("kill", "nexus");
  change(system, `UPDATE keks SET wrapped = x'${kept}'`);
  assert.equal((await system.dev("start", "nexus")).code, 0);
  for (const path of ["b", "new"]) {
    assertRefused(await system.spike(["secret", "get", path]));
    assert.equal((await system.spike(["secret", "put", path, "k=5"])).code, 0);
    await assertReads(system, path, "5");
  }
  await assertReads(system, "a", "2");
});
