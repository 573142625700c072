import assert from "node:assert/strict";
import { SpikeError } from "../error/error.ts";
import { explainSettings, loadSettings, type SettingsRequest } from "./load.ts";
import { Resolver } from "./resolve.ts";
import { ROLES, type SettingsRole } from "./setting.ts";
import { READERS } from "./settings.ts";
import { SETTINGS } from "./table.ts";

const HOME = "/home/ada";
const PEERS = "https://k1:8554,https://k2:8554,https://k3:8554";

function problemOf(request: SettingsRequest<SettingsRole>): string {
  try {
    loadSettings(request);
  } catch (error) {
    assert.ok(error instanceof SpikeError);
    assert.equal(error.code, "config_invalid");
    return error.message;
  }
  assert.fail("the settings were accepted");
}

Deno.test("tokens are looked at only where proxies are named", () => {
  const env = { HOME, SPIKE_NEXUS_KEEPER_PEERS: PEERS };
  const jwtWith = (more: Record<string, string>) =>
    loadSettings({ role: "nexus", env: { ...env, ...more } }).jwt;
  const proxies = "spiffe://spike.ist/a,spiffe://spike.ist/b";
  assert.equal(jwtWith({}), undefined);
  assert.deepEqual(jwtWith({ SPIKE_NEXUS_JWT_PROXIES: proxies, SPIKE_NEXUS_JWT_AUDIENCE: "x" }), {
    proxies: ["spiffe://spike.ist/a", "spiffe://spike.ist/b"],
    audience: "x",
  });
  const problemWith = (more: Record<string, string>) =>
    problemOf({ role: "nexus", env: { ...env, ...more } });
  assert.match(problemWith({ SPIKE_NEXUS_JWT_AUDIENCE: "x" }), /expected SPIKE_NEXUS_JWT_PROXIES$/);
  assert.match(problemWith({ SPIKE_NEXUS_JWT_PROXIES: "proxy" }), /each a SPIFFE ID/);
  const files = {
    SPIKE_SVID_FILE: "/s",
    SPIKE_SVID_KEY_FILE: "/k",
    SPIKE_BUNDLE_FILE: "/b",
    SPIKE_NEXUS_JWT_PROXIES: proxies,
  };
  assert.match(problemWith(files), /expected a file with JWT bundles/);
  assert.equal(jwtWith({ ...files, SPIKE_NEXUS_JWT_BUNDLE_FILE: "/j" })?.bundleFile, "/j");
});

Deno.test("probes have an address of their own, which may be turned off or set", () => {
  const healthWith = (given?: string) =>
    loadSettings({ role: "keeper", env: given === undefined ? {} : { SPIKE_HEALTH_ADDR: given } })
      .health;
  assert.deepEqual(healthWith(), { host: "127.0.0.1", port: 8564, isDefault: true });
  assert.equal(healthWith("off"), undefined);
  assert.deepEqual(healthWith("9000"), { host: "127.0.0.1", port: 9000, isDefault: false });
  assert.deepEqual(healthWith(":9000"), { host: "", port: 9000, isDefault: false });
  assert.deepEqual(healthWith("[::1]:9000"), { host: "::1", port: 9000, isDefault: false });
  const wrong = problemOf({ role: "keeper", env: { SPIKE_HEALTH_ADDR: "no" } });
  assert.match(wrong, /^SPIKE_HEALTH_ADDR is "no", expected a port .*, or off$/);
});

