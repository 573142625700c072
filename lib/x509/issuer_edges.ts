import type { Certificate } from "./certificate.ts";

/** A certificate and a possible issuer, matched by name. */
export interface Edge {
  /** Its subject is the issuer of `child`. */
  readonly issuer: Certificate;
  /** The certificate. */
  readonly child: Certificate;
}

/** Without key identifiers, at most this many authorities of one name are tried. */
const MAX_SILENT_ANCHORS = 64;

/**
 * The anchors and pool certificates from which names lead down to the leaf, without duplicates, anchors and copies of the
 * leaf in the pool.
 */
export function relevantOf(
  { leaf, pool, anchors }: {
    leaf: Certificate;
    pool: readonly Certificate[];
    anchors: readonly Certificate[];
  },
): { pool: Certificate[]; anchors: Certificate[] } {
  const wanted = new Set([leaf.issuer.comparable]);
  // A chain of ten names needs at most nine rounds.
  for (let size = 0; size < wanted.size;) {
    size = wanted.size;
    for (const each of pool) {
      if (wanted.has(each.subject.comparable)) wanted.add(each.issuer.comparable);
    }
  }
  const named = anchors.filter((each) => wanted.has(each.subject.comparable));
  const known = new Set([leaf, ...named].map((each) => each.der.toHex()));
  const own = pool.filter((each) => {
    const key = each.der.toHex();
    if (!wanted.has(each.subject.comparable) || known.has(key)) return false;
    known.add(key);
    return true;
  });
  return { pool: own, anchors: named };
}

/**
 * Edges from `issuers` down to `children`, the likeliest first: fit certificates before others, then matching key
 * identifiers, then missing ones, then the rest, because identifiers are only hints (RFC 5280 section 4.2.1.1). Among
 * equals the last child comes first, which in a chain is next to the anchor.
 */
export function edgesBetween(
  issuers: readonly Certificate[],
  children: readonly Certificate[],
  isFit: (certificate: Certificate) => boolean,
): Edge[] {
  const ranks: Edge[][] = Array.from({ length: 6 }, () => []);
  const unfit = new Set([...issuers, ...children].filter((each) => !isFit(each)));
  for (const child of children.toReversed()) {
    for (const issuer of issuers) {
      if (issuer.subject.comparable !== child.issuer.comparable) continue;
      const isUnfit = unfit.has(issuer) || unfit.has(child);
      ranks[(isUnfit ? 3 : 0) + distance(issuer, child)]?.push({ issuer, child });
    }
  }
  return ranks.flat();
}

/** Most anchors that can be the issuer of one of the certificates. */
export function anchorsMeant(
  anchors: readonly Certificate[],
  children: readonly Certificate[],
): number {
  return Math.max(
    ...children.map((child) => {
      const named = anchors.filter((each) => each.subject.comparable === child.issuer.comparable);
      const [agree = 0, silent = 0] = [0, 1].map((wanted) =>
        named.filter((anchor) => distance(anchor, child) === wanted).length
      );
      return agree > 0 ? agree : Math.min(silent, MAX_SILENT_ANCHORS);
    }),
  );
}

/** 0 if the key identifiers match, 2 if they differ, 1 if one is missing. */
function distance(issuer: Certificate, child: Certificate): 0 | 1 | 2 {
  if (issuer.subjectKeyId === undefined || child.authorityKeyId === undefined) return 1;
  return issuer.subjectKeyId === child.authorityKeyId ? 0 : 2;
}
