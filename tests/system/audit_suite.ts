/** The audit log of a real Nexus: killed under load, looked into, and compared with a store that was put back. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { DevSystem, temporaryDirectory } from "../e2e/harness.ts";

Deno.test("a Nexus that is killed under load leaves a log that verifies, with every change that was answered", async () => {
  await using home = await temporaryDirectory();
  await using system = await DevSystem.start(home.path);
  const logs = `${home.path}/data/audit`;
  const keys = `${home.path}/keys`;
  await Deno.mkdir(keys);
  const run = async (...args: string[]) => {
    const ran = await system.spike(args);
    return { ...ran, ok: ran.code === 0 };
  };
  assert.ok((await run("audit", "export", "--out", keys)).ok);
  const answered = new Set<string>();
  const load = Array.from({ length: 3 }, async (_, client) => {
    for (let i = 0; i < 2; i++) {
      const path = `load/${client}/${i}`;
      if ((await run("secret", "put", path, "k=v")).ok) answered.add(path);
    }
  });
  // Some are answered, some are under way.
  await Promise.race(load);
  await system.dev("kill", "nexus");
  await Promise.all(load);
  assert.equal((await system.dev("start", "nexus")).code, 0);
  const compared = await run("operator", "verify");
  assert.equal(compared.code, 0, compared.stdout + compared.stderr);
  const [name = ""] = (await Deno.readTextFile(`${keys}/keys.txt`)).split("+");
  const checkpoint = [...Deno.readDirSync(keys)].find((file) => file.name.endsWith(".checkpoint"));
  const verify = ["audit", "verify", logs, "--key", `${keys}/keys.txt`];
  const verified = await run(...verify, "--checkpoint", `${keys}/${checkpoint?.name}`);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  assert.match(verified.stdout, new RegExp(name.replace("spike-audit/", "")));
  const { stdout } = await run("audit", "export", "--records", logs);
  const recorded = new Set(
    stdout.trimEnd().split("\n").map((line) => JSON.parse(line))
      .flatMap(({ changes = [] }) => changes.map(({ head }: { head?: string }) => head)),
  );
  for (const path of answered) assert.ok(recorded.has(path), path);
  assert.ok(!stdout.includes('"k":"v"'));

  const db = new DatabaseSync(`${home.path}/data/spike.db`);
  const [path = ""] = answered;
  db.prepare("DELETE FROM versions WHERE path = ?").run(path);
  db.prepare("DELETE FROM heads WHERE path = ?").run(path);
  db.close();
  const found = await run("operator", "verify");
  assert.equal(found.code, 2);
  assert.match(found.stdout, new RegExp(`Secret "${path}" was removed without Nexus`));
});

Deno.test("what is added to a log and to the outbox while Nexus is killed is never signed, and is reported", async () => {
  await using home = await temporaryDirectory();
  await using system = await DevSystem.start(home.path);
  const logs = `${home.path}/data/audit`;
  assert.equal((await system.spike(["secret", "put", "a/b", "k=v"])).code, 0);
  await system.dev("kill", "nexus");
  const log = (await Deno.readTextFile(`${logs}/current`)).trim();
  const file = `${logs}/${log}/000000000000.log`;
  const lines = (await Deno.readTextFile(file)).trimEnd().split("\n");
  // A genuine record once more, with another path.
  const copied = lines.findLast((line) => line.startsWith("m "))?.replace("a/b", "forged") ?? "";
  await Deno.writeTextFile(file, `${copied}\n`, { append: true });
  const db = new DatabaseSync(`${home.path}/data/spike.db`);
  const { revision } = db.prepare("SELECT revision FROM counter").get() as { revision: number };
  const forged = JSON.stringify({
    timeMs: 1,
    revision: revision + 1,
    changes: [{ head: "forged", current: 1, digest: "" }],
  });
  db.prepare("INSERT INTO audit_outbox VALUES (?, ?)").run(
    revision + 1,
    new TextEncoder().encode(forged),
  );
  db.prepare("UPDATE counter SET revision = ?").run(revision + 1);
  db.close();
  assert.equal((await system.dev("start", "nexus")).code, 0);
  const status = JSON.parse((await system.spike(["status", "-f", "json"])).stdout);
  assert.deepEqual(status.audit, { setAside: 1, withoutKey: 0, rejected: 1, unrecorded: 1 });
  const { code, stdout } = await system.spike(["operator", "verify"]);
  assert.equal(code, 2);
  assert.match(stdout, /1 line of the audit log not written by Nexus: set aside, not signed/);
  assert.match(stdout, /1 waiting record not written by Nexus: rejected, not signed/);
  assert.match(stdout, new RegExp(`the change of revision ${revision + 1} is without a record`));
  const { stdout: records } = await system.spike(["audit", "export", "--records", logs]);
  assert.ok(!records.includes('"forged"'));
});
