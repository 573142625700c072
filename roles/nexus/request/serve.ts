import { ROUTES } from "../../../lib/api/mod.ts";
import { STREAM_TYPE } from "../../../lib/http/raw.ts";
import type { NexusSettings } from "../../../lib/config/mod.ts";
import { createMtlsServer, type MtlsServer, seldom } from "../../../lib/mtls/mod.ts";
import type { SvidSource } from "../../../lib/spiffe/mod.ts";
import { health } from "../../../lib/telemetry/mod.ts";
import { cipherBodyLimit } from "./cipher_handlers.ts";
import { createNexusApp, type NexusAppOptions } from "./nexus_app.ts";

/** Streams under way on one listener; each holds about half a megabyte. */
const MOST_STREAMS = 64;
/** How long a stream may be idle. */
const STREAM_PATIENCE_MS = 30_000;

/** Options of a listener. */
export interface ServeOptions extends NexusAppOptions {
  readonly settings: NexusSettings;
  readonly source: SvidSource;
  /** Connections at a time. */
  readonly connections: number;
  /** Other threads of this process listen on the same port. */
  readonly isShared: boolean;
}

/** One listener of a Nexus: in the control's own thread without request workers, in each of them otherwise. */
export async function startServing(options: ServeOptions): Promise<MtlsServer> {
  const { settings, source, core, log } = options;
  const longest = Math.max(
    cipherBodyLimit(settings.cipherLimitBytes),
    ...ROUTES.map(({ bodyLimit }) => bodyLimit),
  );
  const app = createNexusApp({ ...options, ownId: () => source.current().svid.id });
  const server = createMtlsServer({
    source,
    // Every valid SVID can connect; each route authorizes it.
    admit: () => true,
    maxBodyBytes: longest,
    fetch: app.fetch,
    onRefused: (refusal) => app.refused(refusal),
    log,
    maxConnections: options.connections,
    headersTimeoutMs: settings.readHeaderTimeoutMs,
    onPeer: seldom((link) => {
      core.notePeer(link).catch((error) => log.warn("peer_not_noted", { detail: String(error) }));
    }),
    requestsPerIdentity: settings.requestsPerIdentity,
    streams: { mediaType: STREAM_TYPE, most: MOST_STREAMS, patienceMs: STREAM_PATIENCE_MS },
  });
  const port = await server.listen({ ...settings.listen, reusePort: options.isShared });
  const forgetHealth = health.add(() => server.isAccepting() ? [] : ["not_accepting"]);
  log.info("listening", { port, id: source.current().svid.id });
  return {
    ...server,
    async close(drainMs) {
      forgetHealth();
      await server.close(drainMs);
      await app.settle();
      app.forget();
    },
  };
}
