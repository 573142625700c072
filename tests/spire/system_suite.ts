/** This project on a real SPIRE server and agent: from the first key to the loss of an identity. */
import assert from "node:assert/strict";
import { createClient } from "../../lib/client/mod.ts";
import { createMtlsClient } from "../../lib/mtls/mod.ts";
import { DEFAULT_TRUST_ROOTS, hasRole } from "../../lib/spiffe/mod.ts";
import { openSource } from "../../lib/workload_api/open_source.ts";
import { IDENTITIES, KEEPERS, System } from "../../scripts/spire/system.ts";
import { Child } from "../../scripts/spire/child.ts";

/** Runs a command and demands its exit code; what it printed. */
async function told(
  system: System,
  name: "superuser" | "operator" | "app",
  args: readonly string[],
  code = 0,
): Promise<string> {
  const ran = await system.run(name, args);
  assert.equal(ran.code, code, `${args.join(" ")}: ${ran.stdout}${ran.stderr}`);
  return ran.stdout.trim();
}

Deno.test("bootstrap, secrets and policies; who somebody is decides what they may", async (t) => {
  await using system = await System.start();
  await t.step("secrets have versions", async () => {
    await told(system, "superuser", ["secret", "put", "tenants/acme/db", "user=ada", "pass=x"]);
    await told(system, "superuser", ["secret", "put", "tenants/acme/db", "user=ada", "pass=y"]);
    assert.equal(
      await told(system, "superuser", ["secret", "get", "tenants/acme/db", "pass"]),
      "y",
    );
    const first = ["secret", "get", "tenants/acme/db", "pass", "-v", "1"];
    assert.equal(await told(system, "operator", first), "x");
  });
  await t.step("a workload has what a policy grants it, and nothing before", async () => {
    const get = ["secret", "get", "tenants/acme/db", "user"];
    await told(system, "app", get, 3);
    await told(system, "superuser", [
      ...["policy", "create", "--name", "app", "--path-pattern", "^tenants/acme/.*$"],
      ...["--spiffeid-pattern", "^spiffe://spike\\.ist/workload/app$", "--permissions", "read"],
    ]);
    assert.equal(await told(system, "app", get), "ada");
    await told(system, "app", ["secret", "put", "tenants/acme/db", "user=eve"], 3);
    await told(system, "operator", ["policy", "list"], 3);
  });
  await t.step("a second Bootstrap changes nothing", async () => {
    const again = await system.run("bootstrap", ["bootstrap", "-init"]);
    assert.match(again.stdout, /already bootstrapped, nothing was changed/);
  });
  await t.step("each process has the identity of its entry", () => {
    for (const name of ["nexus", ...KEEPERS] as const) {
      const line = system.child(name).lines.find((text) => text.includes('"event":"listening"'));
      assert.ok(line?.includes(`"id":"spiffe://spike.ist${IDENTITIES[name]}"`), line);
    }
  });
});

