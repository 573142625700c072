/** The promises of the whole system, on real processes: what is stored, what is never stored, what heals. */
import assert from "node:assert/strict";
import { as, json } from "./caller.ts";
import { DevSystem, spike, temporaryDirectory, WORKERS } from "./harness.ts";

const PATH = "tenants/acme/db";

Deno.test(`secrets have versions, on ${WORKERS} workers`, async () => {
  await using tmp = await temporaryDirectory();
  await using system = await DevSystem.start(`${tmp.path}/d`, {
    args: ["--workers", `${WORKERS}`],
  });
  const run = async (...args: string[]) => (await system.spike(args)).stdout.trim();
  assert.equal(await run("secret", "put", PATH, "user=x", "pass=y"), "OK");
  assert.equal(await run("secret", "put", PATH, "user=x", "pass=z"), "OK");
  assert.deepEqual(JSON.parse(await run("secret", "get", PATH, "-f", "json")), {
    pass: "z",
    user: "x",
  });
  assert.equal(await run("secret", "get", PATH, "pass", "-v", "1"), "y");
  assert.deepEqual(JSON.parse(await run("secret", "list", "-f", "json")), [PATH]);
  assert.equal(await run("secret", "delete", PATH), "OK");
  assert.equal(await run("secret", "get", PATH, "pass"), "y");
  await run("secret", "delete", PATH);
  assert.equal((await system.spike(["secret", "get", PATH])).code, 4);
});

Deno.test("values come from standard input and files, byte for byte", async () => {
  await using tmp = await temporaryDirectory();
  await using system = await DevSystem.start(`${tmp.path}/d`);
  const value = "first line\nsecond \u00e9 line\n";
  await Deno.writeTextFile(`${tmp.path}/v`, value);
  const piped = await system.spike(["secret", "put", "a", "k=-"], { stdin: value });
  assert.equal(piped.code, 0, piped.stderr);
  assert.equal((await system.spike(["secret", "put", "b", `k=@${tmp.path}/v`])).code, 0);
  for (const path of ["a", "b"]) {
    const { stdout } = await system.spike(["secret", "get", path, "-f", "json"]);
    assert.deepEqual(JSON.parse(stdout), { k: value });
  }
});

Deno.test("a keeper with a wrong shard is named, stops nothing, and is put right", async () => {
  await using tmp = await temporaryDirectory();
  await using system = await DevSystem.start(`${tmp.path}/d`);
  await system.spike(["secret", "put", PATH, "k=v"]);
  const keeper2 = `https://127.0.0.1:${system.ports[2]}`;
  await system.dev("kill", "nexus");
  await using nexus = await as(system, "spike/nexus", `${tmp.path}/n`);
  const wrong = await nexus.post(`${keeper2}/v1/store/contribute`, { shard: Array(32).fill(7) });
  assert.deepEqual([wrong.status, json(wrong)], [200, {}]);
  assert.equal((await system.dev("start", "nexus")).code, 0);
  assert.equal((await system.spike(["secret", "get", PATH, "k"])).stdout.trim(), "v");
  await system.logged("nexus", /"event":"keeper_shard_wrong","fields":\{"keeper":2/);
  // Nexus pushes as soon as it is ready; each question is a round trip, so this waits without a clock.
  let probe: Record<string, unknown> = {};
  for (let i = 0; i < 500 && probe["index"] !== 2; i++) {
    probe = json(await nexus.post(`${keeper2}/v1/store/contribute`, { probe: true }));
  }
  assert.deepEqual([probe["state"], probe["index"]], ["confirmed", 2]);
});

Deno.test("a second Bootstrap changes nothing and says so", async () => {
  await using tmp = await temporaryDirectory();
  await using system = await DevSystem.start(`${tmp.path}/d`);
  await using nexus = await as(system, "spike/nexus", `${tmp.path}/n`);
  const [, ...keepers] = system.ports.map((port) => `https://127.0.0.1:${port}`);
  const shards = () =>
    Promise.all(
      keepers.map(async (url) =>
        json(await nexus.post(`${url}/v1/store/shard`, { accept: ["gf256"] }))
      ),
    );
  const before = await shards();
  await system.dev("svid", "--id", "spiffe://spike.ist/spike/bootstrap", "--out", `${tmp.path}/b`);
  const env = {
    ...system.env,
    SPIKE_SVID_FILE: `${tmp.path}/b/svid.pem`,
    SPIKE_SVID_KEY_FILE: `${tmp.path}/b/key.pem`,
    SPIKE_BUNDLE_FILE: `${tmp.path}/b/bundle.pem`,
    SPIKE_NEXUS_KEEPER_PEERS: keepers.join(","),
  };
  const again = await spike(["bootstrap", "-init"], { env });
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /already bootstrapped, nothing was changed/);
  // Without Nexus, the keepers themselves know.
  await system.dev("kill", "nexus");
  const alone = await spike(["bootstrap"], { env });
  assert.equal(alone.code, 0, alone.stderr);
  assert.match(alone.stdout, /already bootstrapped, nothing was changed/);
  assert.deepEqual(await shards(), before);
  const told = await spike(["bootstrap"], { env: { ...env, SPIKE_BOOTSTRAP_COMPLETED: "true" } });
  assert.match(told.stdout, /SPIKE_BOOTSTRAP_COMPLETED is true/);
});

