/** How servers begin and end as processes: what they refuse to start on, what a signal finishes, what holds a lock. */
import assert from "node:assert/strict";
import { requestBytes, Wire } from "../contract/wire.ts";
import { DevSystem, spike, temporaryDirectory } from "../e2e/harness.ts";
import { identityFiles, ServerProcess } from "./server_process.ts";

/** A development system whose Nexus was stopped, to be started by hand on the same data and port. */
async function stage(tmp: string, workers = "2") {
  const system = await DevSystem.start(`${tmp}/d`);
  assert.equal((await system.spike(["secret", "put", "a/b", "k=v"])).code, 0);
  await system.dev("kill", "nexus");
  const [port = 0, ...keepers] = system.ports;
  const env = {
    ...await identityFiles(system, "spike/nexus", `${tmp}/n`),
    SPIKE_NEXUS_KEEPER_PEERS: keepers.map((each) => `https://127.0.0.1:${each}`).join(","),
    SPIKE_NEXUS_TLS_PORT: `127.0.0.1:${port}`,
    SPIKE_NEXUS_WORKERS: workers,
    SPIKE_DATA_DIR: `${tmp}/d/data`,
    SPIKE_HEALTH_ADDR: "off",
    SPIKE_SYSTEM_LOG_LEVEL: "info",
  };
  const get = async () => (await system.spike(["secret", "get", "a/b", "k"])).stdout.trim();
  return { system, port, env, get, [Symbol.asyncDispose]: () => system[Symbol.asyncDispose]() };
}

/** Resolves when a Nexus has its key and all its listeners. */
async function ready(nexus: ServerProcess): Promise<void> {
  await nexus.until(/"event":"listening"/);
  await nexus.until(/"event":"root_key_rebuilt"/);
}

async function operator(system: DevSystem, out: string) {
  const files = await identityFiles(system, "spike/pilot/role/superuser", out);
  return {
    certificates: await Deno.readTextFile(files["SPIKE_SVID_FILE"] ?? ""),
    privateKey: await Deno.readTextFile(files["SPIKE_SVID_KEY_FILE"] ?? ""),
    bundle: "",
  };
}

const PUT = requestBytes({
  target: "/v1/store/secrets",
  body: JSON.stringify({ path: "late/put", values: { k: "v" } }),
});
const STREAM = "POST /v1/cipher/encrypt HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n" +
  "content-type: application/vnd.spike.stream\r\n\r\n";

for (const workers of ["0", "2"]) {
  Deno.test(`SIGTERM ends Nexus with 0 after it has answered what was asked, with ${workers} request workers`, async () => {
    await using tmp = await temporaryDirectory();
    await using stand = await stage(tmp.path, workers);
    await using nexus = new ServerProcess("nexus", { env: stand.env });
    await ready(nexus);
    const identity = await operator(stand.system, `${tmp.path}/s`);
    using wire = await Wire.open(stand.port, identity);
    using stream = await Wire.open(stand.port, identity);
    using idle = await Wire.open(stand.port, identity);
    // Both have arrived once a request on a third connection of the same thread was answered; with several threads,
    // once they have all taken what lies in their sockets.
    wire.write(PUT.subarray(0, PUT.length - 5));
    stream.write(`${STREAM}5\r\nhello\r\n`);
    assert.equal(await stand.get(), "v");
    assert.equal(await stand.get(), "v");
    nexus.kill("SIGTERM");
    await idle.ended();
    wire.write(PUT.subarray(PUT.length - 5));
    assert.equal((await wire.answer()).status, 200);
    await wire.ended();
    await stream.ended();
    const { code, signal } = await nexus.ended();
    assert.deepEqual([code, signal], [0, null], nexus.told);
    assert.doesNotMatch(nexus.told, /crashed|"level":"error"/);

    await using again = new ServerProcess("nexus", { env: stand.env });
    await ready(again);
    const late = await stand.system.spike(["secret", "get", "late/put", "k"]);
    assert.equal(late.stdout.trim(), "v");
  });
}

