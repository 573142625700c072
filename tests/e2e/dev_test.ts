/** `spike dev` as a person uses it: real processes, killed in every way, and what is left afterwards. */
import assert from "node:assert/strict";
import { request } from "node:https";
import { openWorkloadSource, parseEndpoint } from "../../lib/workload_api/mod.ts";
import {
  DevSystem,
  isListening,
  spike,
  temporaryDirectory,
  watchPort,
  WORKERS,
} from "./harness.ts";

const PATH = "tenants/acme/db";

async function put(system: DevSystem, value: string): Promise<void> {
  const { code, stderr } = await system.spike(["secret", "put", PATH, "pass=-"], { stdin: value });
  assert.equal(code, 0, stderr);
}

async function get(system: DevSystem): Promise<unknown> {
  const { code, stdout, stderr } = await system.spike(["secret", "get", PATH, "-f", "json"]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

Deno.test(`a killed Nexus with ${WORKERS} workers heals itself, and killed keepers get their shards back`, async () => {
  await using home = await temporaryDirectory();
  await using system = await DevSystem.start(home.path, { args: ["--workers", `${WORKERS}`] });
  await put(system, "s3cr3t");

  assert.equal((await system.dev("kill", "nexus")).code, 0);
  const down = await system.spike(["secret", "get", PATH]);
  assert.equal(down.code, 6, down.stderr);
  assert.equal((await system.dev("start", "nexus")).code, 0);
  assert.deepEqual(await get(system), { pass: "s3cr3t" });

  for (const name of ["keeper-1", "keeper-2"]) {
    assert.equal((await system.dev("kill", name)).code, 0);
    const { code, stderr } = await system.dev("start", name);
    assert.equal(code, 0, stderr);
  }
  // These two lost their shards when they were killed: only what Nexus gave back can rebuild the key now.
  await system.dev("kill", "keeper-3");
  await system.dev("kill", "nexus");
  assert.equal((await system.dev("start", "nexus")).code, 0);
  assert.deepEqual(await get(system), { pass: "s3cr3t" });
  assert.equal((await system.end("SIGINT")).code, 0);
});

Deno.test("Ctrl-C stops everything: no process, no socket and no misleading env file is left", async () => {
  await using home = await temporaryDirectory();
  await using system = await DevSystem.start(home.path);
  const { code, stdout } = await system.end("SIGINT");
  assert.equal(code, 0);
  assert.match(stdout, /spike secret put/);
  for (const port of system.ports) assert.equal(await isListening(port), false, `port ${port}`);
  for (const name of ["env", "run", "supervisor.json"]) {
    assert.equal(await exists(`${home.path}/${name}`), false, name);
  }
  const late = await system.dev("kill", "nexus");
  assert.equal(late.code, 6);
  assert.match(late.stderr, /No development system runs in/);
});

Deno.test("a killed supervisor takes its processes along, and the next start says that the key is lost", async () => {
  await using home = await temporaryDirectory();
  const first = await DevSystem.start(home.path);
  const { ports } = first;
  const watched = await Promise.all(ports.map(watchPort));
  assert.equal((await first.end("SIGKILL")).signal, "SIGKILL");
  await Promise.all(watched.map(({ ended }) => ended));

  const refused = await spike(["dev", "--dir", home.path]);
  assert.equal(refused.code, 6);
  assert.match(refused.stderr, /root key is lost/);
  assert.match(refused.stderr, /--reset.*--dir/);
  assert.ok(await exists(`${home.path}/data/spike.db`), "nothing was deleted");
  assert.equal(await exists(`${home.path}/env`), false, "the dead system's env file is gone");

  await using again = await DevSystem.start(home.path, { args: ["--reset"] });
  assert.ok(again.told.some((line) => line.startsWith("Discarded ")));
  assert.deepEqual(again.ports, ports);
  await put(again, "new");
});

Deno.test("--keep restores the key at the next start, on the same ports", async () => {
  await using home = await temporaryDirectory();
  const first = await DevSystem.start(home.path, { args: ["--keep"] });
  const { ports } = first;
  await put(first, "kept");
  assert.ok(first.told.some((line) => line.startsWith("WARNING: ")));
  const { mode } = await Deno.stat(`${home.path}/recovery-shards.txt`);
  assert.equal((mode ?? 0) & 0o777, 0o600);
  await first.end("SIGTERM");

  await using second = await DevSystem.start(home.path);
  assert.deepEqual(second.ports, ports);
  assert.deepEqual(await get(second), { pass: "kept" });
});

Deno.test("one directory has one supervisor, and another system beside it has its own ports", async () => {
  await using home = await temporaryDirectory();
  const long = `${home.path}/it's a rather long directory ${"x".repeat(120)}`;
  const [one, other] = await Promise.all([
    DevSystem.start(`${home.path}/one`),
    DevSystem.start(long),
  ]);
  await using _one = one;
  await using _other = other;
  assert.equal(one.ports.some((port) => other.ports.includes(port)), false);
  await put(one, "first");
  await put(other, "second");
  assert.deepEqual(await get(one), { pass: "first" });
  assert.deepEqual(await get(other), { pass: "second" });

  const second = await spike(["dev", "--dir", one.dir]);
  assert.equal(second.code, 5);
  assert.match(second.stderr, /already runs in/);
  assert.deepEqual(await get(one), { pass: "first" });
});

Deno.test("kill and start say what they cannot do", async () => {
  await using home = await temporaryDirectory();
  await using system = await DevSystem.start(home.path);
  const running = await system.dev("start", "nexus");
  assert.equal(running.code, 5);
  assert.match(running.stderr, /nexus is already running/);
  const unknown = await system.dev("kill", "postgres");
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /"postgres".*nexus, keeper-1/);

  for (const name of ["keeper-1", "keeper-2", "nexus"]) await system.dev("kill", name);
  const waiting = await system.dev("start", "nexus", "--timeout", "4s");
  assert.equal(waiting.code, 6);
  assert.match(waiting.stderr, /Nexus is waiting.*keeper-1 unreachable/);
});

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Asks for the secret with the files that `spike dev svid` wrote, as any HTTPS client could. */
async function getWith(system: DevSystem, files: string): Promise<Answer> {
  const read = (name: string) => Deno.readTextFile(`${files}/${name}`);
  const [cert, key, ca] = await Promise.all(["svid.pem", "key.pem", "bundle.pem"].map(read));
  const url = `${system.env["SPIKE_NEXUS_URL"]}/v1/store/secrets?action=get`;
  return await new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: "POST",
      agent: false,
      ...(cert !== undefined && key !== undefined && ca !== undefined ? { cert, key, ca } : {}),
      // SVIDs name no host; the chain itself is still checked against the bundle.
      checkServerIdentity: () => undefined,
    }, (answer) => {
      const chunks: Uint8Array[] = [];
      answer.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const body = chunks.map((chunk) => new TextDecoder().decode(chunk)).join("");
        resolve({ status: answer.statusCode ?? 0, body });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(JSON.stringify({ path: PATH }));
  });
}