Deno.test("who may not do a thing is denied it, on Nexus and on keepers", async () => {
  await using tmp = await temporaryDirectory();
  await using system = await DevSystem.start(`${tmp.path}/d`);
  const [nexusPort = 0, keeperPort = 0] = system.ports;
  const nexusUrl = `https://127.0.0.1:${nexusPort}`;
  await using workload = await as(system, "workload/app", `${tmp.path}/w`);
  const denied = await workload.post(`${nexusUrl}/v1/store/secrets?action=get`, { path: PATH });
  assert.deepEqual([denied.status, json(denied)], [401, {
    data: null,
    err: "access_unauthorized",
  }]);
  await assert.rejects(
    workload.post(`https://127.0.0.1:${keeperPort}/v1/store/shard`, {}),
    { code: "access_unauthorized" },
  );
  await system.logged("keeper-1", /"event":"peer_refused".*"reason":"wrong-role"/);
  await using superuser = await as(system, "spike/pilot/role/superuser", `${tmp.path}/s`);
  for (const path of ["recover", "restore"]) {
    const answer = await superuser.post(`${nexusUrl}/v1/operator/${path}`, {});
    assert.equal(answer.status, 401, path);
  }
});

Deno.test("a data directory has one Nexus, and so has a port", async () => {
  await using tmp = await temporaryDirectory();
  await using system = await DevSystem.start(`${tmp.path}/d`);
  await system.dev("svid", "--id", "spiffe://spike.ist/spike/nexus", "--out", `${tmp.path}/n`);
  const [port = 0, ...keepers] = system.ports;
  const env = {
    SPIKE_SVID_FILE: `${tmp.path}/n/svid.pem`,
    SPIKE_SVID_KEY_FILE: `${tmp.path}/n/key.pem`,
    SPIKE_BUNDLE_FILE: `${tmp.path}/n/bundle.pem`,
    SPIKE_NEXUS_KEEPER_PEERS: keepers.map((each) => `https://127.0.0.1:${each}`).join(","),
    SPIKE_DATA_DIR: `${tmp.path}/d/data`,
  };
  const samePort = await spike(["nexus"], {
    env: { ...env, SPIKE_NEXUS_TLS_PORT: `127.0.0.1:${port}` },
  });
  assert.equal(samePort.code, 1);
  assert.match(samePort.stderr, /Cannot listen on 127\.0\.0\.1:/);
  const sameData = await spike(["nexus"], {
    env: { ...env, SPIKE_NEXUS_TLS_PORT: `127.0.0.1:${port + 7}` },
  });
  assert.notEqual(sameData.code, 0);
  assert.match(sameData.stderr, /Another process has locked data directory/);
});
