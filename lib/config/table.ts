/**
 * Every setting there is: from these lines come the parsing, the flags, the provenance and the documentation.
 * Both families of variables stand side by side, the original's first.
 */
import { SCHEMES } from "../shamir/scheme.ts";
import type { TrustRoots } from "../spiffe/role.ts";
import { age, choice, duration, flag, integer, list, optional, text } from "./kind.ts";
import {
  auditSink,
  directory,
  filePath,
  httpsUrl,
  listenAddress,
  ownDirectory,
  probeAddress,
  spiffeId,
  trustRoot,
} from "./place_kind.ts";
import { type Setting, setting } from "./setting.ts";

const SERVERS = ["nexus", "keeper"] as const;
const KEY_ROLES = ["nexus", "bootstrap"] as const;
const CALLERS = ["nexus", "bootstrap", "pilot"] as const;

const trustRoots = list(trustRoot, "a comma-separated list of trust roots");
const httpsUrls = list(httpsUrl, "a comma-separated list of https:// URLs");
const wait = duration(1);

function trustRootOf(role: Exclude<keyof TrustRoots, "lite">) {
  return setting(`trust-root-${role}`, {
    kind: optional(trustRoots),
    variables: [`SPIKE_TRUST_ROOT_${role.toUpperCase()}`],
    fallback: undefined,
    fallbackText: "`SPIKE_TRUST_ROOT`",
    meaning: `Trust roots under which an ID counts as ${role}.`,
  });
}

/** Settings of identity and logging, and where more settings are; read by every role. */
export const IDENTITY = {
  endpointSocket: setting("endpoint-socket", {
    kind: text,
    variables: ["SPIFFE_ENDPOINT_SOCKET"],
    fallback: "unix:///tmp/spire-agent/public/api.sock",
    meaning: "Address of the SPIFFE Workload API.",
  }),
  svidFile: setting("svid-file", {
    kind: optional(filePath),
    variables: ["SPIKE_SVID_FILE"],
    fallback: undefined,
    meaning: "PEM file with the own certificates; with the two below it replaces the Workload API.",
  }),
  svidKeyFile: setting("svid-key-file", {
    kind: optional(filePath),
    variables: ["SPIKE_SVID_KEY_FILE"],
    fallback: undefined,
    meaning: "PEM file with the own private key.",
  }),
  bundleFile: setting("bundle-file", {
    kind: optional(filePath),
    variables: ["SPIKE_BUNDLE_FILE"],
    fallback: undefined,
    meaning:
      "File with the trust bundle: PEM, a SPIFFE bundle (JSON), or a JSON map of several bundles by trust domain.",
  }),
  svidHint: setting("svid-hint", {
    kind: optional(text),
    variables: ["SPIKE_SVID_HINT"],
    fallback: undefined,
    fallbackText: "the first SVID",
    meaning: "Which SVID to take when the Workload API offers several: the hint of its entry.",
  }),
  sourceTimeout: setting("spiffe-source-timeout", {
    kind: wait,
    variables: ["SPIKE_SPIFFE_SOURCE_TIMEOUT"],
    // A person waits in front of the command line; servers start together with their agent.
    fallback: (role) => role === "pilot" ? 10_000 : 30_000,
    fallbackText: "`30s`, pilot `10s`",
    meaning: "How long to wait for the first SVID.",
  }),
  trustRoot: setting("trust-root", {
    kind: trustRoots,
    variables: ["SPIKE_TRUST_ROOT"],
    fallback: ["spike.ist"],
    meaning: "Trust roots of every role that has none of its own below.",
  }),
  trustRootNexus: trustRootOf("nexus"),
  trustRootKeeper: trustRootOf("keeper"),
  trustRootPilot: trustRootOf("pilot"),
  trustRootBootstrap: trustRootOf("bootstrap"),
  trustRootLite: setting("trust-root-lite-workload", {
    kind: optional(trustRoots),
    variables: ["SPIKE_TRUST_ROOT_LITE_WORKLOAD"],
    fallback: undefined,
    fallbackText: "`SPIKE_TRUST_ROOT`",
    meaning: "Trust roots under which an ID counts as lite workload.",
  }),
  configFile: setting("config-file", {
    kind: optional(filePath),
    variables: ["SPIKE_CONFIG_FILE"],
    fallback: undefined,
    meaning:
      "YAML file with settings by the names of their flags, which flags and variables beat; lists may be YAML lists.",
  }),
  logLevel: setting("log-level", {
    kind: choice("debug", "info", "warn", "error"),
    variables: ["SPIKE_SYSTEM_LOG_LEVEL"],
    fallback: "warn",
    meaning: "Least level of the lines that are logged.",
  }),
} as const;