Deno.test("with nothing set, each role has the documented defaults", () => {
  const nexus = loadSettings({
    role: "nexus",
    env: { HOME, SPIKE_NEXUS_KEEPER_PEERS: PEERS },
  });
  assert.deepEqual(nexus, {
    endpointSocket: "unix:///tmp/spire-agent/public/api.sock",
    sourceTimeoutMs: 30_000,
    trustRoots: {
      nexus: ["spike.ist"],
      keeper: ["spike.ist"],
      pilot: ["spike.ist"],
      bootstrap: ["spike.ist"],
      lite: ["spike.ist"],
    },
    logLevel: "warn",
    keeperPeers: ["https://k1:8554", "https://k2:8554", "https://k3:8554"],
    shares: 3,
    threshold: 2,
    scheme: "gf256",
    backend: "sqlite",
    listen: { host: "", port: 8553 },
    health: { host: "127.0.0.1", port: 8563, isDefault: true },
    readHeaderTimeoutMs: 10_000,
    callTimeouts: { connectMs: 30_000, headersMs: 10_000, totalMs: 60_000 },
    dataDir: "/home/ada/.spike/data",
    keeperUpdateIntervalMs: 300_000,
    kekMaxAgeMs: 7_776_000_000,
    expiryWarningMs: 604_800_000,
    keeperProbeIntervalMs: 2000,
    maxSecretVersions: 10,
    workers: 2,
    requestsPerIdentity: 512,
    cipherLimitBytes: 65_536,
    auditSyncMs: 1000,
    auditHashed: [],
    auditSinks: [],
    auditRetentionDays: 0,
    scrubIntervalMs: 6 * 3_600_000,
    acceptEmptyStore: false,
  });
  assert.deepEqual(loadSettings({ role: "keeper", env: {} }).listen, { host: "", port: 8554 });
  const pilot = loadSettings({ role: "pilot", env: { HOME } });
  assert.equal(pilot.sourceTimeoutMs, 10_000);
  assert.equal(pilot.nexusUrl, "https://localhost:8553");
  assert.equal(pilot.recoveryDir, "/home/ada/.spike/recover");
});

Deno.test("the seeds' variables are understood", () => {
  const nexus = loadSettings({
    role: "nexus",
    env: {
      HOME,
      SPIKE_NEXUS_TLS_PORT: "8600",
      SPIKE_KEEPERS: `${PEERS},https://k4:8554,https://k5:8554`,
      SPIKE_SHAMIR_THRESHOLD: "3",
      SPIKE_SHAMIR_SHARES: "5",
      SPIKE_BACKEND_STORE_TYPE: "sqlite",
      SPIKE_DATA_DIR: "~/.spike/data",
    },
  });
  assert.equal(nexus.listen.port, 8600);
  assert.equal(nexus.keeperPeers.length, 5);
  assert.deepEqual([nexus.threshold, nexus.shares], [3, 5]);
  assert.equal(nexus.dataDir, "/home/ada/.spike/data");
  const env = { SPIKE_NEXUS_URL: "https://nexus:8553/" };
  assert.equal(loadSettings({ role: "pilot", env }).nexusUrl, "https://nexus:8553");
});

Deno.test("the two directories agree after parsing, or the error names both", () => {
  const env = { HOME, SPIKE_NEXUS_BACKEND_STORE: "memory", SPIKE_NEXUS_DATA_DIR: "/srv/spike" };
  const agreeing = { ...env, SPIKE_DATA_DIR: "/srv/spike/data" };
  assert.equal(loadSettings({ role: "nexus", env: agreeing }).dataDir, "/srv/spike/data");
  const differing = { ...env, SPIKE_DATA_DIR: "/srv/spike" };
  assert.equal(
    problemOf({ role: "nexus", env: differing }),
    'SPIKE_DATA_DIR is "/srv/spike" and SPIKE_NEXUS_DATA_DIR is "/srv/spike", ' +
      "expected the same meaning or only one of them",
  );
});

Deno.test("an unparsable value names variable, value and what is expected", () => {
  assert.equal(
    problemOf({ role: "keeper", env: { SPIKE_KEEPER_TLS_PORT: "http" } }),
    'SPIKE_KEEPER_TLS_PORT is "http", expected a port such as 8553, :8553, host:8553 or [::1]:8553',
  );
});

Deno.test("all problems come in one error", () => {
  const problem = problemOf({
    role: "nexus",
    env: {
      HOME,
      SPIKE_NEXUS_KEEPER_PEERS: PEERS,
      SPIKE_NEXUS_SHAMIR_SHARES: "5",
      SPIKE_NEXUS_WORKERS: "99",
      SPIKE_SYSTEM_LOG_LEVEL: "loud",
      SPIKE_SVID_FILE: "/a",
    },
  });
  assert.match(problem, /^4 settings are invalid:\n/);
  for (const name of ["SHAMIR_SHARES", "NEXUS_WORKERS", "LOG_LEVEL", "BUNDLE_FILE"]) {
    assert.match(problem, new RegExp(name));
  }
});

