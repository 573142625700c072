import assert from "node:assert/strict";
import type { NexusSettings } from "../../../lib/config/mod.ts";
import {
  forbiddenAttempts,
  freePort,
  makeElsewhere,
  startProbe,
} from "../../../lib/process/_probe.ts";
import { RANDOM_DEVICE } from "../../../lib/seal/mod.ts";
import { corePermissions, requestPermissions } from "./permissions.ts";

/** A Nexus with a data directory of its own and one keeper that listens. */
async function prepare(change: Partial<NexusSettings> = {}) {
  const elsewhere = await makeElsewhere();
  const data = await makeElsewhere();
  const keeper = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = freePort();
  const settings = {
    backend: "sqlite",
    workers: 2,
    listen: { host: "127.0.0.1", port },
    dataDir: data.path,
    endpointSocket: "tcp://127.0.0.1:1",
    auditSinks: [],
    keeperPeers: [`https://127.0.0.1:${keeper.addr.port}`],
    ...change,
  } as unknown as NexusSettings;
  const end = async () => {
    keeper.close();
    await Promise.all([elsewhere.remove(), data.remove()]);
  };
  const dialKeeper = { what: "dial", port: keeper.addr.port } as const;
  return { elsewhere: elsewhere.path, settings, port, dialKeeper, end };
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

async function assertForbidden(
  { elsewhere }: Prepared,
  probe: ReturnType<typeof startProbe>,
  more: Parameters<typeof probe.tryTo>[0][] = [],
) {
  assert.equal(await probe.tryTo({ what: "excess" }), "");
  for (const attempt of [...forbiddenAttempts(elsewhere), ...more]) {
    assert.equal(await probe.tryTo(attempt), "denied", JSON.stringify(attempt));
  }
}

Deno.test("the core keeps its data and reaches the keepers, and with request workers does not listen", async () => {
  const world = await prepare();
  const { settings, port, dialKeeper } = world;
  const probe = startProbe(corePermissions(settings));
  assert.equal(await probe.tryTo(dialKeeper), "done");
  assert.equal(await probe.tryTo({ what: "write", path: `${settings.dataDir}/db` }), "done");
  assert.equal(await probe.tryTo({ what: "read", path: `${settings.dataDir}/db` }), "done");
  await assertForbidden(world, probe, [{ what: "listen", port }]);
  probe.end();
  await world.end();
});

Deno.test("the core writes to the file and connects to the socket that audit records go to, and no other", async () => {
  const world = await prepare();
  const { elsewhere, settings } = world;
  const sinks = [
    { kind: "file", path: `${elsewhere}/audit.jsonl` },
    { kind: "unix", path: `${elsewhere}/audit.sock` },
    { kind: "stdout" },
  ] as const;
  const probe = startProbe(corePermissions({ ...settings, auditSinks: sinks }));
  assert.equal(await probe.tryTo({ what: "write", path: `${elsewhere}/audit.jsonl` }), "done");
  assert.equal(await probe.tryTo({ what: "read", path: `${elsewhere}/audit.jsonl` }), "denied");
  await assertForbidden(world, probe);
  probe.end();
  await world.end();
});

Deno.test("without request workers the core listens, too", async () => {
  const world = await prepare({ workers: 0 });
  const probe = startProbe(corePermissions(world.settings));
  assert.equal(await probe.tryTo({ what: "listen", port: world.port }), "done");
  await assertForbidden(world, probe);
  probe.end();
  await world.end();
});

Deno.test("a request worker listens and has the data, and reaches no keeper and no agent", async () => {
  const world = await prepare();
  const { settings, port, dialKeeper } = world;
  const probe = startProbe(requestPermissions(settings));
  assert.equal(await probe.tryTo({ what: "listen", port }), "done");
  assert.equal(await probe.tryTo({ what: "read", path: `${settings.dataDir}/there` }), "done");
  await assertForbidden(world, probe, [dialKeeper, { what: "dial", port: 1 }]);
  probe.end();
  await world.end();
});

Deno.test("with a memory store nobody gets a directory", async () => {
  const world = await prepare({ backend: "memory" });
  const { settings } = world;
  for (const permissions of [corePermissions(settings), requestPermissions(settings)]) {
    const probe = startProbe(permissions);
    await assertForbidden(world, probe, [{ what: "read", path: `${settings.dataDir}/there` }]);
    probe.end();
  }
  await world.end();
});

Deno.test("with backend lite the core has the data, a request worker no directory", async () => {
  const world = await prepare({ backend: "lite" });
  const { settings } = world;
  const there = { what: "read", path: `${settings.dataDir}/there` } as const;
  const core = startProbe(corePermissions(settings));
  assert.equal(await core.tryTo(there), "done");
  core.end();
  const worker = startProbe(requestPermissions(settings));
  await assertForbidden(world, worker, [there]);
  worker.end();
  await world.end();
});

Deno.test("core and request workers draw random bytes from the operating system, whatever the store is", async () => {
  for (const backend of ["sqlite", "memory", "lite"] as const) {
    const world = await prepare({ backend });
    const { settings } = world;
    for (const permissions of [corePermissions(settings), requestPermissions(settings)]) {
      const probe = startProbe(permissions);
      assert.equal(await probe.tryTo({ what: "draw" }), "done");
      assert.equal(await probe.tryTo({ what: "write", path: RANDOM_DEVICE }), "denied");
      probe.end();
    }
    await world.end();
  }
});
