import { formatEndpoint } from "../../lib/workload_api/endpoint.ts";
import { type Layout, socketPath } from "./layout.ts";
import type { Ports } from "./ports.ts";

/** The trust domain of every development system. */
export const TRUST_DOMAIN = "spike.ist";
/** Shards that rebuild the root key. */
export const THRESHOLD = 2;
export const KEEPERS = 3;

/** One process of the system. */
export interface ProcessPlan {
  /** `nexus`, `keeper-1` …, `bootstrap`. */
  readonly name: string;
  /** The role's own arguments. */
  readonly args: readonly string[];
  readonly spiffeId: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** What the plans are made from. */
export interface SystemPlan {
  readonly layout: Layout;
  readonly ports: Ports;
  /** Of the supervisor itself; settings that do not concern the system's shape pass through. */
  readonly env: Readonly<Record<string, string>>;
  /** Request workers of Nexus, when asked for. */
  readonly workers?: number;
  /** How the root key is shared, when asked for. */
  readonly scheme?: string;
}

/** Names that a development system answers itself: what a shell has of another system must not leak in. */
const SHAPE =
  /^(SPIFFE_|SPIKE_(TRUST_ROOT|SVID_|BUNDLE_FILE|KEEPERS$|SHAMIR_|DATA_DIR$|BACKEND_|BOOTSTRAP_|ALLOW_)|SPIKE_KEEPER_TLS_PORT$|SPIKE_NEXUS_(TLS_PORT|API_URL|URL|KEEPER_PEERS|SHAMIR_|DATA_DIR|BACKEND_|ACCEPT_)|SPIKE_(NEXUS_)?(KEEPER_)?HEALTH_)/;

/** A keeper that was started anew gets its shard back after about this time, and `start` waits for it. */
const PROBE_INTERVAL = "500ms";

/** Where Nexus is found. */
export function nexusUrl({ nexus }: Ports): string {
  return `https://127.0.0.1:${nexus}`;
}

/** Where the processes of a system answer health probes, by their names. */
export function healthUrls({ health }: Ports): Record<string, string> {
  const keepers = health.keepers.map((port, i) => [keeperName(i + 1), port] as const);
  return Object.fromEntries(
    [["nexus", health.nexus] as const, ...keepers].map(([name, port]) => [
      name,
      `http://127.0.0.1:${port}`,
    ]),
  );
}

/** The name of the keeper at a position from 1. */
export function keeperName(position: number): string {
  return `keeper-${position}`;
}

/** The position of a keeper from its name. */
export function keeperPosition(name: string): number | undefined {
  const digits = /^keeper-(\d+)$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** All processes of the system, Nexus first. */
export function planProcesses(plan: SystemPlan): ProcessPlan[] {
  const { layout, ports, workers, scheme } = plan;
  const peers = ports.keepers.map((port) => `https://127.0.0.1:${port}`).join(",");
  const shards = {
    SPIKE_NEXUS_KEEPER_PEERS: peers,
    SPIKE_NEXUS_SHAMIR_SHARES: String(ports.keepers.length),
    SPIKE_NEXUS_SHAMIR_THRESHOLD: String(THRESHOLD),
    ...(scheme === undefined ? {} : { SPIKE_SHAMIR_SCHEME: scheme }),
  };
  const make = (name: string, path: string, own: Record<string, string>): ProcessPlan => ({
    name,
    args: [name.replace(/-\d+$/, ""), "--exit-with-stdin"],
    spiffeId: `spiffe://${TRUST_DOMAIN}/spike/${path}`,
    env: { ...common(plan.env), SPIFFE_ENDPOINT_SOCKET: endpoint(layout, name), ...own },
  });
  return [
    make("nexus", "nexus", {
      SPIKE_NEXUS_KEEPER_PROBE_INTERVAL: PROBE_INTERVAL,
      ...passed(plan.env, "SPIKE_NEXUS_KEEPER_PROBE_INTERVAL"),
      ...shards,
      SPIKE_NEXUS_TLS_PORT: `127.0.0.1:${ports.nexus}`,
      SPIKE_HEALTH_ADDR: `127.0.0.1:${ports.health.nexus}`,
      SPIKE_DATA_DIR: layout.data,
      ...(workers === undefined ? {} : { SPIKE_NEXUS_WORKERS: String(workers) }),
    }),
    ...ports.keepers.map((port, i) =>
      make(keeperName(i + 1), `keeper/${i + 1}`, {
        SPIKE_KEEPER_TLS_PORT: `127.0.0.1:${port}`,
        SPIKE_HEALTH_ADDR: `127.0.0.1:${ports.health.keepers[i]}`,
      })
    ),
    make("bootstrap", "bootstrap", {
      ...shards,
      SPIKE_NEXUS_API_URL: nexusUrl(ports),
      // All processes start at once, so the first attempts often come too early.
      SPIKE_BOOTSTRAP_KEEPER_RETRY_INITIAL_INTERVAL: "50ms",
      SPIKE_BOOTSTRAP_KEEPER_RETRY_MAX_INTERVAL: "200ms",
      SPIKE_BOOTSTRAP_KEEPER_MAX_RETRIES: "1000",
      SPIKE_BOOTSTRAP_INIT_VERIFICATION_TIMEOUT: "30s",
    }),
  ];
}

/** Address of the Workload API that serves the identity `name`. */
export function endpoint(layout: Layout, name: string): string {
  return formatEndpoint({ kind: "unix", path: socketPath(layout, name) });
}

function common(env: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(env).filter(([name]) => !SHAPE.test(name));
  return {
    ...Object.fromEntries(kept),
    NO_COLOR: "1",
    SPIKE_TRUST_ROOT: TRUST_DOMAIN,
    // The supervisor learns from these lines that a process listens.
    SPIKE_SYSTEM_LOG_LEVEL: env["SPIKE_SYSTEM_LOG_LEVEL"]?.toLowerCase() === "debug"
      ? "debug"
      : "info",
  };
}

function passed(env: Readonly<Record<string, string>>, name: string): Record<string, string> {
  const value = env[name];
  return value === undefined ? {} : { [name]: value };
}
