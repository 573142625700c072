/** A Nexus with a memory store and no network: two sets of routes, as two request workers have them. */
import type { RequestEntry } from "../../../lib/audit/mod.ts";
import type { JwtSettings, NexusSettings } from "../../../lib/config/mod.ts";
import type { Fetch, Peer } from "../../../lib/mtls/mod.ts";
import { ordinarySlots } from "../../../lib/seal/mod.ts";
import { DEFAULT_TRUST_ROOTS, MemorySource, parseSpiffeId } from "../../../lib/spiffe/mod.ts";
import { type JwtKeySet } from "../../../lib/jwt_svid/mod.ts";
import { openMemory, type Store } from "../../../lib/store/mod.ts";
import { keepRecords } from "./_auditing.ts";
import { keepLines, type Line } from "../../../lib/telemetry/_sink.ts";
import { type Core, startCore } from "../core/core.ts";
import type { CorePort } from "../core/core_port.ts";
import { createNexusApp } from "./nexus_app.ts";
import { CIPHER_SLOTS, KEK_SLOTS, SharedPage } from "../../../lib/shared_page/page.ts";

const SETTINGS = {
  backend: "memory",
  keeperPeers: [],
  threshold: 1,
  shares: 1,
  acceptEmptyStore: false,
  trustRoots: DEFAULT_TRUST_ROOTS,
  callTimeouts: { connectMs: 1, headersMs: 1, totalMs: 1 },
  maxSecretVersions: 10,
  kekMaxAgeMs: 0,
  expiryWarningMs: 0,
  cipherLimitBytes: 65_536,
} as unknown as NexusSettings;

const PATHS = {
  secret: "/v1/store/secrets",
  metadata: "/v1/store/secrets/metadata",
  policy: "/v1/acl/policy",
  encrypt: "/v1/cipher/encrypt",
  decrypt: "/v1/cipher/decrypt",
  keys: "/v1/cipher/keys",
  keks: "/v1/operator/keks",
  status: "/v1/status",
  verify: "/v1/bootstrap/verify",
} as const;

/** A group of routes and, behind a colon, the action: `secret:get`. */
export type RouteName = keyof typeof PATHS | `${keyof typeof PATHS}:${string}`;

/** An answer. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** Of answers that name a state. */
  readonly etag?: string;
}

/** A Nexus under test. */
export interface AppWorld extends AsyncDisposable {
  readonly store: Store;
  readonly core: CorePort;
  readonly control: Core["control"];
  /** The first of the two sets of routes. */
  readonly fetch: Fetch;
  readonly page: SharedPage;
  readonly lines: readonly Line[];
  /** What was recorded of requests. */
  readonly entries: readonly RequestEntry[];
  /** Sends a request to one of the two sets of routes, 0 or 1. */
  ask(
    id: string,
    route: RouteName,
    body: unknown,
    app?: number,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
}

/** By what tokens are judged. */
export interface AppTokens {
  readonly jwt: JwtSettings;
  readonly keys: JwtKeySet;
}

/** Of a role of the default trust root. */
export function idOf(role: string): string {
  if (["nexus", "keeper", "bootstrap"].includes(role)) return `spiffe://spike.ist/spike/${role}`;
  if (role === "lite") return "spiffe://spike.ist/spike/workload/role/lite";
  return `spiffe://spike.ist/spike/pilot/role/${role}`;
}

/** Starts a Nexus that is ready; `tokens` lets it take callers from tokens. */
export async function startApps(tokens?: AppTokens): Promise<AppWorld> {
  const store = openMemory();
  const page = new SharedPage();
  const kekSlots = ordinarySlots(KEK_SLOTS);
  const cipherSlots = ordinarySlots(CIPHER_SLOTS);
  const auditing = keepRecords(store);
  const core = await startCore({
    settings: SETTINGS,
    source: new MemorySource(),
    page,
    rootSlots: ordinarySlots(1),
    kekSlots,
    cipherSlots,
    auditing,
  });
  const { log, lines } = keepLines();
  const settings = { ...SETTINGS, ...(tokens ? { jwt: tokens.jwt } : {}) };
  const parts = {
    settings,
    core: core.port,
    page,
    kekSlots,
    cipherSlots,
    store,
    log,
    ...(tokens ? { jwtKeys: tokens.keys, ownId: () => parseSpiffeId(idOf("nexus")) } : {}),
  };
  const made = [createNexusApp(parts), createNexusApp(parts)];
  const apps = made.map(({ fetch }) => fetch);
  return {
    store,
    core: core.port,
    control: core.control,
    fetch: apps[0] as Fetch,
    page,
    lines,
    entries: auditing.entries,
    ask: (id, route, body, app = 0, headers = {}) =>
      ask(apps[app] as Fetch, { id, route, body, headers }),
    [Symbol.asyncDispose]: async () => {
      for (const app of made) await app.settle();
      await core.stop();
    },
  };
}

interface Question {
  readonly id: string;
  readonly route: RouteName;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

async function ask(fetch: Fetch, { id, route, body, headers }: Question): Promise<Answer> {
  const [group = "", action] = route.split(":");
  const url = new URL(PATHS[group as keyof typeof PATHS], "https://localhost");
  if (action !== undefined) url.searchParams.set("action", action);
  const bytes = new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
  const response = await fetch(new Request(url, { method: "POST", headers }), {
    peer: { ok: true, id: parseSpiffeId(id), trustDomain: "spike.ist", serial: "0a" } as Peer,
    readBody: () => Promise.resolve(bytes),
  });
  const text = await response.text();
  const etag = response.headers.get("etag");
  return {
    status: response.status,
    body: text === "" ? undefined : JSON.parse(text),
    ...(etag === null ? {} : { etag }),
  };
}