/** Settings of the listeners. */
export const LISTENER = {
  nexusListen: setting("nexus-listen", {
    kind: listenAddress,
    variables: ["SPIKE_NEXUS_TLS_PORT"],
    fallback: { host: "", port: 8553 },
    roles: ["nexus"],
    meaning: "Where Nexus listens.",
  }),
  keeperListen: setting("keeper-listen", {
    kind: listenAddress,
    variables: ["SPIKE_KEEPER_TLS_PORT"],
    fallback: { host: "", port: 8554 },
    roles: ["keeper"],
    meaning: "Where a keeper listens.",
  }),
  health: setting("health-addr", {
    kind: probeAddress,
    variables: ["SPIKE_HEALTH_ADDR"],
    fallback: (role) => ({ host: "127.0.0.1", port: role === "keeper" ? 8564 : 8563 }),
    fallbackText: "`127.0.0.1:8563`, keeper `127.0.0.1:8564`",
    roles: SERVERS,
    meaning:
      "Where `/livez`, `/readyz` and `/metrics` are answered, in plain HTTP. Where the default is taken by another process, the role runs without; an address that was set must be free.",
  }),
  readHeaderTimeout: setting("read-header-timeout", {
    kind: wait,
    variables: ["SPIKE_HTTP_SERVER_READ_HEADER_TIMEOUT"],
    fallback: 10_000,
    roles: SERVERS,
    meaning: "How long a client may take to send its request's header.",
  }),
} as const;

/** Settings of the calls to other components. */
export const CALL = {
  nexusUrl: setting("nexus-url", {
    kind: httpsUrl,
    variables: ["SPIKE_NEXUS_API_URL", "SPIKE_NEXUS_URL"],
    fallback: "https://localhost:8553",
    roles: ["bootstrap", "pilot"],
    meaning: "Where Nexus is found.",
  }),
  callTimeout: setting("call-timeout", {
    kind: wait,
    variables: ["SPIKE_HTTP_CLIENT_TIMEOUT"],
    fallback: 60_000,
    roles: CALLERS,
    meaning: "Longest time of one call.",
  }),
  headersTimeout: setting("call-headers-timeout", {
    kind: wait,
    variables: ["SPIKE_HTTP_CLIENT_RESPONSE_HEADER_TIMEOUT"],
    fallback: 10_000,
    roles: CALLERS,
    meaning: "Longest wait for the header of an answer.",
  }),
  connectTimeout: setting("call-connect-timeout", {
    kind: wait,
    variables: ["SPIKE_HTTP_CLIENT_DIALER_TIMEOUT"],
    fallback: 30_000,
    roles: CALLERS,
    meaning: "Longest time until a connection stands, its handshake included.",
  }),
} as const;

