/** Probes and metrics of running servers, and of one whose thread hangs. */
import assert from "node:assert/strict";
import { serveHealth } from "../../lib/process/health_server.ts";
import { configureLogging, createLogger } from "../../lib/telemetry/mod.ts";
import { DevSystem, spike, temporaryDirectory } from "./harness.ts";

async function probe(url: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
}

function healthOf({ dir }: DevSystem): Record<string, string> {
  return JSON.parse(Deno.readTextFileSync(`${dir}/supervisor.json`)).health;
}

Deno.test("a running system is looked at from outside", async (t) => {
  await using dir = await temporaryDirectory();
  await using system = await DevSystem.start(dir.path);
  await t.step(
    "it tells its health and counts its requests, and names nobody and nothing",
    () => tellsItsHealth(system),
  );
  await t.step(
    "doctor finds nothing wrong, then names what is, and what is missing where nothing is there",
    () => isExamined(system),
  );
});

async function tellsItsHealth(system: DevSystem): Promise<void> {
  const urls = healthOf(system);
  assert.deepEqual(Object.keys(urls), ["nexus", "keeper-1", "keeper-2", "keeper-3"]);
  assert.equal((await system.spike(["secret", "put", "tenants/acme/db", "pass=hunter2"])).code, 0);
  assert.equal((await system.spike(["secret", "get", "tenants/none"])).code, 4);
  for (const url of Object.values(urls)) {
    assert.deepEqual(await probe(`${url}/livez`), {
      status: 200,
      text: '{"status":"alive","failing":[],"warning":[]}\n',
    });
    const { status, text } = await probe(`${url}/readyz`);
    assert.equal(status, 200, text);
  }
  const { text } = await probe(`${urls["nexus"]}/metrics`);
  assert.match(text, /^spike_requests_total\{operation="secret.put",status="200"\} 1$/m);
  assert.match(text, /^spike_requests_total\{operation="secret.get",status="404"\} 1$/m);
  assert.match(text, /^spike_request_seconds_count\{operation="secret.put"\} 1$/m);
  assert.match(text, /^spike_nexus_state\{state="ready"\} 1$/m);
  assert.match(text, /^spike_svid_remaining_seconds 3[45]\d\d/m);
  assert.match(text, /^spike_keeper_state\{keeper="2",state="(ok|unknown)"\} 1$/m);
  assert.match(text, /^spike_event_loop_lag_seconds_count\{thread="core"\} \d+$/m);
  const keeper = (await probe(`${urls["keeper-1"]}/metrics`)).text;
  assert.match(keeper, /^spike_keeper_shards\{slot="current"\} 1$/m);
  assert.match(keeper, /^spike_requests_total\{operation="keeper.contribute",status="200"\} \d/m);
  assert.doesNotMatch(text + keeper, /tenants|acme|hunter2|spiffe:|127\.0|spike\.ist/);
}

async function isExamined(system: DevSystem): Promise<void> {
  const examine = async (env: Record<string, string> = {}) => {
    const { code, stdout } = await system.spike(["doctor", "-f", "json"], { env });
    const findings = JSON.parse(stdout) as { check: string; level: string; detail: string }[];
    return { code, levels: new Map(findings.map(({ check, level }) => [check, level])), findings };
  };
  const good = await examine();
  const [nexus, bootstrap] = ["nexus", "bootstrap"].map((name) => `spike.ist/spike/${name}`);
  const failed = good.findings.filter(({ level }) => level === "failure");
  assert.deepEqual([good.code, failed], [0, []]);
  const status = await system.spike(["status", "-v", "-f", "json"]);
  const { peers } = JSON.parse(status.stdout) as { peers: Record<string, string>[] };
  const told = (id: string) => peers.find((peer) => peer["id"] === `spiffe://${id}`);
  assert.equal(told(`${bootstrap}`)?.["protocol"], "TLSv1.3");
  assert.equal(told("spike.ist/spike/keeper/3")?.["side"], "made");
  assert.equal(told(`${nexus}`), undefined);
  await system.dev("kill", "nexus");
  const without = await examine();
  assert.equal(without.code, 1);
  assert.equal(without.levels.get("svid"), "ok");
  assert.equal(without.levels.get("nexus"), "failure");
  assert.equal(without.levels.get("keepers"), "warning");
  const nothing = await examine({ SPIFFE_ENDPOINT_SOCKET: `unix://${system.dir}/none` });
  assert.deepEqual([nothing.code, nothing.levels.get("socket")], [1, "failure"]);
  const settings = await examine({
    SPIKE_TRUST_ROOT: "",
    SPIKE_NEXUS_URL: "http://x",
    SPIKE_NEXUS_API_URL: "",
  });
  assert.deepEqual([...settings.levels], [["settings", "failure"]]);
}

Deno.test("a Nexus that waits for its identity answers probes, and says what it lacks", async () => {
  await using dir = await temporaryDirectory();
  const port = freePort();
  const nexus = spike(["nexus", "--health-addr", String(port), "--spiffe-source-timeout", "4s"], {
    env: {
      SPIFFE_ENDPOINT_SOCKET: `unix://${dir.path}/none.sock`,
      SPIKE_DATA_DIR: `${dir.path}/data`,
      SPIKE_NEXUS_TLS_PORT: "127.0.0.1:0",
      SPIKE_NEXUS_BACKEND_STORE: "memory",
    },
  });
  const answer = await untilAnswered(`http://127.0.0.1:${port}/readyz`, nexus);
  assert.equal(answer.status, 503);
  const { failing } = JSON.parse(answer.text);
  assert(failing.includes("starting"), answer.text);
  assert.equal((await nexus).code, 6);
});

Deno.test("a taken default address is done without, a taken address that was set is refused", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  const lines: string[] = [];
  configureLogging({ level: "info", sink: (line) => lines.push(line) });
  const log = createLogger("keeper");
  await serveHealth({ host: "127.0.0.1", port, isDefault: true }, log);
  assert.match(lines.join(), /"event":"health_listener_missing".*EADDRINUSE/);
  const set = await spike([
    "keeper",
    "--health-addr",
    String(port),
    "--keeper-listen",
    "127.0.0.1:0",
  ]);
  assert.equal(set.code, 1);
  assert.match(
    set.stderr,
    /Cannot answer health probes on 127\.0\.0\.1:\d+: EADDRINUSE\nHint: .*off/,
  );
});

/** A port that was free a moment ago. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function untilAnswered(url: string, process: Promise<{ stderr: string }>) {
  let isOver = false;
  const over = process.then(({ stderr }) => {
    isOver = true;
    return stderr;
  });
  while (!isOver) {
    try {
      const answer = await probe(url);
      if (answer.status === 503) return answer;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
  throw new Error(`It ended without an answer: ${await over}`);
}
