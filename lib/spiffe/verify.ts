import { type Certificate, parseCertificate } from "../x509/certificate.ts";
import { DerError } from "../x509/der.ts";
import { type SpiffeId, type TrustDomain, trustDomainOf } from "./id.ts";
import { judgeLeaf, type LeafFault } from "./leaf.ts";
import { type PathFault, validatePath } from "../x509/path.ts";
import type { BundleMap } from "./source.ts";

export { type PathFault, type PathQuestion, type PathVerdict, validatePath } from "../x509/path.ts";

/** Why a peer was refused: one word of a closed list, for logs and metrics. */
export type PeerRefusal =
  | "empty-chain"
  | "too-many"
  | "unparsable"
  | LeafFault
  | "no-bundle"
  | PathFault;

/** What is known about a peer after its certificates were checked. */
export type PeerVerdict =
  | {
    readonly ok: true;
    readonly id: SpiffeId;
    readonly trustDomain: TrustDomain;
    /** The earliest end in the path, milliseconds since the epoch: the verdict may not be kept longer. */
    readonly notAfterMs: number;
    /** Validity of the leaf itself, milliseconds since the epoch. */
    readonly leafNotBeforeMs: number;
    readonly leafNotAfterMs: number;
    /** Serial number of the leaf, hex. */
    readonly serial: string;
    /** Whether an authority of the path has name constraints, which were honoured. */
    readonly hasNameConstraints?: true;
  }
  | {
    readonly ok: false;
    readonly reason: PeerRefusal;
    readonly message: string;
    /** What the leaf claims to be, where it could be read. Not proved. */
    readonly id?: SpiffeId;
  };

/** What a verification may cost. */
export interface VerifyLimits {
  /** Signature checks that may fail. Default: as many as a real chain may need. */
  readonly mostFailures?: number;
}

/** Longer than any real chain. */
const MAX_CERTIFICATES = 10;

/**
 * Judges the certificates a peer presented, leaf first, as received (X509-SVID section 5).
 *
 * The trust anchors are those of the trust domain that the leaf itself names, never a pool of all bundles:
 * otherwise an authority of any federated domain could issue IDs of ours. Malformed input is a refusal and
 * does not throw. Extended key usage is ignored.
 *
 * @example
 * ```ts
 * const verdict = verifyPeer(chain, source.current().bundles, Date.now());
 * if (!verdict.ok) socket.destroy();
 * ```
 */
export function verifyPeer(
  chain: readonly Uint8Array[],
  bundles: BundleMap,
  instantMs: number,
  limits: VerifyLimits = {},
): PeerVerdict {
  const parsed = parseChain(chain);
  if (!parsed.ok) return parsed;
  const { leaf, pool } = parsed;
  const identity = judgeLeaf(leaf);
  if (!identity.ok) return identity;
  const { id } = identity;
  const trustDomain = trustDomainOf(id);
  const bundle = bundles.get(trustDomain) ?? [];
  if (bundle.length === 0) {
    const message = `There is no bundle for the trust domain ${trustDomain} of ${id}`;
    return { ok: false, reason: "no-bundle", message, id };
  }
  const anchors = bundle.flatMap(parseAnchor);
  const verdict = validatePath({ leaf, pool, anchors, instantMs, ...limits });
  if (!verdict.ok) {
    return { ok: false, reason: verdict.reason, message: `${verdict.message} (${id})`, id };
  }
  const isConstrained = verdict.path.some((each) => each.nameConstraints !== undefined);
  return {
    ok: true,
    id,
    trustDomain,
    notAfterMs: verdict.notAfterMs,
    leafNotBeforeMs: leaf.notBeforeMs,
    leafNotAfterMs: leaf.notAfterMs,
    serial: leaf.serial,
    ...(isConstrained && { hasNameConstraints: true }),
  };
}

type ParsedChain =
  | { readonly ok: true; readonly leaf: Certificate; readonly pool: readonly Certificate[] }
  | Extract<PeerVerdict, { ok: false }>;

function parseChain(chain: readonly Uint8Array[]): ParsedChain {
  if (chain.length > MAX_CERTIFICATES) {
    const message =
      `Peer sent ${chain.length} certificates, at most ${MAX_CERTIFICATES} are allowed`;
    return { ok: false, reason: "too-many", message };
  }
  const certificates: Certificate[] = [];
  for (const [i, der] of chain.entries()) {
    const outcome = tryParse(der);
    if (outcome instanceof DerError) {
      const message = `Certificate ${i + 1} of ${chain.length} is malformed: ${outcome.message}`;
      return { ok: false, reason: "unparsable", message };
    }
    certificates.push(outcome);
  }
  const [leaf, ...pool] = certificates;
  if (leaf === undefined) {
    return { ok: false, reason: "empty-chain", message: "Peer sent no certificate" };
  }
  return { ok: true, leaf, pool };
}

/** Anchors as they were read: a bundle is used for many peers, and can have hundreds. */
const anchorsRead = new WeakMap<Uint8Array, Certificate[]>();

/** An anchor that cannot be read trusts nothing; the others of its bundle stand. */
function parseAnchor(der: Uint8Array): Certificate[] {
  const known = anchorsRead.get(der);
  if (known !== undefined) return known;
  const outcome = tryParse(der);
  const anchors = outcome instanceof DerError ? [] : [outcome];
  anchorsRead.set(der, anchors);
  return anchors;
}

function tryParse(der: Uint8Array): Certificate | DerError {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (error instanceof DerError) return error;
    throw error;
  }
}
