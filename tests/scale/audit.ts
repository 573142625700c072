/**
 * Measures the audit log in time on a processor: what a record costs, and what it takes to verify many. Prints JSON.
 * `deno run -A tests/scale/audit.ts [records]`
 */
import process from "node:process";
import {
  AuditLog,
  feedLog,
  LogVerifier,
  macUnder,
  nativeHash,
  nativeVerifier,
  signerOf,
} from "../../lib/audit/mod.ts";
import type { AuditEntry } from "../../lib/audit/mod.ts";

const RECORDS = Number(Deno.args[0] ?? 1_000_000);
const GROUP = 64;

const { sign, publicKey } = signerOf(new Uint8Array(32).fill(7));
const mac = macUnder(new Uint8Array(32).fill(8));
const directory = await Deno.makeTempDir({ prefix: "audit-scale-" });

function entry(i: number): AuditEntry {
  return {
    kind: "request",
    entry: {
      correlation: crypto.randomUUID(),
      server: "nexus",
      caller: {
        id: `spiffe://example.org/workload/${i % 97}` as never,
        trustDomain: "example.org" as never,
        serial: "5df0e52b36137ce960e41ecd1dc8479b",
      },
      operation: "secret.get",
      subject: { path: `tenants/${i % 1009}/db`, version: 3 },
      grant: { by: "policy", name: "tenants" },
      status: 200,
      timeMs: Date.now(),
      durationUs: 417,
    },
  };
}

async function write(syncMs: number, count: number, group: number): Promise<number> {
  const options = { directory, syncMs, clock: Date.now, random: randomBytes };
  const log = AuditLog.open(options);
  log.succeed();
  log.useKeys({ sign, publicKey, mac, cover: (_kind, text) => text });
  const before = cpuMs();
  for (let i = 0; i < count; i += group) {
    await Promise.all(
      Array.from({ length: Math.min(group, count - i) }, (_, k) => log.record(entry(i + k))),
    );
  }
  const ms = cpuMs() - before;
  name = log.name;
  await log.close();
  return ms;
}

/** Time on a processor, so that what else the machine does is left out. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

let name = "";
try {
  const alone = await write(1000, 5_000, 1);
  const strict = await write(0, 500, 1);
  const grouped = await write(1000, RECORDS, GROUP);
  let bytes = 0;
  for (const { name: file } of Deno.readDirSync(`${directory}/${name}`)) {
    bytes += Deno.statSync(`${directory}/${name}/${file}`).size;
  }
  const key = { log: name, publicKey };
  const verifier = new LogVerifier({ key, hash: nativeHash, verify: nativeVerifier() });
  const before = cpuMs();
  await feedLog(verifier, directory, name);
  const { size, findings, checkpoints } = verifier.end();
  const verifyMs = cpuMs() - before;
  console.log(JSON.stringify(
    {
      usAlone: Math.round(alone / 5),
      usStrict: Math.round(strict * 2),
      usGrouped: Math.round(grouped * 1000 / RECORDS),
      records: size,
      bytesPerRecord: Math.round(bytes / size),
      checkpoints,
      findings: findings.length,
      verifySeconds: Math.round(verifyMs / 100) / 10,
    },
    undefined,
    2,
  ));
} finally {
  await Deno.remove(directory, { recursive: true });
}
