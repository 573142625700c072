import type { Certificate } from "./certificate.ts";
import { checkSignature } from "./signature.ts";

/** Why no certification path was found. */
export type PathFault =
  | "unknown-authority"
  | "expired"
  | "not-yet-valid"
  | "issuer-not-ca"
  | "issuer-cert-sign"
  | "path-length"
  | "critical-extension"
  | "unsupported-signature"
  | "too-costly";

/** What is to be proved, and with what. */
export interface PathQuestion {
  readonly leaf: Certificate;
  /** Untrusted certificates that may stand between leaf and anchor, in any order. */
  readonly pool: readonly Certificate[];
  /** Trusted by being here; they need not be self-signed. */
  readonly anchors: readonly Certificate[];
  readonly instantMs: number;
}

/** A path from the leaf (first) to an anchor (last), or the most telling reason why there is none. */
export type PathVerdict =
  | {
    readonly ok: true;
    readonly path: readonly Certificate[];
    /** The earliest end in the path. */
    readonly notAfterMs: number;
  }
  | { readonly ok: false; readonly reason: PathFault; readonly message: string };

/** A hostile chain can offer alternatives without end; at half a millisecond each this bounds its price. */
const MAX_SIGNATURE_CHECKS = 100;

type Refusal = Extract<PathVerdict, { ok: false }>;

/**
 * Builds and validates a certification path (RFC 5280 section 6.1) for one instant: names chain, signatures
 * hold, every certificate including the anchor is inside its validity, every issuer is a CA that may sign
 * certificates, path lengths hold, and nothing critical is left that we do not understand. Extended key usage
 * and policies are not looked at.
 *
 * Throws an Error when `instantMs` is not a finite number.
 */
export function validatePath(question: PathQuestion): PathVerdict {
  const { leaf, instantMs } = question;
  // NaN compares false with both ends of a validity and would pass for inside.
  if (!Number.isFinite(instantMs)) throw new Error(`instant ${instantMs} is not a time`);
  const fault = faultOf(leaf, "Leaf", instantMs);
  if (fault !== undefined) return fault;
  const search = new PathSearch(question);
  const path = search.extend([leaf], 0);
  if (path === undefined) return search.refusal();
  return { ok: true, path, notAfterMs: Math.min(...path.map((each) => each.notAfterMs)) };
}

class PathSearch {
  #checks = 0;
  /** The first reason why a certificate that did sign could not be used. */
  #found: Refusal | undefined;
  #spent = false;

  constructor(private readonly question: PathQuestion) {}

  /** `below` counts the intermediates of `path` that are not self-issued. */
  extend(path: readonly Certificate[], below: number): readonly Certificate[] | undefined {
    const child = path.at(-1);
    if (child === undefined) throw new Error("a path begins with its leaf");
    for (const anchor of candidates(child, this.question.anchors)) {
      if (this.#mayIssue(anchor, child, below)) return [...path, anchor];
    }
    for (const issuer of candidates(child, this.question.pool)) {
      if (path.includes(issuer) || !this.#mayIssue(issuer, child, below)) continue;
      const whole = this.extend([...path, issuer], below + (isSelfIssued(issuer) ? 0 : 1));
      if (whole !== undefined) return whole;
    }
    return undefined;
  }

  refusal(): Refusal {
    if (this.#spent) {
      const message = `No path was found within ${MAX_SIGNATURE_CHECKS} signature checks`;
      return { ok: false, reason: "too-costly", message };
    }
    const { anchors } = this.question;
    const message =
      `No path leads from the leaf to one of the ${anchors.length} trusted authorities`;
    return this.#found ?? { ok: false, reason: "unknown-authority", message };
  }

  /**
   * The signature comes first: what is wrong with a certificate that signed nothing here is no reason anybody
   * should read in a log.
   */
  #mayIssue(issuer: Certificate, child: Certificate, below: number): boolean {
    if (this.#checks === MAX_SIGNATURE_CHECKS) {
      this.#spent = true;
      return false;
    }
    this.#checks++;
    const check = checkSignature(child, issuer);
    if (check === "bad") return false;
    const fault = check === "unsupported"
      ? refuse("unsupported-signature", "Signature algorithm or key of an issuer is not supported")
      : issuerFault(issuer, below) ?? faultOf(issuer, "Issuer", this.question.instantMs);
    this.#found ??= fault;
    return fault === undefined;
  }
}

/** Those whose name is the child's issuer, first the one the child's key identifier points at. */
function candidates(child: Certificate, from: readonly Certificate[]): Certificate[] {
  const named = from.filter((each) => each.subject.comparable === child.issuer.comparable);
  const hinted = (each: Certificate) =>
    child.authorityKeyId !== undefined && each.subjectKeyId === child.authorityKeyId ? 0 : 1;
  return named.sort((a, b) => hinted(a) - hinted(b));
}

/** RFC 5280 section 6.1.4 (k) to (n). */
function issuerFault(issuer: Certificate, below: number): Refusal | undefined {
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

/** What holds for leaf, intermediates and anchor alike. */
function faultOf(certificate: Certificate, what: string, instantMs: number): Refusal | undefined {
  const { notBeforeMs, notAfterMs, unknownCritical } = certificate;
  if (instantMs < notBeforeMs) {
    const message = `${what} is valid from ${time(notBeforeMs)}, it is ${time(instantMs)}`;
    return refuse("not-yet-valid", message);
  }
  if (instantMs > notAfterMs) {
    return refuse("expired", `${what} ended at ${time(notAfterMs)}, it is ${time(instantMs)}`);
  }
  if (unknownCritical.length > 0) {
    const message = `${what} has unknown critical extensions ${unknownCritical.join(", ")}`;
    return refuse("critical-extension", message);
  }
  return undefined;
}

/** RFC 5280 section 3.2: such certificates do not count for path lengths. */
function isSelfIssued(certificate: Certificate): boolean {
  return certificate.subject.comparable === certificate.issuer.comparable;
}

function refuse(reason: PathFault, message: string): Refusal {
  return { ok: false, reason, message };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
