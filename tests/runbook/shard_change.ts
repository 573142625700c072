/** A new root key and a seal on real processes, of which Nexus is killed when that hurts most. */
import assert from "node:assert/strict";
import { DevSystem, temporaryDirectory } from "../e2e/harness.ts";

const PATH = "tenants/acme/db";

Deno.test("a new root key outlives a kill at its commit and the loss of a keeper, and a seal a restart", async (t) => {
  await using tmp = await temporaryDirectory();
  const env = { SPIKE_SYSTEM_LOG_LEVEL: "info" };
  await using system = await DevSystem.start(`${tmp.path}/d`, { env });
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await system.spike(args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  await run("secret", "put", PATH, "pass=lovelace");
  await t.step("killed as soon as the commit has happened", async () => {
    const changing = system.spike(["operator", "rotate-root"]);
    await system.logged("nexus", /"shard_set_changed","fields":\{"kind":"rotate-root"/);
    await system.dev("kill", "nexus");
    await changing;
    await system.dev("kill", "keeper-1");
    assert.equal((await system.dev("start", "nexus")).code, 0, "two keepers of three are enough");
    assert.equal((await run("secret", "get", PATH, "pass")).trim(), "lovelace");
    assert.equal((await system.dev("start", "keeper-1")).code, 0);
    const { generation, keepers } = JSON.parse(await run("status", "-f", "json"));
    assert.equal(generation, 2);
    assert.deepEqual(keepers.map(({ state }: { state: string }) => state), ["ok", "ok", "ok"]);
  });
  await t.step(
    "a keeper that takes connections and never answers stops a change, and no more",
    async () => {
      const pid = await keeperOf(system);
      Deno.kill(pid, "SIGSTOP");
      try {
        const { code, stderr } = await system.spike(["operator", "refresh"]);
        assert.equal(code, 6, stderr);
        assert.match(stderr, /^Error: A keeper did not accept its new shard/);
        assert.equal((await run("secret", "get", PATH, "pass")).trim(), "lovelace");
      } finally {
        Deno.kill(pid, "SIGCONT");
      }
      assert.equal(JSON.parse(await run("status", "-f", "json")).generation, 2);
      await run("operator", "refresh");
      assert.equal(JSON.parse(await run("status", "-f", "json")).generation, 3);
    },
  );
  await t.step("sealed, killed and started", async () => {
    await run("operator", "seal", "--reason", "intruder");
    assert.equal((await system.spike(["secret", "get", PATH])).code, 6);
    await system.dev("kill", "nexus");
    const started = await system.dev("start", "nexus");
    assert.equal(started.code, 6);
    assert.match(started.stderr, /nexus cannot get ready: sealed at start: reason intruder/);
    const { code, stdout } = await system.spike(["status"]);
    assert.equal(code, 6);
    assert.match(stdout, /^Sealed {2}: .*: intruder$/m);
    await run("operator", "unseal");
    // Each question is a round trip, so this waits without a clock.
    let answer = await system.spike(["secret", "get", PATH, "pass"]);
    for (let i = 0; i < 100 && answer.code !== 0; i++) {
      answer = await system.spike(["secret", "get", PATH, "pass"]);
    }
    assert.equal(answer.stdout.trim(), "lovelace");
  });
});

/** The process of some keeper, found by its parent and its arguments. */
async function keeperOf({ dir }: DevSystem): Promise<number> {
  const { pid: parent } = JSON.parse(await Deno.readTextFile(`${dir}/supervisor.json`));
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const read = (file: string) => Deno.readTextFile(`/proc/${name}/${file}`).catch(() => "");
    if (!(await read("status")).includes(`\nPPid:\t${parent}\n`)) continue;
    if ((await read("cmdline")).split("\0").includes("keeper")) return Number(name);
  }
  throw new Error("No process of a keeper was found");
}