/** Settings of the root key's shards. */
export const SHARD = {
  keeperPeers: setting("keeper-peers", {
    kind: httpsUrls,
    variables: ["SPIKE_NEXUS_KEEPER_PEERS", "SPIKE_KEEPERS"],
    fallback: [],
    fallbackText: "required except in memory",
    roles: KEY_ROLES,
    meaning: "The keepers in order: a keeper's position, from 1, is its shard's x coordinate.",
  }),
  shares: setting("shares", {
    kind: integer(1, 255),
    variables: ["SPIKE_NEXUS_SHAMIR_SHARES", "SPIKE_SHAMIR_SHARES"],
    fallback: 3,
    roles: KEY_ROLES,
    meaning: "Number of shards; must be the number of keepers.",
  }),
  threshold: setting("threshold", {
    kind: integer(1, 255),
    variables: ["SPIKE_NEXUS_SHAMIR_THRESHOLD", "SPIKE_SHAMIR_THRESHOLD"],
    fallback: 2,
    roles: KEY_ROLES,
    meaning: "Number of shards that rebuild the root key.",
  }),
  scheme: setting("shamir-scheme", {
    kind: choice(...SCHEMES),
    variables: ["SPIKE_SHAMIR_SCHEME"],
    fallback: "gf256",
    roles: KEY_ROLES,
    meaning:
      "How a new root key is shared: gf256, or p256 to share it with keepers, a Nexus or a Bootstrap of SPIKE in Go; a store keeps the scheme that it was made with.",
  }),
  allowThresholdOne: setting("allow-threshold-one", {
    kind: flag,
    variables: ["SPIKE_ALLOW_THRESHOLD_ONE"],
    fallback: false,
    roles: KEY_ROLES,
    meaning: "Accept a threshold of 1, with which every single keeper holds the root key.",
  }),
  backend: setting("backend", {
    kind: choice("sqlite", "memory", "lite"),
    variables: ["SPIKE_NEXUS_BACKEND_STORE", "SPIKE_BACKEND_STORE_TYPE"],
    fallback: "sqlite",
    roles: KEY_ROLES,
    meaning: "Where secrets are kept: on disk, in memory, or nowhere (encryption service only).",
  }),
} as const;

