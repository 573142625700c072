import { type TrustDomain, trustDomainOf } from "../spiffe/id.ts";
import type { BundleMap, X509Svid } from "../spiffe/source.ts";
import {
  encodeJwtBundlesResponse,
  encodeX509BundlesResponse,
  encodeX509SvidResponse,
} from "./message.ts";

/** What the callers of one socket are told: their identities, and the anchors of every known domain. */
export interface WorkloadAnswer {
  /** The first one is the default. Each one's own trust domain has to be in `bundles`. */
  readonly svids: readonly X509Svid[];
  readonly bundles: BundleMap;
  /** JWK sets by trust domain; absent where there is no JWT part. */
  readonly jwtBundles?: ReadonlyMap<TrustDomain, Uint8Array>;
}

/** Where answers come from. */
export interface WorkloadIdentity {
  /** `undefined` while the callers of this socket have no identity. */
  current(): WorkloadAnswer | undefined;
  /** Calls `listener` when `current()` would answer differently. Returns the unsubscription. */
  subscribe(listener: () => void): () => void;
}

/** The message of `FetchX509SVID` that says `answer`. */
export function encodeSvidAnswer({ svids, bundles }: WorkloadAnswer): Uint8Array {
  const own = new Set(svids.map((svid) => trustDomainOf(svid.id)));
  return encodeX509SvidResponse({
    svids: svids.map((svid) => ({
      spiffeId: svid.id,
      x509Svid: join(svid.certificates),
      x509SvidKey: svid.privateKey,
      bundle: join(bundles.get(trustDomainOf(svid.id)) ?? []),
      hint: svid.hint,
    })),
    crl: [],
    federatedBundles: new Map(
      [...bundles].filter(([domain]) => !own.has(domain)).map(toEntry),
    ),
  });
}

/** The message of `FetchX509Bundles` that says `answer`. */
export function encodeBundlesAnswer({ bundles }: WorkloadAnswer): Uint8Array {
  return encodeX509BundlesResponse({ crl: [], bundles: new Map([...bundles].map(toEntry)) });
}

/** The message of `FetchJWTBundles` that says `answer`; undefined where there is no JWT part. */
export function encodeJwtAnswer({ jwtBundles }: WorkloadAnswer): Uint8Array | undefined {
  if (jwtBundles === undefined) return undefined;
  const entries = [...jwtBundles].map(([domain, jwks]) => [`spiffe://${domain}`, jwks] as const);
  return encodeJwtBundlesResponse(new Map(entries));
}

function toEntry([domain, anchors]: [string, readonly Uint8Array[]]): [string, Uint8Array] {
  return [`spiffe://${domain}`, join(anchors)];
}

/** DER certificates end to end, with nothing between them. */
function join(certificates: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(certificates.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const certificate of certificates) {
    joined.set(certificate, at);
    at += certificate.length;
  }
  return joined;
}
