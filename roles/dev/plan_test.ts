import assert from "node:assert/strict";
import { loadSettings } from "../../lib/config/mod.ts";
import { layoutOf } from "./layout.ts";
import { endpoint, planProcesses, type ProcessPlan } from "./plan.ts";
import { portsFrom } from "./ports.ts";

const LAYOUT = layoutOf("/home/a/dev", "/tmp/spike-dev-1000");

function plansWith(env: Record<string, string>, workers?: number): Map<string, ProcessPlan> {
  const extra = workers === undefined ? {} : { workers };
  const plans = planProcesses({ layout: LAYOUT, ports: portsFrom(9000, 3), env, ...extra });
  return new Map(plans.map((plan) => [plan.name, plan]));
}

function envOf(plans: Map<string, ProcessPlan>, name: string): Readonly<Record<string, string>> {
  const plan = plans.get(name);
  assert.ok(plan, `there is no ${name}`);
  return plan.env;
}

Deno.test("five processes have an ID and a socket each, and end with their supervisor", () => {
  const plans = plansWith({});
  assert.deepEqual([...plans.keys()], ["nexus", "keeper-1", "keeper-2", "keeper-3", "bootstrap"]);
  assert.equal(plans.get("keeper-2")?.spiffeId, "spiffe://spike.ist/spike/keeper/2");
  assert.deepEqual(plans.get("keeper-2")?.args, ["keeper", "--exit-with-stdin"]);
  const sockets = [...plans.values()].map(({ env }) => env["SPIFFE_ENDPOINT_SOCKET"]);
  assert.equal(new Set(sockets).size, 5);
  assert.equal(sockets[0], endpoint(LAYOUT, "nexus"));
});

Deno.test("every role takes its environment as settings, and they fit together", () => {
  const plans = plansWith({}, 0);
  const nexus = loadSettings({ role: "nexus", env: envOf(plans, "nexus") });
  const keeper = loadSettings({ role: "keeper", env: envOf(plans, "keeper-3") });
  const bootstrap = loadSettings({ role: "bootstrap", env: envOf(plans, "bootstrap") });
  assert.deepEqual(nexus.listen, { host: "127.0.0.1", port: 9000 });
  assert.equal(nexus.workers, 0);
  assert.equal(nexus.dataDir, LAYOUT.data);
  assert.equal(nexus.threshold, 2);
  assert.equal(nexus.keeperPeers[2], `https://127.0.0.1:${keeper.listen.port}`);
  assert.deepEqual(bootstrap.keeperPeers, nexus.keeperPeers);
  assert.equal(bootstrap.nexusUrl, "https://127.0.0.1:9000");
});

Deno.test("what a shell has of another system does not leak into this one", () => {
  const plans = plansWith({
    SPIKE_TRUST_ROOT_NEXUS: "example.org",
    SPIKE_KEEPERS: "https://elsewhere:8554",
    SPIKE_SHAMIR_SHARES: "5",
    SPIKE_NEXUS_DATA_DIR: "/var/lib/spike",
    SPIKE_BOOTSTRAP_COMPLETED: "true",
    SPIKE_NEXUS_URL: "https://elsewhere:8553",
    SPIKE_BACKEND_STORE_TYPE: "memory",
    SPIKE_SVID_FILE: "/svid.pem",
  });
  const nexus = loadSettings({ role: "nexus", env: envOf(plans, "nexus") });
  assert.deepEqual(nexus.trustRoots.nexus, ["spike.ist"]);
  assert.equal(nexus.shares, 3);
  assert.equal(nexus.backend, "sqlite");
  assert.equal(nexus.svidFiles, undefined);
  const bootstrap = loadSettings({ role: "bootstrap", env: envOf(plans, "bootstrap") });
  assert.equal(bootstrap.completed, false);
  assert.equal(bootstrap.nexusUrl, "https://127.0.0.1:9000");
});

Deno.test("settings that do not concern the system's shape pass through", () => {
  const plans = plansWith({
    PATH: "/bin",
    SPIKE_NEXUS_MAX_SECRET_VERSIONS: "3",
    SPIKE_NEXUS_KEEPER_PROBE_INTERVAL: "9s",
    SPIKE_SYSTEM_LOG_LEVEL: "debug",
  });
  const env = envOf(plans, "nexus");
  assert.equal(env["PATH"], "/bin");
  const nexus = loadSettings({ role: "nexus", env });
  assert.equal(nexus.maxSecretVersions, 3);
  assert.equal(nexus.keeperProbeIntervalMs, 9000);
  assert.equal(nexus.logLevel, "debug");
});

Deno.test("a higher log level is lowered: the supervisor reads in the logs who listens", () => {
  assert.equal(
    envOf(plansWith({ SPIKE_SYSTEM_LOG_LEVEL: "error" }), "keeper-1")["SPIKE_SYSTEM_LOG_LEVEL"],
    "info",
  );
});
