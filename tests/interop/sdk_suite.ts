/** The functions of SPIKE's Go SDK, each called against a Nexus of ours on a real SPIRE. */
import assert from "node:assert/strict";
import { KEEPERS, System } from "../../scripts/spire/system.ts";
import { buildPeer, FIPS, runPart } from "./peer.ts";

Deno.test("SDK: secrets, policies, encryption, recovery and restoration", async (t) => {
  await using system = await System.start({ peer: await buildPeer() });
  await t.step("the superuser's calls on secrets", async () => {
    await runPart(system, "go-superuser", "secrets");
  });
  await t.step("the superuser's calls on policies", async () => {
    await runPart(system, "go-superuser", "policies");
  });
  await t.step("the superuser's calls of the encryption service", async () => {
    await runPart(system, "go-superuser", "cipher");
  });
  await t.step("what policies grant a workload", async () => {
    await runPart(system, "go-app", "workload");
  });
  await t.step("what a lite workload may", async () => {
    await runPart(system, "go-lite", "lite");
  });
  await t.step("the same with Go in FIPS mode", async () => {
    await runPart(system, "go-lite", "lite", { env: FIPS });
  });
  const shards = await runPart(system, "go-recover", "recover");
  await t.step("a working key is not replaced", async () => {
    await runPart(system, "go-restore", "refused", { stdin: shards });
  });
  await t.step("all keepers and Nexus die, and people bring the key back", async () => {
    for (const name of [...KEEPERS, "nexus"] as const) await system.stop(name, "SIGKILL");
    for (const name of [...KEEPERS, "nexus"] as const) await system.startRole(name);
    await runPart(system, "go-restore", "restore", { stdin: shards });
    const read = await system.run("superuser", ["secret", "get", "tenants/acme/db/creds", "user"]);
    assert.equal(read.stdout.trim(), "b", read.stderr);
  });
});
