/**
 * All settings. Parsing, flags, provenance and the documentation are generated from this table. Each setting lists the
 * variable of the original first.
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
    meaning: `Trust roots under which a SPIFFE ID has the role ${role}.`,
  });
}

/** Settings of identity, logging and the settings file; read by every role. */
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
    meaning:
      "PEM file with the X.509-SVID of this process; with the two files below it replaces the Workload API.",
  }),
  svidKeyFile: setting("svid-key-file", {
    kind: optional(filePath),
    variables: ["SPIKE_SVID_KEY_FILE"],
    fallback: undefined,
    meaning: "PEM file with the private key of this process.",
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
    meaning: "Which SVID to use when the Workload API offers several: the hint of its entry.",
  }),
  sourceTimeout: setting("spiffe-source-timeout", {
    kind: wait,
    variables: ["SPIKE_SPIFFE_SOURCE_TIMEOUT"],
    // A user waits for the command line; servers start together with their agent.
    fallback: (role) => role === "pilot" ? 10_000 : 30_000,
    fallbackText: "`30s`, pilot `10s`",
    meaning: "How long to wait for the first SVID.",
  }),
  trustRoot: setting("trust-root", {
    kind: trustRoots,
    variables: ["SPIKE_TRUST_ROOT"],
    fallback: ["spike.ist"],
    meaning: "Trust roots of every role without a setting of its own below.",
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
    meaning: "Trust roots under which a SPIFFE ID has the role lite.",
  }),
  configFile: setting("config-file", {
    kind: optional(filePath),
    variables: ["SPIKE_CONFIG_FILE"],
    fallback: undefined,
    meaning:
      "YAML file with settings, keyed by flag name. Flags and variables override it; lists may be YAML lists.",
  }),
  logLevel: setting("log-level", {
    kind: choice("debug", "info", "warn", "error"),
    variables: ["SPIKE_SYSTEM_LOG_LEVEL"],
    fallback: "warn",
    meaning: "Lowest level that is logged.",
  }),
} as const;

/** Settings of the listeners. */
export const LISTENER = {
  nexusListen: setting("nexus-listen", {
    kind: listenAddress,
    variables: ["SPIKE_NEXUS_TLS_PORT"],
    fallback: { host: "", port: 8553 },
    roles: ["nexus"],
    meaning: "Address that Nexus listens on.",
  }),
  keeperListen: setting("keeper-listen", {
    kind: listenAddress,
    variables: ["SPIKE_KEEPER_TLS_PORT"],
    fallback: { host: "", port: 8554 },
    roles: ["keeper"],
    meaning: "Address that a keeper listens on.",
  }),
  health: setting("health-addr", {
    kind: probeAddress,
    variables: ["SPIKE_HEALTH_ADDR"],
    fallback: (role) => ({ host: "127.0.0.1", port: role === "keeper" ? 8564 : 8563 }),
    fallbackText: "`127.0.0.1:8563`, keeper `127.0.0.1:8564`",
    roles: SERVERS,
    meaning:
      "Address of `/livez`, `/readyz` and `/metrics`, in plain HTTP. When another process uses the default address, the role runs without them; an address that is set must be free.",
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
    meaning: "URL of Nexus.",
  }),
  callTimeout: setting("call-timeout", {
    kind: wait,
    variables: ["SPIKE_HTTP_CLIENT_TIMEOUT"],
    fallback: 60_000,
    roles: CALLERS,
    meaning: "Time limit of one call.",
  }),
  headersTimeout: setting("call-headers-timeout", {
    kind: wait,
    variables: ["SPIKE_HTTP_CLIENT_RESPONSE_HEADER_TIMEOUT"],
    fallback: 10_000,
    roles: CALLERS,
    meaning: "Time limit of waiting for a response header.",
  }),
  connectTimeout: setting("call-connect-timeout", {
    kind: wait,
    variables: ["SPIKE_HTTP_CLIENT_DIALER_TIMEOUT"],
    fallback: 30_000,
    roles: CALLERS,
    meaning: "Time limit of connecting, TLS handshake included.",
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
    meaning: "Number of shards; must equal the number of keepers.",
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
      "Scheme of a new root key: gf256, or p256 for compatibility with keepers, a Nexus or a Bootstrap of SPIKE in Go. A store keeps the scheme that it was created with.",
  }),
  allowThresholdOne: setting("allow-threshold-one", {
    kind: flag,
    variables: ["SPIKE_ALLOW_THRESHOLD_ONE"],
    fallback: false,
    roles: KEY_ROLES,
    meaning: "Accept a threshold of 1, which lets every single keeper hold the root key.",
  }),
  backend: setting("backend", {
    kind: choice("sqlite", "memory", "lite"),
    variables: ["SPIKE_NEXUS_BACKEND_STORE", "SPIKE_BACKEND_STORE_TYPE"],
    fallback: "sqlite",
    roles: KEY_ROLES,
    meaning: "Where secrets are stored: on disk, in memory, or nowhere (encryption service only).",
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
    meaning: "How often Nexus sends every keeper its shard again.",
  }),
  keeperProbeInterval: setting("keeper-probe-interval", {
    kind: wait,
    variables: ["SPIKE_NEXUS_KEEPER_PROBE_INTERVAL"],
    fallback: 2000,
    roles: ["nexus"],
    meaning: "How often Nexus checks that keepers still hold their shards.",
  }),
  maxSecretVersions: setting("max-secret-versions", {
    kind: integer(1, 10_000),
    variables: ["SPIKE_NEXUS_MAX_SECRET_VERSIONS"],
    fallback: 10,
    roles: ["nexus"],
    meaning: "Number of versions that a new secret keeps.",
  }),
  kekMaxAge: setting("kek-max-age", {
    kind: age,
    variables: ["SPIKE_NEXUS_KEK_MAX_AGE"],
    fallback: 2160 * 3_600_000,
    roles: ["nexus"],
    meaning: "Age at which the key-encryption key is rotated, online; 0: only after 2^30 uses.",
  }),
  expiryWarning: setting("expiry-warning", {
    kind: age,
    variables: ["SPIKE_NEXUS_EXPIRY_WARNING"],
    fallback: 168 * 3_600_000,
    roles: ["nexus"],
    meaning: "How long before its expiry a secret is logged and counted in the metrics.",
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
      "Maximum number of running and waiting requests of one SPIFFE ID per thread; further ones get status 429.",
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
      "How long the audit record of a read may wait for the disk; 0: sync before the answer. Records of changes are always synced first.",
  }),
  auditHashed: setting("audit-hashed", {
    kind: optional(list(choice("caller", "path"), "a list of caller and path")),
    variables: ["SPIKE_NEXUS_AUDIT_HASHED"],
    fallback: undefined,
    fallbackText: "nothing",
    roles: ["nexus"],
    meaning:
      "What the audit log contains only as keyed hashes: `caller` (SPIFFE IDs), `path` (paths and other names in requests).",
  }),
  auditSinks: setting("audit-sinks", {
    kind: optional(list(auditSink, "a list of stdout, file:/path and unix:/path")),
    variables: ["SPIKE_NEXUS_AUDIT_SINKS"],
    fallback: undefined,
    fallbackText: "none",
    roles: ["nexus"],
    meaning:
      "Where audit records go besides the log: standard output, a file, or a stream socket with a listener. A failing sink loses records; the log does not.",
  }),
  auditRetentionDays: setting("audit-retention-days", {
    kind: integer(0, 36_500),
    variables: ["SPIKE_NEXUS_AUDIT_RETENTION_DAYS"],
    fallback: 0,
    roles: ["nexus"],
    meaning:
      "Days after which records of requests are dropped from full log files; their hashes, all changes and all checkpoints stay. 0 keeps everything.",
  }),
  scrubInterval: setting("scrub-interval", {
    kind: duration(0),
    variables: ["SPIKE_NEXUS_SCRUB_INTERVAL"],
    fallback: 6 * 3_600_000,
    roles: ["nexus"],
    meaning:
      "Pause between two background comparisons of the store with the audit log; 0 disables them. See `spike operator verify`.",
  }),
  acceptEmptyStore: setting("accept-empty-store", {
    kind: flag,
    variables: ["SPIKE_NEXUS_ACCEPT_EMPTY_STORE"],
    fallback: false,
    roles: ["nexus"],
    meaning:
      "Start on an empty store although the keepers hold shards of another store; the data of that store are abandoned.",
  }),
} as const;

