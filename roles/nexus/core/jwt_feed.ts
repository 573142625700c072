import type { NexusSettings } from "../../../lib/config/mod.ts";
import { type JwtDocuments } from "../../../lib/jwt_svid/mod.ts";
import { parseEndpoint } from "../../../lib/workload_api/mod.ts";
import { type TrustDomain } from "../../../lib/spiffe/mod.ts";
import {
  followJwtBundles,
  followJwtFile,
  type JwtSource,
} from "../../../lib/workload_api/jwt_source.ts";
import { health, type Logger } from "../../../lib/telemetry/mod.ts";

/** The newest JWT bundles, for the threads that verify tokens. */
export interface JwtFeed {
  /** Calls `listener` with the newest bundles, now if there are any, and at every change. */
  follow(listener: (documents: JwtDocuments) => void): void;
  close(): Promise<void>;
}

/** Opens the source that the settings name; without a proxy in the settings it opens none. */
export function openJwtFeed(
  { jwt, endpointSocket }: Pick<NexusSettings, "jwt" | "endpointSocket">,
  own: TrustDomain,
  log: Logger,
): JwtFeed {
  if (jwt === undefined) return { follow: () => {}, close: () => Promise.resolve() };
  const listeners = new Set<(documents: JwtDocuments) => void>();
  let latest: JwtDocuments | undefined;
  const to = {
    take: (documents: JwtDocuments) => {
      latest = documents;
      for (const listener of listeners) listener(documents);
    },
    report: (reason: string) => log.warn("jwt_bundles_awaited", { reason }),
  };
  const source: JwtSource = jwt.bundleFile === undefined
    ? followJwtBundles(parseEndpoint(endpointSocket), to)
    : followJwtFile(jwt.bundleFile, own, to);
  health.add(() => latest === undefined ? ["jwt_bundles_missing"] : []);
  return {
    follow: (listener) => {
      listeners.add(listener);
      if (latest) listener(latest);
    },
    close: () => source.close(),
  };
}
