import type { Certificate } from "./certificate.ts";
import { type ComparisonBudget, constraintFault } from "./constrained_names.ts";

/** Why no certification path was found. */
export type PathFault =
  | "unknown-authority"
  | "expired"
  | "not-yet-valid"
  | "issuer-not-ca"
  | "issuer-cert-sign"
  | "path-length"
  | "name-constraints"
  | "critical-extension"
  | "unsupported-signature"
  | "too-costly";

/** A rejected path. */
export interface PathRefusal {
  /** Distinguishes it from a valid path. */
  readonly ok: false;
  /** For programs and metrics. */
  readonly reason: PathFault;
  /** For people; names no key. */
  readonly message: string;
}

/**
 * Checks a path except for its signatures (RFC 5280 section 6.1): validity, critical extensions, the right to sign
 * certificates, path lengths and name constraints, including those of the anchor. `path` begins with the leaf.
 */
export function pathFault(
  path: readonly Certificate[],
  instantMs: number,
  budget: ComparisonBudget,
): PathRefusal | undefined {
  // Intermediates below the current issuer that are not self-issued.
  let below = 0;
  for (const [i, certificate] of path.entries()) {
    const what = i === 0 ? "Leaf" : "Issuer";
    const fault = (i === 0 ? undefined : issuerFault(certificate, below)) ??
      certificateFault(certificate, what, instantMs);
    if (fault !== undefined) return fault;
    if (i > 0 && !isSelfIssued(certificate)) below++;
  }
  const constraint = constraintFault(path, budget);
  return constraint && refuse(constraint.kind, constraint.message);
}

/** RFC 5280 section 6.1.4 (k) to (n). */
function issuerFault(issuer: Certificate, below: number): PathRefusal | undefined {
  if (!issuer.basicConstraints?.ca) {
    return refuse("issuer-not-ca", "Issuer is not a CA certificate");
  }
  if (issuer.keyUsage !== undefined && !issuer.keyUsage.keyCertSign) {
    return refuse("issuer-cert-sign", "Issuer has keyUsage without keyCertSign");
  }
  const { pathLength } = issuer.basicConstraints;
  if (pathLength !== undefined && below > pathLength) {
    const message = `Issuer allows ${pathLength} intermediates below it, there are ${below}`;
    return refuse("path-length", message);
  }
  return undefined;
}

/** Checks that apply to leaf, intermediates and anchor. */
export function certificateFault(
  certificate: Certificate,
  what: "Leaf" | "Issuer",
  instantMs: number,
): PathRefusal | undefined {
  const { notBeforeMs, notAfterMs, unknownCritical } = certificate;
  if (instantMs < notBeforeMs) {
    const message = `${what} is valid from ${time(notBeforeMs)}, it is ${time(instantMs)}`;
    return refuse("not-yet-valid", message);
  }
  if (instantMs > notAfterMs) {
    return refuse("expired", `${what} ended at ${time(notAfterMs)}, it is ${time(instantMs)}`);
  }
  if (unknownCritical.length > 0) {
    const shown = unknownCritical.slice(0, 5).join(", ");
    const more = unknownCritical.length > 5 ? ` and ${unknownCritical.length - 5} more` : "";
    const message = `${what} has unknown critical extensions ${shown}${more}`;
    return refuse("critical-extension", message);
  }
  // RFC 5280 section 4.2.1.10: only in a CA certificate.
  if (what === "Leaf" && certificate.nameConstraints?.critical) {
    return refuse(
      "critical-extension",
      "Leaf has critical nameConstraints, which only a CA may have",
    );
  }
  return undefined;
}

/** RFC 5280 section 3.2: such certificates do not count for path lengths. */
function isSelfIssued(certificate: Certificate): boolean {
  return certificate.subject.comparable === certificate.issuer.comparable;
}

/** Creates a {@linkcode PathRefusal}. */
export function refuse(reason: PathFault, message: string): PathRefusal {
  return { ok: false, reason, message };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
