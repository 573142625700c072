import type { Certificate } from "./certificate.ts";

/** A certificate and one that may have signed it, by their names. */
export interface Edge {
  readonly issuer: Certificate;
  readonly child: Certificate;
}

/** Without key identifiers more authorities of one name than this are not told apart by trying them. */
const MAX_SILENT_ANCHORS = 64;

/**
 * The anchors and certificates of the pool from which names lead down to the leaf. The pool loses what is there twice,
 * what is an anchor already, and copies of the leaf.
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
 * Edges from `issuers` down to `children`, the likeliest first: certificates that are fit before others, then those
 * whose key identifiers agree, then those of which one has none, then the rest, since identifiers are hints (RFC 5280
 * section 4.2.1.1). Among equals the last of the children comes first, which in a chain is next to the anchor.
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

/** The most anchors that one of the certificates may mean. */
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

/** 0 when key identifiers agree, 2 when they differ, 1 when they say nothing. */
function distance(issuer: Certificate, child: Certificate): 0 | 1 | 2 {
  if (issuer.subjectKeyId === undefined || child.authorityKeyId === undefined) return 1;
  return issuer.subjectKeyId === child.authorityKeyId ? 0 : 2;
}
