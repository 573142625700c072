/** A system that shares its root key as SPIKE in Go does, on real processes. */
import assert from "node:assert/strict";
import { createMtlsClient, type MtlsAnswer } from "../../lib/mtls/mod.ts";
import { combine, splitP256 } from "../../lib/shamir/mod.ts";
import { openSource } from "../../lib/workload_api/open_source.ts";
import { DevSystem, temporaryDirectory } from "../e2e/harness.ts";

const P256 = { args: ["--shamir-scheme", "p256"] };

Deno.test("p256: a system lives and heals, and anybody who is Nexus can combine its shards", async () => {
  await using tmp = await temporaryDirectory();
  await using system = await DevSystem.start(`${tmp.path}/d`, P256);
  assert.equal((await system.spike(["secret", "put", "a/b", "k=v"])).code, 0);
  await system.dev("kill", "nexus");
  await system.dev("kill", "keeper-1");
  assert.equal((await system.dev("start", "nexus")).code, 0);
  assert.equal((await system.spike(["secret", "get", "a/b", "k"])).stdout.trim(), "v");
  assert.equal((await system.dev("start", "keeper-1")).code, 0);

  await system.dev("svid", "--id", "spiffe://spike.ist/spike/nexus", "--out", `${tmp.path}/n`);
  const svidFiles = {
    svid: `${tmp.path}/n/svid.pem`,
    key: `${tmp.path}/n/key.pem`,
    bundle: `${tmp.path}/n/bundle.pem`,
  };
  const source = openSource({ endpointSocket: "", svidFiles }, () => {});
  await source.ready(5_000);
  const nexus = createMtlsClient({ source, isExpectedPeer: () => true, peerName: "a keeper" });
  // As an original Nexus asks: it accepts nothing in particular, and knows positions only.
  const shards = await Promise.all(
    system.ports.slice(1).map(async (port, i) => {
      const answer = await nexus.post(`https://127.0.0.1:${port}/v1/store/shard`, "{}");
      assert.equal(answer.status, 200);
      return { index: i + 1, bytes: Uint8Array.from(shardOf(answer)) };
    }),
  );
  const rootKey = combine(shards.slice(1), 2, "p256");
  assert.deepEqual(splitP256({ secret: rootKey, threshold: 2, shares: 3 }), shards);
  await nexus.close();
  await source.close();
});

function shardOf({ body }: MtlsAnswer): number[] {
  return JSON.parse(new TextDecoder().decode(body)).shard;
}
