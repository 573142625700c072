/** Identities, servers and clients on loopback, with clocks and logs in the test's hands. */
import { createAuthority } from "../../lib/authority/authority.ts";
import type { Authority, LeafOverrides } from "../../lib/authority/authority.ts";
import {
  type BundleMap,
  MemorySource,
  parseSpiffeId,
  parseTrustDomain,
  type SpiffeId,
} from "../../lib/spiffe/mod.ts";
import { pemEncode } from "../../lib/x509/mod.ts";
import { createMtlsClient, createMtlsServer } from "../../lib/mtls/mod.ts";
import type { Fetch, MtlsServer, MtlsStreamClient, PeerLink, Refusal } from "../../lib/mtls/mod.ts";
import type { Fields, Logger } from "../../lib/telemetry/mod.ts";

export const NEXUS = "spiffe://spike.ist/spike/nexus";
export const SUPERUSER = "spiffe://spike.ist/spike/pilot/role/superuser";
const HOUR_MS = 3_600_000;

/** A log that a test can read. */
export class RecordedLog implements Logger {
  readonly lines: { level: string; event: string; fields: Fields }[] = [];
  #waiting: (() => void)[] = [];

  debug = (event: string, fields: Fields = {}) => this.#add("debug", event, fields);
  info = (event: string, fields: Fields = {}) => this.#add("info", event, fields);
  warn = (event: string, fields: Fields = {}) => this.#add("warn", event, fields);
  error = (event: string, fields: Fields = {}) => this.#add("error", event, fields);

  /** The first warning of that event, now or as soon as it comes. */
  async warning(event: string): Promise<Fields> {
    for (;;) {
      const line = this.lines.find((each) => each.level === "warn" && each.event === event);
      if (line) return line.fields;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #add(level: string, event: string, fields: Fields): void {
    this.lines.push({ level, event, fields });
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

export function authority(
  trustDomain = "spike.ist",
  clock: () => number = Date.now,
): Promise<Authority> {
  return createAuthority({ trustDomain: parseTrustDomain(trustDomain), clock });
}

export function bundlesOf(...authorities: readonly Authority[]): BundleMap {
  return new Map(authorities.map((each) => [each.trustDomain, each.anchors()]));
}

/** A source with one SVID of `issuer`, trusting `trusted` (by default the issuer). */
export async function sourceOf(
  issuer: Authority,
  id: string,
  options: { ttlMs?: number; overrides?: LeafOverrides; trusted?: readonly Authority[] } = {},
): Promise<MemorySource> {
  const { ttlMs = HOUR_MS, overrides, trusted = [issuer] } = options;
  const svid = await issuer.issue(parseSpiffeId(id), ttlMs, overrides);
  return new MemorySource({ svid, bundles: bundlesOf(...trusted) });
}

/** What a hand-made client or server shows of an identity. */
export function pemOf(source: MemorySource): { cert: string; key: string } {
  const { svid } = source.current();
  return {
    cert: svid.certificates.map((der) => pemEncode("CERTIFICATE", der)).join(""),
    key: pemEncode("PRIVATE KEY", svid.privateKey),
  };
}

/** A server that answers with the caller's ID and the size of the body. */
export const echo: Fetch = async (_request, { peer, readBody }) => {
  const body = await readBody(1024 * 1024);
  return Response.json({ peer: peer.id, bytes: body.length });
};

export interface Served extends AsyncDisposable {
  readonly server: MtlsServer;
  readonly url: string;
  readonly port: number;
  readonly log: RecordedLog;
}

export async function serve(
  source: MemorySource,
  options: {
    admit?: (id: SpiffeId) => boolean;
    fetch?: Fetch;
    clock?: () => number;
    maxBodyBytes?: number;
    maxHeldBytes?: number;
    requestsPerIdentity?: number;
    connectionsPerIdentity?: number;
    onRefused?: (refusal: Refusal) => void;
  } = {},
): Promise<Served> {
  const log = new RecordedLog();
  const server = createMtlsServer({ source, admit: () => true, fetch: echo, log, ...options });
  const port = await server.listen({ host: "127.0.0.1", port: 0 });
  const url = `https://127.0.0.1:${port}/`;
  return { server, url, port, log, [Symbol.asyncDispose]: () => server.close() };
}

export type DisposableClient = MtlsStreamClient & AsyncDisposable;

export function client(
  source: MemorySource,
  options: {
    expected?: string;
    clock?: () => number;
    connectMs?: number;
    onPeer?: (link: PeerLink) => void;
  } = {},
): DisposableClient {
  const made = createMtlsClient({
    source,
    isExpectedPeer: (id) => id === (options.expected ?? NEXUS),
    peerName: "a SPIKE Nexus",
    timeouts: { connectMs: options.connectMs ?? 5_000, headersMs: 5_000, totalMs: 10_000 },
    ...(options.clock ? { clock: options.clock } : {}),
    ...(options.onPeer ? { onPeer: options.onPeer } : {}),
  });
  return { ...made, [Symbol.asyncDispose]: () => made.close() };
}

/** The `SpikeError` that `work` rejects with. */
export async function failureOf(
  work: Promise<unknown>,
): Promise<{ code: string; message: string }> {
  try {
    await work;
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error("It did not fail");
}
