import type { Certificate } from "./certificate.ts";
import { anchorsMeant, type Edge, edgesBetween, relevantOf } from "./issuer_edges.ts";
import { certificateFault, pathFault, type PathRefusal, refuse } from "./path_rules.ts";
import { checkSignature, type SignatureCheck } from "./signature.ts";

export type { PathFault } from "./path_rules.ts";

/** What is to be proved, and with what. */
export interface PathQuestion {
  readonly leaf: Certificate;
  /** Untrusted certificates that may stand between leaf and anchor, in any order. */
  readonly pool: readonly Certificate[];
  /** Trusted by being here; they need not be self-signed. */
  readonly anchors: readonly Certificate[];
  readonly instantMs: number;
  /** Signature checks that may fail before the search ends; for callers that have cost much already. */
  readonly mostFailures?: number;
}

/** A path from the leaf (first) to an anchor (last), or the most telling reason why there is none. */
export type PathVerdict =
  & {
    /** Signatures that were checked. */
    readonly checks: number;
  }
  & (
    | {
      readonly ok: true;
      readonly path: readonly Certificate[];
      /** The earliest end in the path. */
      readonly notAfterMs: number;
    }
    | PathRefusal
  );

/** A real chain takes one check for each certificate, and the longest has ten. */
const MIN_SIGNATURE_CHECKS = 12;
/** Beginnings of paths whose signatures hold: authorities that sign one another in a circle make many. */
const MAX_STEPS = 256;
const MAX_COMPARISONS = 20_000;

/**
 * Builds and validates a certification path (RFC 5280 section 6.1) for one instant: names chain, signatures
 * hold, every certificate including the anchor is inside its validity, every issuer is a CA that may sign
 * certificates, path lengths and name constraints hold, and nothing critical is left that we do not understand.
 * Extended key usage and policies are not looked at.
 *
 * Paths are built from the anchors down, so that no key of a stranger ever checks a signature.
 *
 * Throws an Error when `instantMs` is not a finite number.
 */
export function validatePath(question: PathQuestion): PathVerdict {
  const { leaf, instantMs } = question;
  // NaN compares false with both ends of a validity and would pass for inside.
  if (!Number.isFinite(instantMs)) throw new Error(`instant ${instantMs} is not a time`);
  const fault = certificateFault(leaf, "Leaf", instantMs);
  if (fault !== undefined) return { ...fault, checks: 0 };
  return new PathSearch(question).run();
}

class PathSearch {
  readonly #leaf: Certificate;
  readonly #pool: readonly Certificate[];
  readonly #anchors: readonly Certificate[];
  readonly #instantMs: number;
  readonly #signatures: SignatureMemo;
  readonly #comparisons = { left: MAX_COMPARISONS };
  #steps = 0;
  #isSpent = false;
  /** The first reason why a path whose signatures hold could not be used. */
  #found: PathRefusal | undefined;

  constructor(question: PathQuestion) {
    this.#leaf = question.leaf;
    this.#instantMs = question.instantMs;
    const { pool, anchors } = relevantOf(question);
    this.#pool = pool;
    this.#anchors = anchors;
    const most = anchorsMeant(anchors, [question.leaf, ...pool]) + pool.length;
    this.#signatures = new SignatureMemo(
      Math.max(MIN_SIGNATURE_CHECKS, most),
      question.mostFailures ?? Infinity,
    );
  }

  run(): PathVerdict {
    const edges = this.#edgesFrom(this.#anchors, this.#pool);
    const path = this.#follow(edges, []);
    const { checks } = this.#signatures;
    if (path === undefined) return { ...this.#refusal(), checks };
    const notAfterMs = Math.min(...path.map((each) => each.notAfterMs));
    return { ok: true, path, notAfterMs, checks };
  }

  /** `above` begins with an anchor; the result with the leaf. */
  #follow(edges: readonly Edge[], above: readonly Certificate[]): Certificate[] | undefined {
    for (const { issuer, child } of edges) {
      if (this.#isSpent) return undefined;
      if (!this.#hasSigned(issuer, child)) continue;
      const down = [...above, issuer, child];
      const path = child === this.#leaf ? this.#judge(down) : this.#extend(child, down);
      if (path !== undefined) return path;
    }
    return undefined;
  }

  #extend(issuer: Certificate, down: readonly Certificate[]): Certificate[] | undefined {
    const others = this.#pool.filter((each) => !down.includes(each));
    return this.#follow(this.#edgesFrom([issuer], others), down.slice(0, -1));
  }

  #edgesFrom(issuers: readonly Certificate[], pool: readonly Certificate[]): Edge[] {
    const isFit = (each: Certificate) =>
      certificateFault(each, "Issuer", this.#instantMs) === undefined;
    return edgesBetween(issuers, [this.#leaf, ...pool], isFit);
  }

  #judge(down: readonly Certificate[]): Certificate[] | undefined {
    const path = down.toReversed();
    const fault = pathFault(path, this.#instantMs, this.#comparisons);
    this.#found ??= fault;
    if (fault?.reason === "too-costly") this.#isSpent = true;
    return fault === undefined ? path : undefined;
  }

  #hasSigned(issuer: Certificate, child: Certificate): boolean {
    const check = this.#signatures.check(issuer, child);
    if (check === "good") this.#steps++;
    if (check === "spent" || this.#steps > MAX_STEPS) this.#isSpent = true;
    return check === "good" && !this.#isSpent;
  }

  #refusal(): PathRefusal {
    if (this.#isSpent) {
      const message = `No path was found within ${this.#signatures.checks} signature checks`;
      return refuse("too-costly", message);
    }
    if (this.#found !== undefined) return this.#found;
    if (this.#signatures.isUnsupported) {
      return refuse(
        "unsupported-signature",
        "Signature algorithm or key of an issuer is not supported",
      );
    }
    const count = this.#anchors.length;
    const message = `No path leads from the leaf to one of the ${count} trusted authorities`;
    return refuse("unknown-authority", message);
  }
}

/** The outcome of every check that was made, so that no pair of key and certificate is checked twice. */
class SignatureMemo {
  checks = 0;
  /** Whether a signature could not be checked at all. */
  isUnsupported = false;
  #failures = 0;
  readonly #signer = new Map<Certificate, string>();
  readonly #tried = new Map<Certificate, Set<string>>();

  constructor(private readonly mostChecks: number, private readonly mostFailures: number) {}

  check(issuer: Certificate, child: Certificate): SignatureCheck | "spent" {
    const key = issuer.publicKey.toHex();
    const signer = this.#signer.get(child);
    // A signature holds under one key, so others need no look.
    if (signer !== undefined) return signer === key ? "good" : "bad";
    const tried = this.#tried.get(child) ?? new Set();
    if (tried.has(key)) return "bad";
    if (this.checks >= this.mostChecks || this.#failures >= this.mostFailures) return "spent";
    this.checks++;
    this.#tried.set(child, tried.add(key));
    const check = checkSignature(child, issuer);
    if (check === "good") this.#signer.set(child, key);
    else this.#failures++;
    if (check === "unsupported") this.isUnsupported = true;
    return check;
  }
}