Deno.test("SVIDs of any ID can be tried with any client, and a socket serves any identity", async () => {
  await using home = await temporaryDirectory();
  await using system = await DevSystem.start(`${home.path}/dev`);
  await put(system, "s3cr3t");
  const svid = async (id: string, ...more: string[]) => {
    const out = await Deno.makeTempDir({ dir: home.path });
    const { code, stderr } = await system.dev("svid", "--id", id, "--out", out, ...more);
    assert.equal(code, 0, stderr);
    return out;
  };
  const superuser = "spiffe://spike.ist/spike/pilot/role/superuser";

  const ours = await getWith(system, await svid(superuser, "--ttl", "1m"));
  assert.equal(ours.status, 200);
  assert.deepEqual(JSON.parse(ours.body).data, { pass: "s3cr3t" });

  const foreign = await svid("spiffe://other.test/app/web", "--trust-domain", "other.test");
  assert.equal((await getWith(system, foreign)).status, 401);

  const forged = await svid(superuser, "--trust-domain", "other.test");
  await assert.rejects(getWith(system, forged));

  const { stdout } = await system.dev("socket", "--id", "spiffe://other.test/app/db");
  const source = openWorkloadSource(parseEndpoint(stdout.trim()));
  const { svid: received, bundles } = await source.ready(10_000);
  await source.close();
  assert.equal(received.id, "spiffe://other.test/app/db");
  assert.deepEqual([...bundles.keys()].sort(), ["other.test", "spike.ist"]);

  const bad = await system.dev("svid", "--id", "http://spike.ist/x", "--out", home.path);
  assert.equal(bad.code, 1);
});
