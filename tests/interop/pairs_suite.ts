/**
 * Processes of ours beside stand-ins for those of SPIKE in Go, on a real SPIRE. The stand-ins are written on its SDK:
 * its messages, its server code and its sharing code.
 */
import assert from "node:assert/strict";
import { KEEPERS, type Server, System } from "../../scripts/spire/system.ts";
import { settle } from "./findings.ts";
import { buildPeer, FIPS, runPart } from "./peer.ts";

const P256 = { SPIKE_SHAMIR_SCHEME: "p256" };
const THEIR_KEEPERS = ["go-keeper-1", "go-keeper-2", "go-keeper-3"] as const;

/** Prepares a system without processes. */
async function prepare(env: Record<string, string> = {}): Promise<System> {
  return await System.prepare({ peer: await buildPeer(), env });
}

async function startAll(system: System, names: readonly Server[]): Promise<void> {
  await Promise.all(names.map((name) => system.startRole(name)));
}

/** Our Bootstrap, to its end. */
async function bootstrap(system: System): Promise<void> {
  const { code, stdout, stderr } = await system.run("bootstrap", ["bootstrap", "-init"]);
  assert.equal(code, 0, `${stdout}${stderr}`);
  assert.match(stdout, /Nexus holds the root key/);
}

/** A secret comes back after Nexus was killed and, if given, a keeper with it. */
async function survives(system: System, lost?: Server, otherwise?: Server): Promise<void> {
  const put = await system.run("superuser", ["secret", "put", "a/b", "k=v"]);
  assert.equal(put.code, 0, put.stderr);
  await system.stop("nexus", "SIGKILL");
  if (lost) await system.stop(lost, "SIGKILL");
  const nexus = await system.startRole("nexus");
  await nexus.until(/"event":"root_key_rebuilt"/);
  const get = await system.run("superuser", ["secret", "get", "a/b", "k"]);
  assert.equal(get.stdout.trim(), "v", get.stderr);
  if (otherwise) await system.startRole(otherwise);
}

/** One pairing: a test, and its row in the table. */
function pairing(call: string, checks: readonly string[], run: () => Promise<void>): void {
  Deno.test(`pair: ${call}`, async () => {
    await run();
    settle(call, checks.map((check) => ({ area: call, call, check, ok: true })));
  });
}

for (const scheme of ["gf256", "p256"]) {
  const isFips = scheme === "p256";
  pairing(
    `our Nexus and Bootstrap, stand-ins for keepers, scheme ${scheme}`,
    [
      "bootstrap and proof",
      "Nexus is killed and recovers from its keepers",
      "a keeper is lost with Nexus: the other two are enough",
      "a keeper that came back empty is given its shard",
      ...(isFips ? ["all of it with Go in FIPS mode"] : []),
    ],
    async () => {
      await using system = await prepare({ SPIKE_SHAMIR_SCHEME: scheme, ...(isFips ? FIPS : {}) });
      await startAll(system, [...THEIR_KEEPERS, "nexus"]);
      await bootstrap(system);
      await survives(system);
      await survives(system, "go-keeper-1", "go-keeper-1");
      await system.child("nexus").until(/"event":"keeper_ok","fields":\{"keeper":1/);
      await survives(system, "go-keeper-2");
    },
  );
}

pairing(
  "our Nexus and keepers, a stand-in for Bootstrap",
  [
    "every keeper takes its share",
    "Nexus answers the proof under the root key",
    "Nexus is killed and recovers",
  ],
  async () => {
    await using system = await prepare(P256);
    await startAll(system, [...KEEPERS, "nexus"]);
    await runPart(system, "go-superuser", "waiting");
    await runPart(system, "go-bootstrap", "bootstrap");
    await survives(system, "keeper-3", "keeper-3");
    await runPart(system, "go-bootstrap", "again");
    await survives(system);
  },
);

pairing(
  "our Bootstrap and keepers, a stand-in for Nexus",
  [
    "it combines the shards of our keepers",
    "it answers our Bootstrap's proof",
    "our Nexus recovers from the shares that it pushed",
  ],
  async () => {
    await using system = await prepare(P256);
    await startAll(system, [...KEEPERS, "go-nexus"]);
    await bootstrap(system);
    await system.child("go-nexus").until(/"event":"ready"/);
    await system.stop("go-nexus");
    // All n unstamped shares on one polynomial need no further proof.
    const nexus = await system.startRole("nexus");
    await nexus.until(/"event":"store_created"/);
    await survives(system);
  },
);

pairing(
  "our keepers with GF(256) shards, a stand-in for Nexus",
  ["it gets no shard, and so never combines a wrong key"],
  async () => {
    await using system = await prepare();
    await startAll(system, [...KEEPERS, "nexus"]);
    await bootstrap(system);
    await survives(system);
    await system.stop("nexus");
    const theirs = await system.startRole("go-nexus");
    for (const keeper of [1, 2, 3]) {
      await theirs.until(
        new RegExp(`"answer":"api_bad_request","event":"asked","keeper":"${keeper}"`),
      );
    }
    assert.ok(!theirs.lines.some((line) => /"answer":"shard"|"event":"ready"/.test(line)));
  },
);