Deno.test("what dies comes back by itself", async (t) => {
  await using system = await System.start();
  await told(system, "superuser", ["secret", "put", "a/b", "k=v"]);
  await t.step("Nexus, killed", async () => {
    await system.stop("nexus", "SIGKILL");
    const nexus = await system.startRole("nexus");
    await nexus.until(/"event":"root_key_rebuilt"/);
    assert.equal(await told(system, "superuser", ["secret", "get", "a/b", "k"]), "v");
  });
  await t.step("a keeper, killed: Nexus gives it its shard again", async () => {
    await system.stop("keeper-2", "SIGKILL");
    const nexus = system.child("nexus");
    await nexus.until(/"event":"keeper_unreachable","fields":\{"keeper":2/);
    const from = nexus.lines.length;
    const keeper = await system.startRole("keeper-2");
    await keeper.until(/"event":"shard_taken"/);
    await nexus.until(/"event":"keeper_ok","fields":\{"keeper":2/, from);
  });
  await t.step("the agent: everything goes on without it, and takes it up again", async () => {
    await system.spire.stopAgent();
    await system.stop("keeper-1", "SIGKILL");
    // Who is there keeps its identity; a process that starts now waits for one.
    const keeper = await system.startChild("keeper-1", ["keeper", "--exit-with-stdin"], {
      SPIKE_KEEPER_TLS_PORT: new URL(system.keeperUrl(1)).host,
      SPIKE_SPIFFE_SOURCE_TIMEOUT: "60s",
    });
    await keeper.until(/"event":"identity_awaited"/);
    await system.spire.startAgent();
    await keeper.until(/"event":"shard_taken"/);
    assert.equal(await told(system, "superuser", ["secret", "get", "a/b", "k"]), "v");
  });
});

/** A client in this process, with an identity of this SPIRE; each `ask` is a request. */
async function openClient(system: System) {
  const path = IDENTITIES.superuser;
  await system.spire.register({ path, executable: Deno.execPath(), ttlSeconds: SHORT_S });
  const source = openSource({ endpointSocket: system.spire.endpoint }, () => {});
  await source.ready(30_000);
  const transport = createMtlsClient({
    source,
    isExpectedPeer: (id) => hasRole(id, "nexus", DEFAULT_TRUST_ROOTS),
    peerName: "Nexus",
  });
  const client = createClient({ transport, nexusUrl: system.nexusUrl });
  return {
    client,
    source,
    [Symbol.asyncDispose]: async () => {
      await transport.close();
      await source.close();
    },
  };
}

/** Life of certificates where they are to be renewed: the agent does so at half of it. */
const SHORT_S = 20;
/** Renewals of the client's own certificate to be seen. */
const RENEWALS = 4;

Deno.test("certificates and the authority are renewed under load, and no request fails", async () => {
  const short = { nexus: SHORT_S, "keeper-1": SHORT_S, "keeper-2": SHORT_S, "keeper-3": SHORT_S };
  await using system = await System.start({
    ttlSeconds: short,
    env: { SPIKE_NEXUS_KEEPER_UPDATE_INTERVAL: "1s" },
  });
  await told(system, "superuser", ["secret", "put", "a/b", "k=v"]);
  await using opened = await openClient(system);
  const { client, source } = opened;
  const from = system.child("nexus").lines.length;
  let renewals = 0;
  let hasRotated = false;
  const stop = source.subscribe(() => {
    renewals++;
    if (hasRotated || renewals < 2) return;
    hasRotated = true;
    void system.spire.rotateAuthority();
  });
  let requests = 0;
  const work = async () => {
    while (renewals < RENEWALS) {
      assert.equal((await client.getSecret("a/b"))?.["k"], "v");
      requests++;
    }
  };
  await Promise.all([work(), work(), work()]);
  stop();
  assert.ok(hasRotated, "the authority was renewed, too");
  console.log(`${requests} requests over ${renewals} renewals, none failed`);
  const since = system.child("nexus").lines.slice(from);
  assert.deepEqual(since.filter((line) => /"level":"(warn|error)"/.test(line)), []);
});

/** Resolves when a command ends as wanted; each try is a process, so this waits without a clock. */
async function eventually(
  system: System,
  args: readonly string[],
  isWanted: (code: number) => boolean,
): Promise<string> {
  for (let tries = 0; tries < 120; tries++) {
    const ran = await system.run("superuser", args, { env: { SPIKE_SPIFFE_SOURCE_TIMEOUT: "2s" } });
    if (isWanted(ran.code)) return ran.stderr + ran.stdout;
  }
  throw new Error(`spike ${args.join(" ")} never ended as wanted`);
}

Deno.test("an entry that is withdrawn takes the identity along, and brings it back", async (t) => {
  await using system = await System.start();
  const get = ["secret", "get", "a/b", "k"];
  await told(system, "superuser", ["secret", "put", "a/b", "k=v"]);
  await t.step("a caller's: it has no identity", async () => {
    await system.withdraw("superuser");
    await eventually(system, get, (code) => code !== 0);
    await system.register("superuser");
    await eventually(system, get, (code) => code === 0);
  });
  await t.step("that of Nexus: no new connection", async () => {
    const nexus: Child = system.child("nexus");
    const from = nexus.lines.length;
    await system.withdraw("nexus");
    await nexus.until(/no identity issued/, from);
    // A client sees an end of the connection: before its handshake is over, or, with TLS 1.3, right after it.
    await eventually(system, get, (code) => code === 6 || code === 3);
    await system.register("nexus");
    await eventually(system, get, (code) => code === 0);
  });
});
