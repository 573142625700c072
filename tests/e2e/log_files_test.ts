/** Files that others move or cut while real processes write to them, and the signal that comes after. */
import assert from "node:assert/strict";
import { DevSystem, temporaryDirectory, WORKERS } from "./harness.ts";

/** Sends a signal to the supervisor of a system, which passes it on. */
async function hangUp(system: DevSystem): Promise<void> {
  const { pid } = JSON.parse(await Deno.readTextFile(`${system.dir}/supervisor.json`));
  Deno.kill(pid, "SIGHUP");
}

function recordsIn(text: string): number[] {
  return text.trimEnd().split("\n").map((line) => JSON.parse(line).n);
}

Deno.test(`a sink is rotated with a signal, which ends no server, on ${WORKERS} workers`, async () => {
  await using tmp = await temporaryDirectory();
  const sink = `${tmp.path}/audit.jsonl`;
  await using system = await DevSystem.start(`${tmp.path}/d`, {
    args: ["--workers", `${WORKERS}`],
    env: { SPIKE_NEXUS_AUDIT_SINKS: `file:${sink}` },
  });
  const { stdout: processes } = await system.dev("status");
  assert.equal((await system.spike(["secret", "put", "a", "k=1"])).code, 0);
  await Deno.rename(sink, `${sink}.1`);
  await hangUp(system);
  await system.logged("nexus", /"event":"sinks_reopened","fields":\{"sinks":1\}/);
  assert.equal((await system.spike(["secret", "put", "a", "k=2"])).code, 0);
  const [before, after] = [`${sink}.1`, sink].map((path) => recordsIn(Deno.readTextFileSync(path)));
  assert.ok(before && after && before.length > 0 && after.length > 0);
  // No record is lost or comes twice.
  assert.equal((before.at(-1) ?? 0) + 1, after[0]);
  assert.equal(((await Deno.stat(sink)).mode ?? 0) & 0o777, 0o600);
  assert.equal((await system.dev("status")).stdout, processes);
});

Deno.test("an audit log that is truncated or renamed under Nexus is told to probes, status and log", async () => {
  await using tmp = await temporaryDirectory();
  await using system = await DevSystem.start(`${tmp.path}/d`);
  const logs = `${system.dir}/data/audit`;
  const name = (await Deno.readTextFile(`${logs}/current`)).trim();
  const file = `${name}/000000000000.log`;
  const { health } = JSON.parse(await Deno.readTextFile(`${system.dir}/supervisor.json`));
  const warnings = async () => (await (await fetch(`${health.nexus}/readyz`)).json()).warning;
  assert.ok(!JSON.stringify(await warnings() ?? []).includes("audit_log_changed"));
  await Deno.truncate(`${logs}/${file}`, 100);
  // Without a signal: this waits for the next look.
  const told = `"event":"audit_log_changed","fields":\\{"log":"${name}","file":"${file}","change":`;
  await system.logged("nexus", new RegExp(`${told}"truncated"`));
  assert.match(JSON.stringify(await warnings()), /audit_log_changed/);
  const status = await system.spike(["status"]);
  assert.match(status.stdout, new RegExp(`^Audit   : WARNING: file ${file} .*truncated`, "m"));
  await Deno.rename(`${logs}/${file}`, `${logs}/${file}.1`);
  await hangUp(system);
  await system.logged("nexus", new RegExp(`${told}"removed"`));
  assert.deepEqual(JSON.parse((await system.spike(["status", "-f", "json"])).stdout).changedLogs, [
    { log: name, file, change: "removed" },
  ]);
});
