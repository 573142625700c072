import assert from "node:assert/strict";
import type { MtlsClient } from "../mtls/mod.ts";
import { parseSpiffeId } from "../spiffe/mod.ts";
import { sampleId, sampleShards } from "./_sample.ts";
import { claimedPosition, createKeeperClient, holds, watchPosition } from "./keeper_client.ts";
import { encodeProbe, encodeShardAnswer } from "./message.ts";
import { type HeldShard } from "./holding.ts";
import { type StampedShard } from "./shard_set.ts";

const PEER = parseSpiffeId("spiffe://spike.ist/spike/keeper/2");
const [SHARD] = sampleShards({ storeId: sampleId(1) }) as [StampedShard];
const HELD: HeldShard = { ...SHARD, from: "nexus" };

/** A transport that answers every request alike and keeps what it was asked. */
function answering(status: number, body: unknown) {
  const asked: { url: string; body: unknown }[] = [];
  const transport: MtlsClient = {
    post: (url, text) => {
      asked.push({ url, body: JSON.parse(String(text)) });
      const bytes = new TextEncoder().encode(
        typeof body === "string" ? body : JSON.stringify(body),
      );
      return Promise.resolve({ status, headers: {}, body: bytes, peer: PEER });
    },
    close: () => Promise.resolve(),
  };
  return { asked, client: createKeeperClient(transport, 1, "https://keeper-1:8443", {}) };
}

Deno.test("a keeper is asked for shards of the own scheme, and 400 means that it holds none", async () => {
  const full = answering(200, encodeShardAnswer(HELD));
  assert.deepEqual(await full.client.shards(), [{ keeper: 1, ...SHARD }]);
  const url = "https://keeper-1:8443/v1/store/shard";
  assert.deepEqual(full.asked, [{ url, body: { accept: ["gf256"] } }]);
  const empty = answering(400, { shard: null, Err: "api_bad_request" });
  assert.deepEqual(await empty.client.shards(), []);
});

Deno.test("refusals of a keeper become codes, whatever the case of their member", async () => {
  const cases: [number, unknown, string][] = [
    [409, { err: "shard_held" }, "shard_held"],
    [409, { Err: "shard_generation_stale" }, "shard_generation_stale"],
    [401, { err: "access_unauthorized" }, "access_unauthorized"],
    [500, { err: "api_internal_error" }, "net_peer_connection"],
    [400, "garbage", "net_peer_connection"],
  ];
  for (const [status, body, code] of cases) {
    const { client } = answering(status, body);
    await assert.rejects(client.contribute(SHARD), { code }, `${status} ${JSON.stringify(body)}`);
  }
  await assert.rejects(answering(401, {}).client.shards(), { code: "access_unauthorized" });
  await assert.rejects(answering(503, {}).client.shards(), { code: "net_peer_connection" });
});

Deno.test("a keeper that does not know probes gives none, one that answers garbage is refused", async () => {
  assert.equal(await answering(400, { err: "api_bad_request" }).client.probe(), undefined);
  assert.equal(await answering(200, {}).client.probe(), undefined);
  const known = answering(200, encodeProbe({ current: HELD }));
  assert.equal((await known.client.probe())?.state, "confirmed");
  assert.deepEqual(known.asked[0]?.body, { probe: true });
  await assert.rejects(answering(200, "x").client.probe(), { code: "data_unmarshal_failure" });
});

Deno.test("only the exact shard, confirmed and of this store, is held", () => {
  const probe = encodeProbe({ current: HELD });
  assert.equal(holds(probe, SHARD.stamp), true);
  assert.equal(holds(encodeProbe({ current: { ...HELD, from: "bootstrap" } }), SHARD.stamp), false);
  assert.equal(holds({ ...probe, generation: 2 }, SHARD.stamp), false);
  assert.equal(holds({ ...probe, storeId: sampleId(2).toHex() }, SHARD.stamp), false);
  assert.equal(holds({ ...probe, commitment: sampleId(2).toHex() }, SHARD.stamp), false);
  assert.equal(holds(encodeProbe({}), SHARD.stamp), false);
});

Deno.test("every answer tells who gave it", async () => {
  const peers: string[] = [];
  const transport: MtlsClient = {
    post: () => Promise.resolve({ status: 400, headers: {}, body: new Uint8Array(), peer: PEER }),
    close: () => Promise.resolve(),
  };
  const client = createKeeperClient(transport, 2, "https://keeper-2:8443", {
    onPeer: (peer) => peers.push(peer),
  });
  await client.shards();
  await client.probe();
  await assert.rejects(client.contribute(SHARD));
  assert.deepEqual(peers, [PEER, PEER, PEER]);
});

Deno.test("an identity claims a position by the number that ends its path", () => {
  const positionOf = (path: string) => claimedPosition(parseSpiffeId(`spiffe://spike.ist${path}`));
  assert.equal(positionOf("/spike/keeper/2"), 2);
  assert.equal(positionOf("/tenant/a/spike/keeper/03"), 3);
  assert.equal(positionOf("/spike/keeper"), undefined);
  assert.equal(positionOf("/spike/keeper/a"), undefined);
  assert.equal(positionOf("/spike/keeper/2/x"), undefined);
  assert.equal(positionOf("/spike/keeper/eu/2"), undefined);
});

Deno.test("an identity that claims another position is warned of once per change", () => {
  const lines: unknown[] = [];
  const seen = watchPosition(1, "https://k1", { warn: (...line) => void lines.push(line) });
  const idOf = (path: string) => parseSpiffeId(`spiffe://spike.ist/spike/keeper${path}`);
  for (const path of ["/1", "/1", "", "/a"]) seen(idOf(path));
  assert.deepEqual(lines, []);
  for (const path of ["/2", "/2", "/1", "/2", "/3"]) seen(idOf(path));
  const fields = (claimed: number) => ({
    keeper: 1,
    claimed,
    url: "https://k1",
    peer: idOf(`/${claimed}`),
  });
  const event = "keeper_position_mismatch";
  assert.deepEqual(lines, [2, 2, 3].map((claimed) => [event, fields(claimed)]));
});
