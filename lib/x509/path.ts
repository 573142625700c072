import type { Certificate } from "./certificate.ts";
import { anchorsMeant, type Edge, edgesBetween, relevantOf } from "./issuer_edges.ts";
import { certificateFault, pathFault, type PathRefusal, refuse } from "./path_rules.ts";
import { checkSignature, type SignatureCheck } from "./signature.ts";

export type { PathFault } from "./path_rules.ts";

/** Input of {@linkcode validatePath}. */
export interface PathQuestion {
  /** The certificate to validate. */
  readonly leaf: Certificate;
  /** Untrusted intermediate certificates, in any order. */
  readonly pool: readonly Certificate[];
  /** Trusted certificates; they need not be self-signed. */
  readonly anchors: readonly Certificate[];
  /** Time of the validation, milliseconds since the epoch. */
  readonly instantMs: number;
  /** Failed signature checks before the search stops; for peers that have already caused many. */
  readonly mostFailures?: number;
}

/** A path from the leaf (first) to an anchor (last), or the most specific reason why there is none. */
export type PathVerdict =
  & {
    /** Number of signatures checked. */
    readonly checks: number;
  }
  & (
    | {
      readonly ok: true;
      readonly path: readonly Certificate[];
      /** The earliest expiry in the path, milliseconds since the epoch. */
      readonly notAfterMs: number;
    }
    | PathRefusal
  );

/** A real chain needs one check for each certificate, and the longest has ten. */
const MIN_SIGNATURE_CHECKS = 12;
/** Partial paths with valid signatures; authorities that sign one another in a circle create many. */
const MAX_STEPS = 256;
const MAX_COMPARISONS = 20_000;

/**
 * Builds and validates a certification path (RFC 5280 section 6.1) for one instant: names chain, signatures are valid,
 * every certificate including the anchor is within its validity, every issuer is a CA that may sign certificates, path
 * lengths and name constraints are satisfied, and there is no unsupported critical extension. Extended key usage and
 * policies are ignored.
 *
 * Paths are built from the anchors down, so that an untrusted key is never used to check a signature.
 *
 * @throws {Error} if `instantMs` is not a finite number
 */
export function validatePath(question: PathQuestion): PathVerdict {
  const { leaf, instantMs } = question;
  // NaN compares false with both ends of a validity and would count as inside.
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
  /** The first reason why a path with valid signatures was rejected. */
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

/** Caches signature checks, so that no pair of key and certificate is checked twice. */
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
    // A signature is valid under one key only, so other keys need no check.
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
