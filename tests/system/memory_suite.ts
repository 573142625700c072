/** What a real Nexus holds in memory before and after a seal. */
import assert from "node:assert/strict";
import { exported, processesOf } from "../e2e/caller.ts";
import { DevSystem, temporaryDirectory } from "../e2e/harness.ts";
import { occurrences } from "./process_memory.ts";

/** Keys that Nexus says it holds, by kind, of all its threads. */
async function keysHeld(system: DevSystem): Promise<Record<string, number>> {
  const { health } = JSON.parse(await Deno.readTextFile(`${system.dir}/supervisor.json`)) as {
    health: Record<string, string>;
  };
  const text = await (await fetch(`${health["nexus"]}/metrics`)).text();
  const lines = text.matchAll(/^spike_keys_held\{kind="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries(Array.from(lines, ([, kind = "", count]) => [kind, Number(count)]));
}

const NONE = { root: 0, kek: 0, default: 0, audit: 0, data: 0, named: 0, stream: 0 };

for (const workers of ["0", "2"]) {
  Deno.test(`a seal is answered when no thread holds a key any more, with ${workers} request workers`, async () => {
    await using tmp = await temporaryDirectory();
    await using system = await DevSystem.start(`${tmp.path}/d`, {
      env: { SPIKE_NEXUS_WORKERS: workers },
    });
    const run = async (args: string[], stdin?: string) => {
      const ran = await system.spike(args, stdin === undefined ? {} : { stdin });
      assert.equal(ran.code, 0, `${args.join(" ")}: ${ran.stderr}`);
      return ran.stdout;
    };
    await run(["secret", "put", "tenants/acme/db", "k=v"]);
    await run(["cipher", "key", "create", "pay"]);
    const get = () => run(["secret", "get", "tenants/acme/db", "k"]);
    // Each is a connection of its own, and so any thread's.
    await Promise.all([get(), get(), get()]);
    await run(["cipher", "encrypt", "--key", "pay"], "hello");
    const before = await keysHeld(system);
    for (const kind of ["root", "kek", "default", "audit", "data", "named"]) {
      assert.ok((before[kind] ?? 0) > 0, `${kind}: ${JSON.stringify(before)}`);
    }
    await run(["operator", "seal", "--reason", "drill"]);
    assert.deepEqual(await keysHeld(system), NONE);
    assert.equal((await system.spike(["secret", "get", "tenants/acme/db"])).code, 6);
    assert.deepEqual(await keysHeld(system), NONE, "nor does a refused request bring one back");
    await run(["operator", "unseal"]);
    await system.logged("nexus", /"event":"unsealed"[^]*"event":"root_key_rebuilt"/);
    assert.equal((await get()).trim(), "v");
  });
}

Deno.test("the root key is once in the memory of Nexus, and after a seal it is not there any more", async () => {
  await using tmp = await temporaryDirectory();
  await using system = await DevSystem.start(`${tmp.path}/d`);
  const { rootKey } = await exported(system, `${tmp.path}/id`);
  const nexus = (await processesOf(system)).find(({ cmdline }) => /\0nexus\0/.test(cmdline));
  assert.ok(nexus);
  const before = occurrences(nexus.pid, rootKey);
  if (before === undefined) return console.log("This user may not look into Nexus: not tried");
  assert.equal(before, 1);
  assert.equal((await system.spike(["operator", "seal"])).code, 0);
  assert.equal(occurrences(nexus.pid, rootKey), 0);
});
