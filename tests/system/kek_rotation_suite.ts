/** Renewal of key-encryption keys on real processes, killed in the middle of it, with readers and writers beside it. */
import assert from "node:assert/strict";
import { createMtlsClient } from "../../lib/mtls/mod.ts";
import { openSource } from "../../lib/spiffe/open_source.ts";
import { DevSystem, temporaryDirectory } from "../e2e/harness.ts";

const SECRETS = 150;
/** How many requests go on after the rotation was answered, before the kill. */
const KILLED_AFTER = [0, 5, 40];

async function connect(system: DevSystem, out: string) {
  const id = "spiffe://spike.ist/spike/pilot/role/superuser";
  const ran = await system.dev("svid", "--id", id, "--out", out);
  assert.equal(ran.code, 0, ran.stderr);
  const svidFiles = { svid: `${out}/svid.pem`, key: `${out}/key.pem`, bundle: `${out}/bundle.pem` };
  const source = openSource({ endpointSocket: "", svidFiles }, () => {});
  await source.ready(5_000);
  const transport = createMtlsClient({ source, isExpectedPeer: () => true, peerName: "anyone" });
  const base = system.env["SPIKE_NEXUS_API_URL"] ?? "";
  return {
    async ask(target: string, message: unknown): Promise<Record<string, unknown>> {
      const { status, body } = await transport.post(base + target, JSON.stringify(message));
      const text = new TextDecoder().decode(body);
      assert.equal(status, 200, `${target} ${text}`);
      return JSON.parse(text);
    },
    [Symbol.asyncDispose]: async () => {
      await transport.close();
      await source.close();
    },
  };
}

type Client = Awaited<ReturnType<typeof connect>>;

const pathOf = (i: number) => `tenants/${i % 7}/${i}`;

async function generations(client: Client): Promise<number[]> {
  const { keks } = await client.ask("/v1/operator/keks?action=list", {});
  return (keks as { generation: number }[]).map(({ generation }) => generation);
}

Deno.test("keys are renewed under load and over kill -9, and nothing is lost", async () => {
  await using tmp = await temporaryDirectory();
  const env = { SPIKE_SYSTEM_LOG_LEVEL: "info" };
  await using system = await DevSystem.start(`${tmp.path}/d`, { env });
  const expected = new Map<string, string>();
  const put = async (client: Client, i: number, value: string) => {
    await client.ask("/v1/store/secrets", { path: pathOf(i), values: { value } });
    expected.set(pathOf(i), value);
  };
  const check = async (client: Client) => {
    for (const [path, value] of expected) {
      const { data } = await client.ask("/v1/store/secrets?action=get", { path });
      assert.deepEqual(data, { value }, path);
    }
  };
  const plaintext = "aGVsbG8=";
  const keys = ["", "pay"];
  const sealed: Record<string, unknown>[] = [];
  {
    await using client = await connect(system, `${tmp.path}/id`);
    await Promise.all(Array.from({ length: SECRETS }, (_, i) => put(client, i, `first ${i}`)));
    await client.ask("/v1/cipher/keys?action=create", { key: "pay" });
    for (const key of keys) sealed.push(await client.ask("/v1/cipher/encrypt", { plaintext, key }));
  }
  for (const [round, requests] of KILLED_AFTER.entries()) {
    {
      await using client = await connect(system, `${tmp.path}/id`);
      await client.ask("/v1/operator/keks?action=rotate", {});
      for (let i = 0; i < requests; i++) {
        await put(client, (i * 11) % SECRETS, `round ${round} ${i}`);
        await client.ask("/v1/store/secrets?action=get", { path: pathOf((i * 5) % SECRETS) });
      }
      await system.dev("kill", "nexus");
    }
    assert.equal((await system.dev("start", "nexus")).code, 0);
    await using client = await connect(system, `${tmp.path}/id`);
    await check(client);
    assert.equal((await generations(client)).at(-1), round + 2);
  }
  // Done before the last kill or after it. A new process has nobody who could still need the old key.
  await system.logged("nexus", /"kek_rewrapped".*"generation":3/);
  await system.dev("kill", "nexus");
  assert.equal((await system.dev("start", "nexus")).code, 0);
  await system.logged("nexus", /"kek_removed".*"generation":3/);
  await using client = await connect(system, `${tmp.path}/id`);
  assert.deepEqual(await generations(client), [4]);
  await check(client);
  for (const [i, key] of keys.entries()) {
    const back = await client.ask("/v1/cipher/decrypt", { ...sealed[i], key });
    assert.deepEqual(back, { plaintext });
  }
  assert.doesNotMatch(await system.log("nexus"), /"level":"error"/);
});