/** Settings of Nexus alone. */
export const NEXUS = {
  dataDir: setting("data-dir", {
    kind: optional(directory()),
    variables: [
      "SPIKE_DATA_DIR",
      { name: "SPIKE_NEXUS_DATA_DIR", kind: optional(directory("data")) },
    ],
    fallback: (_role, place) => ownDirectory(place, "data"),
    fallbackText: "`~/.spike/data`",
    roles: ["nexus"],
    meaning:
      "Directory of the database; `SPIKE_NEXUS_DATA_DIR` names its parent, to which `/data` is added. Without HOME there is no default.",
  }),
  keeperUpdateInterval: setting("keeper-update-interval", {
    kind: wait,
    variables: ["SPIKE_NEXUS_KEEPER_UPDATE_INTERVAL"],
    fallback: 300_000,
    roles: ["nexus"],
    meaning: "How often every keeper is sent its shard again.",
  }),
  keeperProbeInterval: setting("keeper-probe-interval", {
    kind: wait,
    variables: ["SPIKE_NEXUS_KEEPER_PROBE_INTERVAL"],
    fallback: 2000,
    roles: ["nexus"],
    meaning: "How often keepers are asked whether they still hold their shard.",
  }),
  maxSecretVersions: setting("max-secret-versions", {
    kind: integer(1, 10_000),
    variables: ["SPIKE_NEXUS_MAX_SECRET_VERSIONS"],
    fallback: 10,
    roles: ["nexus"],
    meaning: "Versions kept of a secret that is made from now on.",
  }),
  kekMaxAge: setting("kek-max-age", {
    kind: age,
    variables: ["SPIKE_NEXUS_KEK_MAX_AGE"],
    fallback: 2160 * 3_600_000,
    roles: ["nexus"],
    meaning:
      "Age at which the key-encryption key is renewed, online; 0: only when it was used 2^30 times.",
  }),
  expiryWarning: setting("expiry-warning", {
    kind: age,
    variables: ["SPIKE_NEXUS_EXPIRY_WARNING"],
    fallback: 168 * 3_600_000,
    roles: ["nexus"],
    meaning: "How long before a secret expires the log names it and the metrics count it.",
  }),
  workers: setting("workers", {
    kind: integer(0, 64),
    variables: ["SPIKE_NEXUS_WORKERS"],
    fallback: 2,
    roles: ["nexus"],
    meaning: "Request workers that share the port; 0 serves from the main thread.",
  }),
  requestsPerIdentity: setting("requests-per-identity", {
    kind: integer(1, 65_536),
    variables: ["SPIKE_NEXUS_REQUESTS_PER_IDENTITY"],
    fallback: 512,
    roles: ["nexus"],
    meaning:
      "Requests of one SPIFFE ID that are under way or wait in a thread, at most; more are answered with 429.",
  }),
  cipherLimit: setting("cipher-limit", {
    kind: integer(64, 1_048_576),
    variables: ["SPIKE_NEXUS_CRYPTO_MAX_CIPHERTEXT_SIZE"],
    fallback: 65_536,
    roles: ["nexus"],
    meaning: "Longest ciphertext of the encryption service, in bytes.",
  }),
  auditSync: setting("audit-sync", {
    kind: duration(0),
    variables: ["SPIKE_NEXUS_AUDIT_SYNC"],
    fallback: 1000,
    roles: ["nexus"],
    meaning:
      "How long the audit record of a read may wait until it is on the disk; 0: no answer before. Changes never wait.",
  }),
  auditHashed: setting("audit-hashed", {
    kind: optional(list(choice("caller", "path"), "a list of caller and path")),
    variables: ["SPIKE_NEXUS_AUDIT_HASHED"],
    fallback: undefined,
    fallbackText: "nothing",
    roles: ["nexus"],
    meaning:
      "What the audit log tells as keyed hashes only: `caller` (SPIFFE IDs), `path` (paths and what else requests name).",
  }),
  auditSinks: setting("audit-sinks", {
    kind: optional(list(auditSink, "a list of stdout, file:/path and unix:/path")),
    variables: ["SPIKE_NEXUS_AUDIT_SINKS"],
    fallback: undefined,
    fallbackText: "none",
    roles: ["nexus"],
    meaning:
      "Where audit records go besides the log: standard output, a file, a stream socket that somebody listens on. A sink that fails loses records; the log does not.",
  }),
  auditRetentionDays: setting("audit-retention-days", {
    kind: integer(0, 36_500),
    variables: ["SPIKE_NEXUS_AUDIT_RETENTION_DAYS"],
    fallback: 0,
    roles: ["nexus"],
    meaning:
      "Days after which the records of requests are dropped from full log files; their hashes, all changes and all checkpoints stay. 0 keeps everything.",
  }),
  scrubInterval: setting("scrub-interval", {
    kind: duration(0),
    variables: ["SPIKE_NEXUS_SCRUB_INTERVAL"],
    fallback: 6 * 3_600_000,
    roles: ["nexus"],
    meaning:
      "Pause between two slow comparisons of the store with the audit log; 0 for none. See `spike operator verify`.",
  }),
  acceptEmptyStore: setting("accept-empty-store", {
    kind: flag,
    variables: ["SPIKE_NEXUS_ACCEPT_EMPTY_STORE"],
    fallback: false,
    roles: ["nexus"],
    meaning:
      "Start on an empty store although the keepers belong to another one, whose data are given up.",
  }),
} as const;

/** Settings of tokens that stand for callers behind a proxy. */
export const JWT = {
  proxies: setting("jwt-proxies", {
    kind: list(spiffeId, "a comma-separated list of SPIFFE IDs"),
    variables: ["SPIKE_NEXUS_JWT_PROXIES"],
    fallback: [],
    fallbackText: "none: no token is looked at",
    roles: ["nexus"],
    meaning:
      "Proxies at which TLS ends: on their connections the caller is the subject of the JWT-SVID in the `Authorization` header.",
  }),
  audience: setting("jwt-audience", {
    kind: optional(text),
    variables: ["SPIKE_NEXUS_JWT_AUDIENCE"],
    fallback: undefined,
    fallbackText: "the own SPIFFE ID",
    roles: ["nexus"],
    meaning: "The audience that such a token must be made for.",
  }),
  bundleFile: setting("jwt-bundle-file", {
    kind: optional(filePath),
    variables: ["SPIKE_NEXUS_JWT_BUNDLE_FILE"],
    fallback: undefined,
    fallbackText: "the Workload API",
    roles: ["nexus"],
    meaning: "SPIFFE bundle document, or a map of them, with the keys of such tokens.",
  }),
} as const;

