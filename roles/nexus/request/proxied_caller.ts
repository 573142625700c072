import { SpikeError } from "../../../lib/error/mod.ts";
import type { Peer } from "../../../lib/mtls/mod.ts";
import { type JwtKeySet, verifyJwtSvid } from "../../../lib/jwt_svid/mod.ts";
import { type SpiffeId } from "../../../lib/spiffe/mod.ts";

/** How callers behind proxies are identified. */
export interface ProxiedCallers {
  /** IDs of the proxies. IDs below one of them are not proxies. */
  readonly proxies: readonly SpiffeId[];
  readonly audience: () => string;
  readonly keys: JwtKeySet;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** RFC 6750 section 2.1; two headers arrive as one with a comma, which is not a token. */
const BEARER = /^Bearer ([\w.-]+)$/i;

/**
 * Names the caller of a request that came by a proxy: whom the JWT-SVID in its `Authorization` header names. A proxy
 * never acts in its own name, or a request without a token would have the proxy's rights. On every other connection
 * the header is not looked at.
 */
export function nameProxiedCaller(
  { proxies, audience, keys, clock }: ProxiedCallers,
): (request: Request, peer: Peer) => Promise<Peer> {
  const trusted: ReadonlySet<SpiffeId> = new Set(proxies);
  return async (request, peer) => {
    if (!trusted.has(peer.id)) return peer;
    const token = BEARER.exec(request.headers.get("authorization") ?? "")?.[1];
    if (token === undefined) throw refused("no-token", "The proxy sent no bearer token");
    const verdict = await verifyJwtSvid(token, { keys, audience: audience(), nowMs: clock() });
    if (!verdict.ok) throw refused(verdict.reason, verdict.message);
    const { id, trustDomain } = verdict;
    return { ...peer, id, trustDomain, via: peer.id };
  };
}

function refused(reason: string, message: string): SpikeError {
  return new SpikeError("access_unauthorized", `Token refused, ${reason}: ${message}`);
}