Deno.test("what might be a password in a URL is not shown", () => {
  const problem = problemOf({
    role: "pilot",
    env: { SPIKE_NEXUS_URL: "https://ada:hunter2@nexus" },
  });
  assert.doesNotMatch(problem, /hunter2/);
  assert.match(problem, /SPIKE_NEXUS_URL is "https:\/\/\*\*\*@nexus"/);
});

Deno.test("a variable that the role does not read cannot stop it", () => {
  const env = { SPIKE_BOOTSTRAP_TIMEOUT: "soon", SPIKE_NEXUS_TLS_PORT: "x" };
  assert.equal(loadSettings({ role: "keeper", env }).listen.port, 8554);
});

Deno.test("an empty variable counts as not set", () => {
  const env = { SPIKE_KEEPER_TLS_PORT: "", SPIKE_TRUST_ROOT: "" };
  assert.equal(loadSettings({ role: "keeper", env }).listen.port, 8554);
});

Deno.test("flags beat environment, which beats the file, which beats the default", () => {
  const base = { role: "nexus", env: { HOME, SPIKE_BACKEND_STORE_TYPE: "memory" } } as const;
  const file = { path: "spike.yaml", values: { workers: "1", "max-secret-versions": "7" } };
  const env = { ...base.env, SPIKE_NEXUS_WORKERS: "3" };
  assert.equal(loadSettings({ ...base, file }).workers, 1);
  assert.equal(loadSettings({ ...base, env, file }).workers, 3);
  const all = { ...base, env, file, flags: { workers: "0" } };
  assert.equal(loadSettings(all).workers, 0);

  const origins = new Map(explainSettings(all).map(({ name, ...rest }) => [name, rest]));
  assert.deepEqual(origins.get("workers"), { value: "0", origin: "--workers" });
  assert.deepEqual(origins.get("backend"), {
    value: "memory",
    origin: "SPIKE_BACKEND_STORE_TYPE",
  });
  assert.deepEqual(origins.get("max-secret-versions"), {
    value: "7",
    origin: "max-secret-versions in spike.yaml",
  });
  assert.deepEqual(origins.get("keeper-update-interval"), { value: "5m", origin: "default" });
  assert.equal(origins.has("recovery-dir"), false);
});

Deno.test("unknown flags and file entries are refused", () => {
  const flags = { "recovery-dir": "/x" };
  assert.match(
    problemOf({ role: "keeper", env: {}, flags }),
    /--recovery-dir is not a flag of keeper/,
  );
  const file = { path: "f", values: { nope: "1" } };
  assert.match(
    problemOf({ role: "keeper", env: {}, file }),
    /"nope" in f is not a setting of keeper/,
  );
});

Deno.test("without keepers a sqlite Nexus does not start, a memory one does", () => {
  assert.match(
    problemOf({ role: "nexus", env: { HOME } }),
    /^SPIKE_NEXUS_KEEPER_PEERS is not set, expected/,
  );
  const lite = { HOME, SPIKE_NEXUS_BACKEND_STORE: "lite" };
  assert.match(problemOf({ role: "nexus", env: lite }), /KEEPER_PEERS is not set/);
  const env = { HOME, SPIKE_NEXUS_BACKEND_STORE: "MEMORY" };
  assert.deepEqual(loadSettings({ role: "nexus", env }).keeperPeers, []);
});

Deno.test("a threshold of one needs an explicit word, one above the shares is refused", () => {
  const env = { HOME, SPIKE_KEEPERS: PEERS, SPIKE_SHAMIR_THRESHOLD: "1" };
  assert.match(problemOf({ role: "bootstrap", env }), /SPIKE_ALLOW_THRESHOLD_ONE=true/);
  const allowed = { ...env, SPIKE_ALLOW_THRESHOLD_ONE: "true" };
  assert.equal(loadSettings({ role: "bootstrap", env: allowed }).threshold, 1);
  const tooMany = { ...env, SPIKE_SHAMIR_THRESHOLD: "4" };
  assert.match(problemOf({ role: "bootstrap", env: tooMany }), /THRESHOLD is 4, expected at most/);
});