Deno.test("a second signal ends Nexus at once", async () => {
  await using tmp = await temporaryDirectory();
  await using stand = await stage(tmp.path);
  await using nexus = new ServerProcess("nexus", { env: stand.env });
  await ready(nexus);
  const identity = await operator(stand.system, `${tmp.path}/s`);
  using wire = await Wire.open(stand.port, identity);
  using idle = await Wire.open(stand.port, identity);
  wire.write(PUT.subarray(0, PUT.length - 5));
  assert.equal(await stand.get(), "v");
  nexus.kill("SIGTERM");
  await idle.ended();
  nexus.kill("SIGINT");
  assert.equal((await nexus.ended()).code, 130);
});

Deno.test("SIGTERM ends keepers and a Nexus that still waits for its identity or its key with 0", async () => {
  await using tmp = await temporaryDirectory();
  await using stand = await stage(tmp.path);
  const files = await identityFiles(stand.system, "spike/keeper/1", `${tmp.path}/k`);
  const own = { SPIKE_KEEPER_TLS_PORT: `127.0.0.1:${stand.port + 8}`, SPIKE_HEALTH_ADDR: "off" };
  const env = { ...own, SPIKE_SYSTEM_LOG_LEVEL: "info" };
  await using keeper = new ServerProcess("keeper", { env: { ...env, ...files } });
  await keeper.until(/"event":"listening"/);
  await using waiting = new ServerProcess("keeper", {
    env: { ...env, SPIFFE_ENDPOINT_SOCKET: `unix://${tmp.path}/none.sock` },
  });
  await waiting.until(/"event":"identity_awaited"/);
  const nobody = [10, 11, 12].map((i) => `https://127.0.0.1:${stand.port + i}`).join(",");
  await using keyless = new ServerProcess("nexus", {
    env: { ...stand.env, SPIKE_NEXUS_KEEPER_PEERS: nobody },
  });
  await keyless.until(/"event":"listening"|Error/);
  for (const one of [keeper, waiting, keyless]) {
    one.kill("SIGTERM");
    assert.deepEqual({ ...await one.ended(), ms: 0 }, { code: 0, signal: null, ms: 0 }, one.told);
  }
});

Deno.test("a data directory has one Nexus, and after kill -9 the next one gets it", async () => {
  await using tmp = await temporaryDirectory();
  await using stand = await stage(tmp.path);
  await using first = new ServerProcess("nexus", { env: stand.env });
  await ready(first);
  const elsewhere = { ...stand.env, SPIKE_NEXUS_TLS_PORT: `127.0.0.1:${stand.port + 8}` };
  for (let i = 0; i < 2; i++) {
    const second = await spike(["nexus"], { env: elsewhere });
    assert.equal(second.code, 2, second.stderr);
    assert.match(second.stderr, /Another process has locked data directory/);
  }
  assert.equal(await stand.get(), "v", "the first was not disturbed");
  first.kill("SIGKILL");
  assert.equal((await first.ended()).signal, "SIGKILL");
  await using next = new ServerProcess("nexus", { env: stand.env });
  await ready(next);
  assert.equal(await stand.get(), "v");
});

Deno.test("a Nexus does not start on files that others can change, and tells of those they can read", async () => {
  await using tmp = await temporaryDirectory();
  await using stand = await stage(tmp.path);
  const data = stand.env.SPIKE_DATA_DIR;
  const key = `${tmp.path}/n/key.pem`;
  const refused = async (path: string, mode: number, command: string) => {
    const before = (await Deno.stat(path)).mode ?? 0;
    await Deno.chmod(path, mode);
    const ran = await spike(["nexus"], { env: stand.env });
    await Deno.chmod(path, before & 0o777);
    assert.equal(ran.code, 1, ran.stderr);
    assert.ok(ran.stderr.includes(`Hint: ${command} ${path}\n`), ran.stderr);
  };
  await refused(data, 0o777, "chmod go-w");
  await refused(key, 0o644, "chmod 0600");
  await Deno.writeTextFile(`${data}/spike.db.old`, "x");
  await Deno.chmod(`${data}/spike.db.old`, 0o644);
  await Deno.chmod(data, 0o755);
  await using nexus = new ServerProcess("nexus", { env: stand.env });
  await ready(nexus);
  const told = nexus.told.split("\n").filter((line) => line.includes("file_open_to_others"))
    .map((line) => JSON.parse(line).fields);
  assert.deepEqual(told, [
    { path: data, mode: "0755", hint: `chmod go-rwx ${data}` },
    { path: `${data}/spike.db.old`, mode: "0644", hint: `chmod go-rwx ${data}/spike.db.old` },
  ]);
});