/** Settings of Bootstrap alone. */
export const BOOTSTRAP = {
  force: setting("force", {
    kind: flag,
    variables: ["SPIKE_BOOTSTRAP_FORCE"],
    fallback: false,
    roles: ["bootstrap"],
    meaning: "Make a new root key although one was made before.",
  }),
  completed: setting("completed", {
    kind: flag,
    variables: ["SPIKE_BOOTSTRAP_COMPLETED"],
    fallback: false,
    roles: ["bootstrap"],
    meaning: "Says, outside Kubernetes, that bootstrapping is done: the run changes nothing.",
  }),
  timeout: setting("timeout", {
    kind: duration(0),
    variables: ["SPIKE_BOOTSTRAP_TIMEOUT"],
    fallback: 0,
    roles: ["bootstrap"],
    meaning: "Longest time of the whole run; 0 for none.",
  }),
  keeperTimeout: setting("keeper-timeout", {
    kind: wait,
    variables: ["SPIKE_BOOTSTRAP_KEEPER_TIMEOUT"],
    fallback: 30_000,
    roles: ["bootstrap"],
    meaning: "Longest time for one keeper, all attempts together.",
  }),
  keeperMaxRetries: setting("keeper-max-retries", {
    kind: integer(1, 1000),
    variables: ["SPIKE_BOOTSTRAP_KEEPER_MAX_RETRIES"],
    fallback: 5,
    roles: ["bootstrap"],
    meaning: "Attempts for one keeper.",
  }),
  retryInitial: setting("retry-initial-interval", {
    kind: wait,
    variables: ["SPIKE_BOOTSTRAP_KEEPER_RETRY_INITIAL_INTERVAL"],
    fallback: 2000,
    roles: ["bootstrap"],
    meaning: "Pause after the first failed attempt; it doubles from there.",
  }),
  retryMax: setting("retry-max-interval", {
    kind: wait,
    variables: ["SPIKE_BOOTSTRAP_KEEPER_RETRY_MAX_INTERVAL"],
    fallback: 30_000,
    roles: ["bootstrap"],
    meaning: "Longest pause between two attempts.",
  }),
  verificationTimeout: setting("verification-timeout", {
    kind: wait,
    variables: ["SPIKE_BOOTSTRAP_INIT_VERIFICATION_TIMEOUT"],
    fallback: 1_800_000,
    roles: ["bootstrap"],
    meaning: "How long to try to prove to Nexus that both hold the same key.",
  }),
} as const;

/** Settings of the command line alone. */
export const PILOT = {
  recoveryDir: setting("recovery-dir", {
    kind: optional(directory()),
    variables: [{ name: "SPIKE_PILOT_RECOVERY_DIR", kind: optional(directory("recover")) }],
    fallback: (_role, place) => ownDirectory(place, "recover"),
    fallbackText: "`~/.spike/recover`",
    roles: ["pilot"],
    meaning:
      "Directory for recovery shards; the variable names its parent, to which `/recover` is added. Without HOME there is no default.",
  }),
} as const;

/** All settings, in the order of the documentation. */
export const SETTINGS: readonly Setting<unknown>[] = [
  IDENTITY,
  LISTENER,
  CALL,
  SHARD,
  NEXUS,
  JWT,
  BOOTSTRAP,
  PILOT,
]
  .flatMap((group) => Object.values(group));
