/** Secrets as a user of the command line meets them, on a real system with two request workers. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { createClient } from "../../lib/client/mod.ts";
import { createMtlsClient } from "../../lib/mtls/mod.ts";
import { openSource } from "../../lib/workload_api/open_source.ts";
import { DevSystem, temporaryDirectory } from "../e2e/harness.ts";

/** All files of the database as one text of bytes. */
async function database(system: DevSystem): Promise<string> {
  const decoder = new TextDecoder("latin1");
  let all = "";
  for await (const { name } of Deno.readDir(`${system.dir}/data`)) {
    if (!name.startsWith("spike.db") || name.endsWith("-shm")) continue;
    all += decoder.decode(await Deno.readFile(`${system.dir}/data/${name}`));
  }
  return all;
}

/** The wrapped data key of a version. */
function wrappedKey(system: DevSystem, path: string, version: number): string {
  const db = new DatabaseSync(`${system.dir}/data/spike.db`, { readOnly: true });
  const row = db.prepare("SELECT wrapped_key FROM versions WHERE path = ? AND version = ?")
    .get(path, version);
  db.close();
  const bytes = row?.["wrapped_key"];
  assert.ok(bytes instanceof Uint8Array);
  return new TextDecoder("latin1").decode(bytes);
}

Deno.test("secrets go through all that can be done to them on the command line", async (t) => {
  await using tmp = await temporaryDirectory();
  await using system = await DevSystem.start(`${tmp.path}/d`, { args: ["--workers", "2"] });
  const ok = async (...args: string[]) => {
    const { code, stdout, stderr } = await system.spike(["secret", ...args]);
    assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  const codeOf = async (...args: string[]) => (await system.spike(["secret", ...args])).code;

  await t.step("bytes that are not text come back as they were put", async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    await Deno.writeFile(`${tmp.path}/in`, bytes);
    await ok("put", "app/tls", `key=@${tmp.path}/in`, "user=ada");
    await ok("get", "app/tls", "key", "--out", `${tmp.path}/out`);
    assert.deepEqual(await Deno.readFile(`${tmp.path}/out`), bytes);
    assert.equal(await ok("get", "app/tls", "user"), "ada\n");
  });

  await t.step("a version that is destroyed is gone from the files, and stays gone", async () => {
    for (const v of ["1", "2"]) await ok("put", "app/db", `v=${v}`);
    for (let i = 0; i < 3; i++) await ok("get", "app/db", "v", "-v", "1");
    const key = wrappedKey(system, "app/db", 1);
    assert.ok((await database(system)).includes(key));
    assert.equal(await codeOf("destroy", "app/db", "-v", "1"), 1);
    await ok("destroy", "app/db", "-v", "1", "--yes");
    assert.ok(!(await database(system)).includes(key));
    for (let i = 0; i < 3; i++) assert.equal(await codeOf("get", "app/db", "-v", "1"), 4);
    assert.equal(await codeOf("undelete", "app/db", "-v", "1"), 4);
    const history = await ok("history", "app/db");
    assert.match(history, /^2 {2}current\n.*\n1 {2}destroyed\n/);
    assert.match(history, /by spiffe:\/\/spike\.ist\/spike\/pilot\/role\/superuser\n/);
  });

  await t.step("a purge leaves the highest number", async () => {
    await ok("purge", "app/db", "--yes");
    assert.equal(await codeOf("metadata", "get", "app/db", "--all"), 4);
    assert.doesNotMatch(await ok("list"), /app\/db/);
    await ok("put", "app/db", "v=3", "--cas", "0");
    assert.match(await ok("history", "app/db"), /^3 {2}current\n/);
    assert.equal(await codeOf("put", "app/db", "v=4", "--cas", "2"), 5);
  });

  await t.step("what has expired reads as absent and is listed as expired", async () => {
    assert.equal(await codeOf("metadata", "set", "app/db", "--expires", "2001-01-01"), 1);
    const soon = new Date(Date.now() + 3_000).toISOString();
    await ok("metadata", "set", "app/db", "owner=web", "--expires", soon);
    let code = 0;
    for (let i = 0; code === 0 && i < 100; i++) code = await codeOf("get", "app/db");
    assert.equal(code, 4);
    assert.equal(await ok("list", "app/"), "- app/db (expired)\n- app/tls\n");
    assert.equal(await codeOf("metadata", "set", "app/db", "--expires", "never"), 4);
    assert.equal(await codeOf("undelete", "app/db"), 4);
    await ok("put", "app/db", "v=new", "--cas", "0");
    assert.equal(await codeOf("undelete", "app/db"), 4);
    assert.match(await ok("metadata", "get", "app/db"), /Custom {10}: owner = web\n/);
  });

  await t.step("copies, moves and differences", async () => {
    await ok("copy", "app/db", "app/copy");
    await ok("put", "app/copy", "v=other", "more=x");
    assert.equal(
      await ok("diff", "app/copy"),
      "app/copy: version 1 to version 2\n+ more\n~ v\n",
    );
    await ok("move", "app/copy", "moved");
    assert.equal(await codeOf("get", "app/copy"), 4);
    assert.equal(await ok("get", "moved", "v"), "other\n");
    assert.equal(await ok("list", "--level"), "- app/\n- moved\n");
  });

  await t.step("a read is not repeated for who knows the state", async () => {
    const out = `${tmp.path}/s`;
    const id = "spiffe://spike.ist/spike/pilot/role/superuser";
    await system.dev("svid", "--id", id, "--out", out);
    const svidFiles = {
      svid: `${out}/svid.pem`,
      key: `${out}/key.pem`,
      bundle: `${out}/bundle.pem`,
    };
    const source = openSource({ endpointSocket: "", svidFiles }, () => {});
    await source.ready(5_000);
    const transport = createMtlsClient({
      source,
      isExpectedPeer: () => true,
      peerName: "Nexus",
    });
    const client = createClient({ nexusUrl: system.env["SPIKE_NEXUS_URL"] ?? "", transport });
    const { tag = "" } = await client.readSecret("moved") ?? {};
    for (let i = 0; i < 4; i++) {
      assert.equal(await client.readSecret("moved", { known: tag }), undefined);
    }
    await client.putSecret("moved", { v: "new" });
    const changed = await client.readSecret("moved", { known: tag });
    assert.equal(changed?.values?.["v"], "new");
    await client.close();
    await source.close();
  });
});
