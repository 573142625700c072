/** Renewal of key-encryption keys on real processes, killed in the middle of it, with readers and writers beside it. */
import assert from "node:assert/strict";
import { DevSystem, temporaryDirectory } from "../e2e/harness.ts";
import { connectAs, type SystemClient } from "../e2e/system_client.ts";

const SECRETS = 150;
/** How many requests go on after the rotation was answered, before the kill. */
const KILLED_AFTER = [0, 5, 40];

const pathOf = (i: number) => `tenants/${i % 7}/${i}`;

async function generations(client: SystemClient): Promise<number[]> {
  const { keks } = await client.ask("/v1/operator/keks?action=list", {});
  return (keks as { generation: number }[]).map(({ generation }) => generation);
}

Deno.test("keys are renewed under load and over kill -9, and nothing is lost", async () => {
  await using tmp = await temporaryDirectory();
  const env = { SPIKE_SYSTEM_LOG_LEVEL: "info" };
  await using system = await DevSystem.start(`${tmp.path}/d`, { env });
  const expected = new Map<string, string>();
  const put = async (client: SystemClient, i: number, value: string) => {
    await client.ask("/v1/store/secrets", { path: pathOf(i), values: { value } });
    expected.set(pathOf(i), value);
  };
  const check = async (client: SystemClient) => {
    for (const [path, value] of expected) {
      const { data } = await client.ask("/v1/store/secrets?action=get", { path });
      assert.deepEqual(data, { value }, path);
    }
  };
  const plaintext = "aGVsbG8=";
  const keys = ["", "pay"];
  const sealed: Record<string, unknown>[] = [];
  {
    await using client = await connectAs(system, "superuser", `${tmp.path}/id`);
    await Promise.all(Array.from({ length: SECRETS }, (_, i) => put(client, i, `first ${i}`)));
    await client.ask("/v1/cipher/keys?action=create", { key: "pay" });
    for (const key of keys) sealed.push(await client.ask("/v1/cipher/encrypt", { plaintext, key }));
  }
  for (const [round, requests] of KILLED_AFTER.entries()) {
    {
      await using client = await connectAs(system, "superuser", `${tmp.path}/id`);
      await client.ask("/v1/operator/keks?action=rotate", {});
      for (let i = 0; i < requests; i++) {
        await put(client, (i * 11) % SECRETS, `round ${round} ${i}`);
        await client.ask("/v1/store/secrets?action=get", { path: pathOf((i * 5) % SECRETS) });
      }
      await system.dev("kill", "nexus");
    }
    assert.equal((await system.dev("start", "nexus")).code, 0);
    await using client = await connectAs(system, "superuser", `${tmp.path}/id`);
    await check(client);
    assert.equal((await generations(client)).at(-1), round + 2);
  }
  // Done before the last kill or after it. A new process has nobody who could still need the old key.
  await system.logged("nexus", /"kek_rewrapped".*"generation":3/);
  await system.dev("kill", "nexus");
  assert.equal((await system.dev("start", "nexus")).code, 0);
  await system.logged("nexus", /"kek_removed".*"generation":3/);
  await using client = await connectAs(system, "superuser", `${tmp.path}/id`);
  assert.deepEqual(await generations(client), [4]);
  await check(client);
  for (const [i, key] of keys.entries()) {
    const back = await client.ask("/v1/cipher/decrypt", { ...sealed[i], key });
    assert.deepEqual(back, { plaintext });
  }
  assert.doesNotMatch(await system.log("nexus"), /"level":"error"/);
});
