import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { BundleMap, PeerVerdict, SvidSource } from "../spiffe/mod.ts";
import { type VerifyLimits, verifyPeer } from "../spiffe/mod.ts";

/** Most verdicts kept; a flood of strangers only evicts, it never grows memory. */
const CACHE_LIMIT = 4096;

/** Judges a peer's certificates, leaf first, against the newest bundles. Limits do not touch remembered verdicts. */
export type Judge = (chain: readonly Uint8Array[], limits?: VerifyLimits) => PeerVerdict;

/** Identifies exactly these certificates in exactly this order. */
function fingerprint(chain: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const certificate of chain) {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, certificate.length);
    hash.update(length).update(certificate);
  }
  return hash.digest("base64");
}

/**
 * A judge over `source` that remembers favourable verdicts: a signature check costs half a millisecond, and
 * clients of the original make one handshake per call. A remembered verdict holds for the same certificates,
 * the same anchors, and never past the earliest end in the path. Refusals are not remembered, so
 * nothing that was refused for a passing reason stays refused. A chain is hashed once: whoever judges it again gives
 * the same array, and changes nothing in it.
 *
 * @param clock milliseconds since the epoch
 */
export function createJudge(source: SvidSource, clock: () => number): Judge {
  const remembered = new Map<string, { verdict: PeerVerdict & { ok: true }; sinceMs: number }>();
  // A connection is judged again at every request, always by the same array.
  const fingerprints = new WeakMap<readonly Uint8Array[], string>();
  const fingerprintOf = (chain: readonly Uint8Array[]): string => {
    let known = fingerprints.get(chain);
    if (known === undefined) fingerprints.set(chain, known = fingerprint(chain));
    return known;
  };
  let bundles: BundleMap | undefined;
  return (chain, limits = {}) => {
    const now = clock();
    const snapshot = source.current();
    if (snapshot.bundles !== bundles) {
      // Most new snapshots bring a new SVID and the same anchors.
      if (!bundles || !isSame(snapshot.bundles, bundles)) remembered.clear();
      bundles = snapshot.bundles;
    }
    const key = fingerprintOf(chain);
    const known = remembered.get(key);
    // A clock that was set back may stand before the path's beginning: judge anew.
    if (known && now >= known.sinceMs && now <= known.verdict.notAfterMs) return known.verdict;
    const verdict = verifyPeer(chain, snapshot.bundles, now, limits);
    if (verdict.ok) {
      if (remembered.size >= CACHE_LIMIT) remembered.delete(remembered.keys().next().value ?? "");
      remembered.set(key, { verdict, sinceMs: now });
    }
    return verdict;
  };
}

function isSame(a: BundleMap, b: BundleMap): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([domain, anchors]) => {
    const others = b.get(domain);
    return others?.length === anchors.length &&
      anchors.every((der, i) => Buffer.compare(der, others[i] ?? new Uint8Array()) === 0);
  });
}