/** Settings of JWT-SVIDs of callers behind a proxy. */
export const JWT = {
  proxies: setting("jwt-proxies", {
    kind: list(spiffeId, "a comma-separated list of SPIFFE IDs"),
    variables: ["SPIKE_NEXUS_JWT_PROXIES"],
    fallback: [],
    fallbackText: "none: tokens are ignored",
    roles: ["nexus"],
    meaning:
      "Proxies that terminate TLS: on their connections the caller is the subject of the JWT-SVID in the `Authorization` header.",
  }),
  audience: setting("jwt-audience", {
    kind: optional(text),
    variables: ["SPIKE_NEXUS_JWT_AUDIENCE"],
    fallback: undefined,
    fallbackText: "the SPIFFE ID of Nexus",
    roles: ["nexus"],
    meaning: "Audience that such a token must have.",
  }),
  bundleFile: setting("jwt-bundle-file", {
    kind: optional(filePath),
    variables: ["SPIKE_NEXUS_JWT_BUNDLE_FILE"],
    fallback: undefined,
    fallbackText: "the Workload API",
    roles: ["nexus"],
    meaning:
      "SPIFFE bundle document, or a map of several by trust domain, with the keys that verify such tokens.",
  }),
} as const;

/** Settings of Bootstrap alone. */
export const BOOTSTRAP = {
  force: setting("force", {
    kind: flag,
    variables: ["SPIKE_BOOTSTRAP_FORCE"],
    fallback: false,
    roles: ["bootstrap"],
    meaning: "Create a new root key although one exists.",
  }),
  completed: setting("completed", {
    kind: flag,
    variables: ["SPIKE_BOOTSTRAP_COMPLETED"],
    fallback: false,
    roles: ["bootstrap"],
    meaning:
      "Outside Kubernetes: declare that bootstrapping is done; the run then changes nothing.",
  }),
  timeout: setting("timeout", {
    kind: duration(0),
    variables: ["SPIKE_BOOTSTRAP_TIMEOUT"],
    fallback: 0,
    roles: ["bootstrap"],
    meaning: "Time limit of the whole run; 0 for none.",
  }),
  keeperTimeout: setting("keeper-timeout", {
    kind: wait,
    variables: ["SPIKE_BOOTSTRAP_KEEPER_TIMEOUT"],
    fallback: 30_000,
    roles: ["bootstrap"],
    meaning: "Time limit for one keeper, all attempts together.",
  }),
  keeperMaxRetries: setting("keeper-max-retries", {
    kind: integer(1, 1000),
    variables: ["SPIKE_BOOTSTRAP_KEEPER_MAX_RETRIES"],
    fallback: 5,
    roles: ["bootstrap"],
    meaning: "Number of attempts for one keeper.",
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
    meaning: "Time limit of proving to Nexus that both hold the same key.",
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