Deno.test("a role's own trust roots stand before SPIKE_TRUST_ROOT", () => {
  const env = { SPIKE_TRUST_ROOT: "a.org, b.org", SPIKE_TRUST_ROOT_NEXUS: "c.org/tenant/x" };
  const { trustRoots } = loadSettings({ role: "pilot", env });
  assert.deepEqual(trustRoots.nexus, ["c.org/tenant/x"]);
  assert.deepEqual(trustRoots.pilot, ["a.org", "b.org"]);
  assert.match(
    problemOf({ role: "pilot", env: { SPIKE_TRUST_ROOT_PILOT: "a.org," } }),
    /without empty items/,
  );
});

Deno.test("the three identity files come together", () => {
  const env = { HOME, SPIKE_SVID_FILE: "/s", SPIKE_SVID_KEY_FILE: "/k", SPIKE_BUNDLE_FILE: "~/b" };
  assert.deepEqual(loadSettings({ role: "keeper", env }).svidFiles, {
    svid: "/s",
    key: "/k",
    bundle: "/home/ada/b",
  });
  assert.equal("svidFiles" in loadSettings({ role: "keeper", env: {} }), false);
});

Deno.test("each role reads exactly the settings that the table gives it", () => {
  for (const role of ROLES) {
    const resolver = new Resolver(role, { env: { HOME } });
    READERS[role](resolver);
    const promised = SETTINGS.filter(({ roles }) => roles.includes(role)).map(({ name }) => name);
    assert.deepEqual([...resolver.resolved.keys()].sort(), promised.sort(), role);
  }
});

Deno.test("no two settings share a name or a variable", () => {
  const names = SETTINGS.map(({ name }) => name);
  const variables = SETTINGS.flatMap((setting) => setting.variables.map(({ name }) => name));
  assert.equal(new Set(names).size, names.length);
  assert.equal(new Set(variables).size, variables.length);
});

Deno.test("without HOME a place for data is demanded, and only where something is kept", () => {
  const wrong =
    /^SPIKE_DATA_DIR is not set and HOME is not set, expected a directory for the data$/;
  for (const env of [{}, { HOME: "" }, { HOME: "relative" }, { HOME: "~" }]) {
    for (const backend of ["sqlite", "lite"]) {
      const more = { SPIKE_NEXUS_KEEPER_PEERS: PEERS, SPIKE_NEXUS_BACKEND_STORE: backend };
      assert.match(problemOf({ role: "nexus", env: { ...env, ...more } }), wrong);
      const set = { ...env, ...more, SPIKE_DATA_DIR: "/srv/spike" };
      assert.equal(loadSettings({ role: "nexus", env: set }).dataDir, "/srv/spike");
    }
    const memory = { ...env, SPIKE_NEXUS_BACKEND_STORE: "memory" };
    assert.equal(loadSettings({ role: "nexus", env: memory }).dataDir, "");
    assert.equal(loadSettings({ role: "pilot", env }).recoveryDir, undefined);
  }
});

Deno.test("a sink that the backend cannot feed is refused", () => {
  for (const sinks of ["stdout", "file:/var/log/audit", "unix:/run/audit.sock"]) {
    const env = { HOME, SPIKE_NEXUS_AUDIT_SINKS: sinks, SPIKE_NEXUS_KEEPER_PEERS: PEERS };
    const memory = { ...env, SPIKE_NEXUS_BACKEND_STORE: "memory" };
    assert.match(
      problemOf({ role: "nexus", env: memory }),
      /^SPIKE_NEXUS_AUDIT_SINKS is set, and backend memory has no audit log to copy to/,
    );
    const lite = loadSettings({
      role: "nexus",
      env: { ...env, SPIKE_NEXUS_BACKEND_STORE: "lite" },
    });
    assert.equal(lite.auditSinks.length, 1);
  }
});

Deno.test("a setting whose value looks like a private key is named, and its value is not shown", () => {
  const secrets = ["AGE-SECRET-KEY-1QQPZRY9X8", "spike:1:00ff00ff00ff", "00ff".repeat(16)];
  for (const secret of secrets) {
    const message = problemOf({ role: "keeper", env: { SPIKE_KEEPER_TLS_PORT: secret } });
    assert.match(message, /^SPIKE_KEEPER_TLS_PORT is .*private key.*, expected a port/);
    assert.ok(!message.includes(secret.slice(-8)));
    const unknown = { path: "/f", values: { [secret]: "x" } };
    assert.ok(!problemOf({ role: "keeper", env: {}, file: unknown }).includes(secret.slice(-8)));
  }
});
