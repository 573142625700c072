/**
 * A whole system under load whose identities live for seconds, and whose authority is replaced again and again:
 * `deno task test:soak [--seconds N] [--callers N] [--svid-ttl TIME]`. No request may fail. Ends by itself.
 */
import { parseArgs } from "node:util";
import { DevSystem, temporaryDirectory } from "../e2e/harness.ts";
import { Load } from "../e2e/load.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "180" },
    callers: { type: "string", default: "8" },
    "svid-ttl": { type: "string", default: "10s" },
  },
});
const seconds = positive("seconds");
const callers = positive("callers");
/** Between two steps of a replacement; longer than half of the life of an SVID. */
const STEP_S = 8;

await using tmp = await temporaryDirectory();
await using system = await DevSystem.start(`${tmp.path}/d`, {
  args: ["--svid-ttl", values["svid-ttl"], "--workers", "2"],
});
await using load = await Load.start(system, callers);
const seen = { svids: 1, authorities: 0 };
let latest = load.source.current().svid;
const stopCounting = load.source.subscribe(() => {
  const { svid } = load.source.current();
  if (svid.notAfterMs !== latest.notAfterMs) seen.svids++;
  latest = svid;
});

const endMs = performance.now() + seconds * 1000;
while (performance.now() < endMs && load.failures.length === 0) {
  for (const action of ["prepare", "rotate", "retire"]) {
    await pause(STEP_S);
    await dev(action);
  }
  seen.authorities++;
  console.log(
    `${load.requests} requests, ${seen.svids} SVIDs of the callers, ${seen.authorities} new ` +
      `authorities, slowest request ${
        load.slowestMs.toFixed(0)
      } ms, ${load.failures.length} failures`,
  );
}
stopCounting();
for (const failure of load.failures) console.log(failure);
if (load.failures.length > 0) {
  const lines = (await system.log("nexus")).split("\n");
  console.log(lines.filter((line) => /"warn"|"error"/.test(line)).slice(-20).join("\n"));
}
const isGood = load.failures.length === 0 && load.requests > 0 && seen.svids > 1;
console.log(isGood ? "ok: no request failed" : "FAILED");
Deno.exitCode = isGood ? 0 : 1;

async function dev(action: string): Promise<void> {
  console.log(`${new Date().toISOString()} authority ${action}`);
  const ran = await system.dev("authority", action);
  if (ran.code !== 0) load.failures.push(`authority ${action}: ${ran.stderr}`);
}

function pause(s: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, s * 1000));
}

function positive(name: "seconds" | "callers"): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`--${name} is ${JSON.stringify(values[name])}, expected a whole number above 0`);
  Deno.exit(1);
}
