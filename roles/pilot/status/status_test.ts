import assert from "node:assert/strict";
import { spike } from "../fake_nexus.ts";

const STATUS = {
  version: "0.1.0",
  state: "ready",
  backend: "sqlite",
  storeId: "00ff",
  initialized: true,
  keepers: [
    { index: 1, url: "https://k1:8554", state: "ok", lastSeen: "2026-01-01T00:00:00Z" },
    { index: 2, url: "https://k2:8554", state: "unreachable", detail: "ECONNREFUSED" },
  ],
  threshold: 2,
  shares: 3,
  generation: 1,
  since: "2026-01-01T00:00:00Z",
};

Deno.test("status tells of Nexus and its keepers", async () => {
  const { code, out } = await spike(["status"], { nexus: () => STATUS });
  assert.equal(code, 0);
  assert.equal(
    out,
    `Nexus 0.1.0 at https://localhost:8553
State   : ready
Backend : sqlite, store 00ff
Shards  : 2 of 3, generation 1
Since   : 2026-01-01T00:00:00Z
Keeper 1: ok, https://k1:8554 (last seen 2026-01-01T00:00:00Z)
Keeper 2: unreachable, https://k2:8554 (ECONNREFUSED)
`,
  );
});

Deno.test("status --verbose asks for the peers, and tells what was agreed with each", async () => {
  const peer = {
    id: "spiffe://spike.ist/spike/keeper/1",
    side: "made",
    protocol: "TLSv1.3",
    cipher: "TLS_AES_256_GCM_SHA384",
    lastSeen: "2026-01-01T00:00:00Z",
  };
  const nexus = () => ({ ...STATUS, peers: [peer] });
  const { out, calls } = await spike(["status", "--verbose"], { nexus });
  assert.deepEqual(calls[0]?.request, { verbose: true });
  assert.match(
    out,
    /^Peer {4}: spiffe:\S+keeper\/1, made, TLSv1\.3 TLS_AES_256_GCM_SHA384 \(2026-01-01T00:00:00Z\)$/m,
  );
  const brief = await spike(["status"], { nexus: () => STATUS });
  assert.deepEqual(brief.calls[0]?.request, {});
});

Deno.test("status as a document is what Nexus answered", async () => {
  const { out } = await spike(["status", "-f", "json"], { nexus: () => STATUS });
  assert.deepEqual(JSON.parse(out), STATUS);
});

Deno.test("a Nexus that is not ready is printed and ends with 6", async () => {
  for (const state of ["waiting", "provisional", "database_lost", "sealed"]) {
    const { code, out, err } = await spike(["status"], { nexus: () => ({ ...STATUS, state }) });
    assert.equal(code, 6);
    assert.match(out, new RegExp(`^State   : ${state}$`, "m"));
    assert.match(err, new RegExp(`^Error: Nexus is not ready: ${state}\nHint: `));
  }
});

Deno.test("status warns until the shards in force were exported, and tells who sealed", async () => {
  const never = { ...STATUS, recovery: { exported: false } };
  const warned = await spike(["status"], { nexus: () => never });
  assert.match(
    warned.out,
    /^Recovery: WARNING: the shards of generation 1 were never exported, run `spike operator recover`$/m,
  );
  const done = { ...STATUS, recovery: { exported: true, exportedAt: "2026-01-02T00:00:00Z" } };
  assert.match(
    (await spike(["status"], { nexus: () => done })).out,
    /^Recovery: shards exported 2026-01-02T00:00:00Z$/m,
  );
  const by = "spiffe://spike.ist/ada";
  const sealed = { reason: "intruder", by, since: "2026-01-03T00:00:00Z" };
  assert.match(
    (await spike(["status"], { nexus: () => ({ ...STATUS, state: "sealed", sealed }) })).out,
    /^Sealed {2}: 2026-01-03T00:00:00Z by spiffe:\/\/spike\.ist\/ada: intruder$/m,
  );
});
