import type { Scheme } from "../shamir/scheme.ts";
import type { SpiffeId } from "../spiffe/id.ts";
import type { TrustRoots } from "../spiffe/role.ts";
import type { ListenAddress, SinkSetting } from "./place_kind.ts";
import type { Resolver } from "./resolve.ts";
import type { SettingsRole } from "./setting.ts";
import { BOOTSTRAP, CALL, IDENTITY, JWT, LISTENER, NEXUS, PILOT, SHARD } from "./table.ts";

/** Files that replace the Workload API. */
export interface SvidFiles {
  /** PEM file with the X.509-SVID, leaf first. */
  readonly svid: string;
  /** PEM file with the private key. */
  readonly key: string;
  /** File with the trust bundle. */
  readonly bundle: string;
}

/** Settings of every role. */
export interface CommonSettings {
  /** Address of the SPIFFE Workload API, such as `unix:///run/spire/agent.sock`. */
  readonly endpointSocket: string;
  /** Absent where the Workload API is the source. */
  readonly svidFiles?: SvidFiles;
  /** Hint of the SVID to take; absent for the first SVID. */
  readonly svidHint?: string;
  /** How long to wait for the first SVID, in milliseconds. */
  readonly sourceTimeoutMs: number;
  /** Trust roots by role. */
  readonly trustRoots: TrustRoots;
  /** Lowest level that is logged. */
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

/** Address of the health probes. */
export interface HealthListen extends ListenAddress {
  /** Whether the address is the default; a failure to listen is then not fatal. */
  readonly isDefault: boolean;
}

/** Time limits of calls to other components. */
export interface CallTimeouts {
  /** Limit of connecting, TLS handshake included, in milliseconds. */
  readonly connectMs: number;
  /** Limit of waiting for the response header, in milliseconds. */
  readonly headersMs: number;
  /** Limit of the whole call, in milliseconds. */
  readonly totalMs: number;
}

/** How the root key is shared among the keepers. */
export interface ShardSettings {
  /** `https://` URLs; the position from 1 is the shard's x coordinate. */
  readonly keeperPeers: readonly string[];
  /** Number of shards, 1 to 255. */
  readonly shares: number;
  /** Number of shards that rebuild the root key, 1 to `shares`. */
  readonly threshold: number;
  /** Scheme of a new root key. */
  readonly scheme: Scheme;
  /** Where Nexus keeps secrets. */
  readonly backend: "sqlite" | "memory" | "lite";
}

/** JWT-SVIDs of callers behind a proxy. */
export interface JwtSettings {
  /** SPIFFE IDs of the proxies. */
  readonly proxies: readonly SpiffeId[];
  /** Expected audience; absent for the SPIFFE ID of this Nexus. */
  readonly audience?: string;
  /** File with the JWT bundles; absent where the Workload API provides them. */
  readonly bundleFile?: string;
}

/** Settings of Nexus. */
export interface NexusSettings extends CommonSettings, ShardSettings {
  /** Address of the API. */
  readonly listen: ListenAddress;
  /** Address of the health probes; absent when off. */
  readonly health?: HealthListen;
  /** How long a client may take to send a request header, in milliseconds. */
  readonly readHeaderTimeoutMs: number;
  /** Limits of calls to keepers. */
  readonly callTimeouts: CallTimeouts;
  /** Directory of the database; empty where nothing is stored and none is set. */
  readonly dataDir: string;
  /** How often every keeper receives its shard again, in milliseconds. */
  readonly keeperUpdateIntervalMs: number;
  /** How often keepers are probed, in milliseconds. */
  readonly keeperProbeIntervalMs: number;
  /** Number of versions that a new secret keeps. */
  readonly maxSecretVersions: number;
  /** Age at which the KEK is rotated, in milliseconds; 0 disables it. */
  readonly kekMaxAgeMs: number;
  /** How long before its expiry a secret is reported, in milliseconds. */
  readonly expiryWarningMs: number;
  /** Number of request workers; 0 serves from the main thread. */
  readonly workers: number;
  /** Limit of concurrent requests of one SPIFFE ID in one thread. */
  readonly requestsPerIdentity: number;
  /** Longest ciphertext of the encryption service, in bytes. */
  readonly cipherLimitBytes: number;
  /** How long the audit record of a read may wait for the disk, in milliseconds; 0: sync before the answer. */
  readonly auditSyncMs: number;
  /** What the audit log contains only as keyed hashes. */
  readonly auditHashed: readonly ("caller" | "path")[];
  /** Where audit records go besides the log. */
  readonly auditSinks: readonly SinkSetting[];
  /** Days after which records of requests are dropped; 0 keeps them. */
  readonly auditRetentionDays: number;
  /** Pause between two scrubs, in milliseconds; 0 disables them. */
  readonly scrubIntervalMs: number;
  /** Whether to start on an empty store although the keepers hold shards of another one. */
  readonly acceptEmptyStore: boolean;
  /** Absent without proxies: tokens are then ignored. */
  readonly jwt?: JwtSettings;
}

/** Settings of a keeper. */
export interface KeeperSettings extends CommonSettings {
  /** Address of the API. */
  readonly listen: ListenAddress;
  /** Address of the health probes; absent when off. */
  readonly health?: HealthListen;
  /** How long a client may take to send a request header, in milliseconds. */
  readonly readHeaderTimeoutMs: number;
}

/** Settings of Bootstrap; a `timeoutMs` of 0 means none. */
export interface BootstrapSettings extends CommonSettings, ShardSettings {
  /** `https://` URL of Nexus. */
  readonly nexusUrl: string;
  /** Limits of calls to keepers and Nexus. */
  readonly callTimeouts: CallTimeouts;
  /** Whether to create a root key although one exists. */
  readonly force: boolean;
  /** Whether bootstrapping is declared done. */
  readonly completed: boolean;
  /** Limit of the whole run, in milliseconds. */
  readonly timeoutMs: number;
  /** Limit of all attempts for one keeper, in milliseconds. */
  readonly keeperTimeoutMs: number;
  /** Number of attempts for one keeper. */
  readonly keeperMaxRetries: number;
  /** Pause after the first failed attempt, in milliseconds; it doubles from there. */
  readonly retryInitialMs: number;
  /** Longest pause between two attempts, in milliseconds. */
  readonly retryMaxMs: number;
  /** Limit of proving to Nexus that both hold the same key, in milliseconds. */
  readonly verificationTimeoutMs: number;
}

/** Settings of the command line. */
export interface PilotSettings extends CommonSettings {
  /** `https://` URL of Nexus. */
  readonly nexusUrl: string;
  /** Limits of calls to Nexus. */
  readonly callTimeouts: CallTimeouts;
  /** Directory for recovery shards; absent without a setting and without HOME. */
  readonly recoveryDir?: string;
}

/** The settings of each role. */
export interface RoleSettings {
  /** Settings of Nexus. */
  readonly nexus: NexusSettings;
  /** Settings of a keeper. */
  readonly keeper: KeeperSettings;
  /** Settings of Bootstrap. */
  readonly bootstrap: BootstrapSettings;
  /** Settings of the command line. */
  readonly pilot: PilotSettings;
}

function svidFiles(from: Resolver): SvidFiles | undefined {
  const svid = from.get(IDENTITY.svidFile);
  const key = from.get(IDENTITY.svidKeyFile);
  const bundle = from.get(IDENTITY.bundleFile);
  if (svid !== undefined && key !== undefined && bundle !== undefined) return { svid, key, bundle };
  const files = [IDENTITY.svidFile, IDENTITY.svidKeyFile, IDENTITY.bundleFile];
  const isPartial = [svid, key, bundle].some((path) => path !== undefined);
  if (isPartial && from.isSound(...files)) {
    from.complain(
      "SPIKE_SVID_FILE, SPIKE_SVID_KEY_FILE and SPIKE_BUNDLE_FILE must be set together or not at all",
    );
  }
  return undefined;
}

function common(from: Resolver): CommonSettings {
  // The file is read already; this registers the setting, so that it is shown with the others.
  from.get(IDENTITY.configFile);
  const files = svidFiles(from);
  const hint = from.get(IDENTITY.svidHint);
  const roots = from.get(IDENTITY.trustRoot);
  return {
    endpointSocket: from.get(IDENTITY.endpointSocket),
    ...(files && { svidFiles: files }),
    ...(hint !== undefined && { svidHint: hint }),
    sourceTimeoutMs: from.get(IDENTITY.sourceTimeout),
    trustRoots: {
      nexus: from.get(IDENTITY.trustRootNexus) ?? roots,
      keeper: from.get(IDENTITY.trustRootKeeper) ?? roots,
      pilot: from.get(IDENTITY.trustRootPilot) ?? roots,
      bootstrap: from.get(IDENTITY.trustRootBootstrap) ?? roots,
      lite: from.get(IDENTITY.trustRootLite) ?? roots,
    },
    logLevel: from.get(IDENTITY.logLevel),
  };
}

function callTimeouts(from: Resolver): CallTimeouts {
  return {
    connectMs: from.get(CALL.connectTimeout),
    headersMs: from.get(CALL.headersTimeout),
    totalMs: from.get(CALL.callTimeout),
  };
}

function health(from: Resolver): { health?: HealthListen } {
  const address = from.get(LISTENER.health);
  if (address === undefined) return {};
  return { health: { ...address, isDefault: from.isDefault(LISTENER.health) } };
}

/** Checks the rules that combine peers, shares and threshold; `needsPeers` where the role requires keepers. */
function checkShards(from: Resolver, shards: ShardSettings, needsPeers: boolean): void {
  const { keeperPeers: peers, shares, threshold } = shards;
  const isSound = from.isSound(SHARD.keeperPeers, SHARD.shares, SHARD.threshold, SHARD.backend);
  const areIgnored = shards.backend === "memory" || (!needsPeers && peers.length === 0);
  if (!isSound || areIgnored) return;
  if (peers.length === 0) {
    from.complain("SPIKE_NEXUS_KEEPER_PEERS is not set, expected the https:// URLs of all keepers");
  } else if (peers.length !== shares) {
    from.complain(
      `SPIKE_NEXUS_SHAMIR_SHARES is ${shares} and SPIKE_NEXUS_KEEPER_PEERS names ` +
        `${peers.length} keepers, expected one shard for each keeper`,
    );
  }
  if (threshold > shares) {
    from.complain(
      `SPIKE_NEXUS_SHAMIR_THRESHOLD is ${threshold}, expected at most the number of shares, ${shares}`,
    );
  }
  if (threshold === 1 && !from.get(SHARD.allowThresholdOne)) {
    from.complain(
      "SPIKE_NEXUS_SHAMIR_THRESHOLD is 1, expected at least 2, " +
        "or SPIKE_ALLOW_THRESHOLD_ONE=true to let every single keeper hold the root key",
    );
  }
}

function shards(from: Resolver, needsPeers: (backend: ShardSettings["backend"]) => boolean) {
  from.get(SHARD.allowThresholdOne);
  const read: ShardSettings = {
    keeperPeers: from.get(SHARD.keeperPeers),
    shares: from.get(SHARD.shares),
    threshold: from.get(SHARD.threshold),
    scheme: from.get(SHARD.scheme),
    backend: from.get(SHARD.backend),
  };
  checkShards(from, read, needsPeers(read.backend));
  return read;
}

function jwt(from: Resolver): { jwt?: JwtSettings } {
  const proxies = from.get(JWT.proxies);
  const audience = from.get(JWT.audience);
  const bundleFile = from.get(JWT.bundleFile);
  if (proxies.length === 0) {
    if ((audience ?? bundleFile) !== undefined && from.isSound(JWT.proxies)) {
      from.complain(
        "SPIKE_NEXUS_JWT_AUDIENCE or SPIKE_NEXUS_JWT_BUNDLE_FILE is set and no proxy is named, " +
          "expected SPIKE_NEXUS_JWT_PROXIES",
      );
    }
    return {};
  }
  if (bundleFile === undefined && from.get(IDENTITY.svidFile) !== undefined) {
    from.complain(
      "SPIKE_NEXUS_JWT_PROXIES is set and SPIKE_NEXUS_JWT_BUNDLE_FILE is not, " +
        "expected a file with JWT bundles, because the identity comes from files",
    );
  }
  return {
    jwt: {
      proxies,
      ...(audience !== undefined && { audience }),
      ...(bundleFile !== undefined && { bundleFile }),
    },
  };
}

/** The data directory and the audit sinks. */
function keeping(from: Resolver, backend: ShardSettings["backend"]) {
  const dataDir = from.get(NEXUS.dataDir);
  const auditSinks = from.get(NEXUS.auditSinks) ?? [];
  const isSound = from.isSound(SHARD.backend, NEXUS.dataDir, NEXUS.auditSinks);
  if (isSound && backend === "memory" && auditSinks.length > 0) {
    from.complain(
      "SPIKE_NEXUS_AUDIT_SINKS is set, and backend memory has no audit log to copy to a sink, " +
        "expected another backend or no sinks",
    );
  }
  if (isSound && backend !== "memory" && dataDir === undefined) {
    from.complain(
      "SPIKE_DATA_DIR is not set and HOME is not set, expected a directory for the data",
    );
  }
  return { dataDir: dataDir ?? "", auditSinks };
}

function nexus(from: Resolver): NexusSettings {
  const shared = shards(from, (backend) => backend !== "memory");
  return {
    ...common(from),
    ...shared,
    ...keeping(from, shared.backend),
    listen: from.get(LISTENER.nexusListen),
    ...health(from),
    readHeaderTimeoutMs: from.get(LISTENER.readHeaderTimeout),
    callTimeouts: callTimeouts(from),
    keeperUpdateIntervalMs: from.get(NEXUS.keeperUpdateInterval),
    keeperProbeIntervalMs: from.get(NEXUS.keeperProbeInterval),
    maxSecretVersions: from.get(NEXUS.maxSecretVersions),
    kekMaxAgeMs: from.get(NEXUS.kekMaxAge),
    expiryWarningMs: from.get(NEXUS.expiryWarning),
    workers: from.get(NEXUS.workers),
    requestsPerIdentity: from.get(NEXUS.requestsPerIdentity),
    cipherLimitBytes: from.get(NEXUS.cipherLimit),
    auditSyncMs: from.get(NEXUS.auditSync),
    auditHashed: from.get(NEXUS.auditHashed) ?? [],
    auditRetentionDays: from.get(NEXUS.auditRetentionDays),
    scrubIntervalMs: from.get(NEXUS.scrubInterval),
    acceptEmptyStore: from.get(NEXUS.acceptEmptyStore),
    ...jwt(from),
  };
}

function keeper(from: Resolver): KeeperSettings {
  return {
    ...common(from),
    listen: from.get(LISTENER.keeperListen),
    ...health(from),
    readHeaderTimeoutMs: from.get(LISTENER.readHeaderTimeout),
  };
}

function bootstrap(from: Resolver): BootstrapSettings {
  const settings: BootstrapSettings = {
    ...common(from),
    // With the other backends Bootstrap does nothing and does not need keepers.
    ...shards(from, (backend) => backend === "sqlite"),
    nexusUrl: from.get(CALL.nexusUrl),
    callTimeouts: callTimeouts(from),
    force: from.get(BOOTSTRAP.force),
    completed: from.get(BOOTSTRAP.completed),
    timeoutMs: from.get(BOOTSTRAP.timeout),
    keeperTimeoutMs: from.get(BOOTSTRAP.keeperTimeout),
    keeperMaxRetries: from.get(BOOTSTRAP.keeperMaxRetries),
    retryInitialMs: from.get(BOOTSTRAP.retryInitial),
    retryMaxMs: from.get(BOOTSTRAP.retryMax),
    verificationTimeoutMs: from.get(BOOTSTRAP.verificationTimeout),
  };
  if (settings.retryInitialMs > settings.retryMaxMs) {
    from.complain(
      "SPIKE_BOOTSTRAP_KEEPER_RETRY_INITIAL_INTERVAL is longer than " +
        "SPIKE_BOOTSTRAP_KEEPER_RETRY_MAX_INTERVAL, expected at most that",
    );
  }
  return settings;
}

function pilot(from: Resolver): PilotSettings {
  const recoveryDir = from.get(PILOT.recoveryDir);
  return {
    ...common(from),
    nexusUrl: from.get(CALL.nexusUrl),
    callTimeouts: callTimeouts(from),
    ...(recoveryDir !== undefined && { recoveryDir }),
  };
}

/** Reads the settings of each role. */
export const READERS: { readonly [R in SettingsRole]: (from: Resolver) => RoleSettings[R] } = {
  nexus,
  keeper,
  bootstrap,
  pilot,
};
