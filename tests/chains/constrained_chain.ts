/** Chains under name constraints, bad and good: RFC 5280 section 4.2.1.10. Made anew for every run. */
import type { Presented, World } from "./bad_chain.ts";
import {
  altNames,
  ascii,
  bytes,
  extension,
  keyUsage,
  makeIntermediate,
  makeLeaf,
  makeRoot,
  name,
  newKey,
  NEXUS,
  oid,
  seq,
  signerExtensions,
  tlv,
  uri,
} from "./forge.ts";

/** One chain and what it shows. */
export interface ConstrainedChain {
  readonly name: string;
  readonly why: string;
  readonly make: (world: World) => Presented;
}

const dns = (text: string) => tlv(0x82, ascii(text));
const email = (text: string) => tlv(0x81, ascii(text));
const ip = (...parts: number[]) => tlv(0x87, bytes(...parts));
const directory = (text: string) => tlv(0xa4, name(text));
const other = tlv(0xa0, oid("1.2.3.4"), tlv(0xa0, bytes(5, 0)));

interface Subtrees {
  readonly permitted?: readonly Uint8Array[];
  readonly excluded?: readonly Uint8Array[];
  readonly isCritical?: boolean;
  /** What stands behind the base of each subtree. */
  readonly distance?: Uint8Array;
}

function constraints({ permitted, excluded, isCritical = true, distance }: Subtrees): Uint8Array {
  const list = (tag: number, names?: readonly Uint8Array[]) =>
    names ? [tlv(tag, ...names.map((each) => seq(each, ...(distance ? [distance] : []))))] : [];
  const value = seq(...list(0xa0, permitted), ...list(0xa1, excluded));
  return extension("2.5.29.30", value, isCritical);
}

const leafOf = (...names: Uint8Array[]) => [keyUsage(0x80), altNames(uri(NEXUS), ...names)];

/** A leaf with these further names, under an authority with these constraints. */
const below = (subtrees: Subtrees, ...names: Uint8Array[]) => ({ root }: World): Presented => {
  const extensions = [...signerExtensions(), constraints(subtrees)];
  const middle = makeIntermediate("intermediate", root, { extensions });
  const { der, key } = makeLeaf(middle, { extensions: leafOf(...names) });
  return { chain: [der, middle.der], key };
};

/** The same with a leaf of that trust domain. */
const ofDomain = (domain: string, subtrees: Subtrees) => ({ root }: World): Presented => {
  const extensions = [...signerExtensions(), constraints(subtrees)];
  const middle = makeIntermediate("intermediate", root, { extensions });
  const names = [keyUsage(0x80), altNames(uri(`spiffe://${domain}/spike/nexus`))];
  const { der, key } = makeLeaf(middle, { extensions: names });
  return { chain: [der, middle.der], key, bundles: { [domain]: [root.der] } };
};

/** Constraints of the anchor itself. */
const underAnchor = (subtrees: Subtrees) => (): Presented => {
  const root = makeRoot("root", { extensions: [...signerExtensions(), constraints(subtrees)] });
  const { der, key } = makeLeaf(root);
  return { chain: [der], key, bundles: { "spike.ist": [root.der] } };
};

/** Two authorities, each with what it adds to its extensions. */
const twoLevels = (upper: Uint8Array[], lower: Uint8Array[], lowerName = "lower") =>
(
  { root }: World,
): Presented => {
  const first = makeIntermediate("upper", root, {
    extensions: [...signerExtensions(), ...upper],
  });
  const second = makeIntermediate(lowerName, first, {
    extensions: [...signerExtensions(), ...lower],
    key: newKey(),
  });
  const { der, key } = makeLeaf(second);
  return { chain: [der, second.der, first.der], key };
};

const OWN = uri("spike.ist");
const FOREIGN = uri("other.test");
const foreignName = altNames(uri("spiffe://other.test"));

/** All of these are refused with `name-constraints`. */
export const CONSTRAINED_BAD: readonly ConstrainedChain[] = [
  ["uri-not-permitted", "its trust domain is not permitted", below({ permitted: [FOREIGN] })],
  [
    "uri-not-permitted-uncritical",
    "constraints hold whether they are critical or not",
    below({ permitted: [FOREIGN], isCritical: false }),
  ],
  ["uri-excluded", "its trust domain is excluded", below({ excluded: [OWN] })],
  [
    "uri-excluded-uncritical",
    "the same, not critical",
    below({ excluded: [OWN], isCritical: false }),
  ],
  ["uri-excluded-in-capitals", "hosts have no case", below({ excluded: [uri("SPIKE.IST")] })],
  [
    "uri-permitted-and-excluded",
    "an exclusion outweighs a permission",
    below({ permitted: [OWN], excluded: [OWN] }),
  ],
  ["uri-all-excluded", "an empty base is every host", below({ excluded: [uri("")] })],
  [
    "uri-below-only",
    "a host with a period in front stands for those below it",
    below({ permitted: [uri(".spike.ist")] }),
  ],
  [
    "uri-parent-only",
    "a host without a period in front stands for itself",
    ofDomain("a.spike.ist", { permitted: [OWN] }),
  ],
  [
    "uri-below-excluded",
    "it is below an excluded host with a period in front",
    ofDomain("a.b.spike.ist", { excluded: [uri(".spike.ist")] }),
  ],
  [
    "uri-suffix-of-a-label",
    "labels are compared whole",
    ofDomain("myspike.ist", { permitted: [OWN, uri(".spike.ist")] }),
  ],
  [
    "uri-of-an-address",
    "an address cannot be compared with hosts",
    ofDomain("10.0.0.1", { permitted: [uri("")] }),
  ],
  [
    "uri-with-an-empty-label",
    "that is not the name of a host, so an exclusion cannot be shown to hold",
    ofDomain("spike.ist.", { excluded: [OWN] }),
  ],
  ["anchor-not-permitted", "the anchor's own hold, too", underAnchor({ permitted: [FOREIGN] })],
  [
    "anchor-excluded",
    "the anchor excludes it",
    underAnchor({ excluded: [OWN], isCritical: false }),
  ],
  [
    "upper-not-permitted",
    "those of every authority above hold",
    twoLevels([constraints({ permitted: [FOREIGN] })], []),
  ],
  [
    "upper-and-lower-permit-different",
    "a lower authority does not widen what an upper one permits",
    twoLevels([constraints({ permitted: [FOREIGN] })], [constraints({ permitted: [OWN] })]),
  ],
  [
    "intermediate-not-permitted",
    "they hold for authorities below, too",
    twoLevels([constraints({ permitted: [OWN] })], [foreignName]),
  ],
  [
    "dns-excluded",
    "its DNS name is below an excluded one",
    below({ excluded: [dns("a.test")] }, dns("x.a.test")),
  ],
  [
    "dns-not-permitted",
    "its DNS name is not permitted",
    below({ permitted: [dns("a.test")] }, dns("b.test")),
  ],
  [
    "dns-one-of-two-not-permitted",
    "every DNS name has to be permitted",
    below({ permitted: [dns("a.test")], isCritical: false }, dns("a.test"), dns("b.test")),
  ],
  [
    "dns-wildcard-over-excluded",
    "a wildcard covers the excluded name",
    below({ excluded: [dns("x.a.test")] }, dns("*.a.test")),
  ],
  [
    "dns-malformed",
    "that is not a DNS name",
    below({ permitted: [dns("a.test")] }, dns("a..test")),
  ],
  [
    "ip-not-permitted",
    "its address is outside",
    below({ permitted: [ip(10, 0, 0, 0, 255, 0, 0, 0)] }, ip(11, 0, 0, 1)),
  ],
  [
    "ip-excluded",
    "its address is excluded",
    below({ excluded: [ip(10, 0, 0, 0, 255, 0, 0, 0)] }, ip(10, 1, 2, 3)),
  ],
  [
    "email-excluded",
    "its mailbox is excluded",
    below({ excluded: [email("a.test")] }, email("x@a.test")),
  ],
  ["subject-not-permitted", "its subject is not permitted", below({ permitted: [directory("x")] })],
  ["subject-excluded", "its subject is excluded", below({ excluded: [directory("leaf")] })],
  [
    "critical-of-other-kind",
    "critical constraints of a kind that is not supported",
    below({ permitted: [other] }),
  ],
  [
    "uncritical-of-other-kind",
    "constraints of a kind that is not supported, and a name of that kind",
    below({ excluded: [other], isCritical: false }, other),
  ],
  ["empty", "constraints constrain something", below({})],
  ["empty-uncritical", "the same, not critical", below({ permitted: [], isCritical: false })],
  [
    "with-minimum",
    "a minimum has no meaning",
    below({ permitted: [OWN], distance: tlv(0x80, bytes(1)) }),
  ],
  [
    "with-maximum",
    "a maximum has no meaning",
    below({ permitted: [OWN], distance: tlv(0x81, bytes(9)) }),
  ],
  ["uri-base-is-a-uri", "the base is a host", below({ permitted: [uri("spiffe://spike.ist")] })],
  [
    "uri-base-is-an-address",
    "the base is no address",
    below({ permitted: [OWN, uri("10.0.0.1")] }),
  ],
  [
    "ip-base-malformed",
    "the mask has a hole",
    below({ excluded: [ip(10, 0, 0, 0, 255, 0, 255, 0)] }),
  ],
].map(rowOf("constraints-"));

/** All of these are accepted. */
export const CONSTRAINED_GOOD: readonly ConstrainedChain[] = [
  ["uri-permitted", "its trust domain is permitted", below({ permitted: [OWN] })],
  [
    "uri-permitted-uncritical",
    "the same, not critical",
    below({ permitted: [OWN], isCritical: false }),
  ],
  ["uri-permitted-in-capitals", "hosts have no case", below({ permitted: [uri("Spike.IST")] })],
  ["uri-one-of-two-permitted", "one base is enough", below({ permitted: [FOREIGN, OWN] })],
  ["uri-all-permitted", "an empty base is every host", below({ permitted: [uri("")] })],
  ["uri-below-permitted", "a period stands for those below", below({ permitted: [uri(".ist")] })],
  ["uri-other-excluded", "another host is excluded", below({ excluded: [FOREIGN, uri("ist")] })],
  ["uri-below-excluded", "only those below are excluded", below({ excluded: [uri(".spike.ist")] })],
  ["anchor-permitted", "the anchor permits it", underAnchor({ permitted: [OWN] })],
  [
    "two-levels",
    "what both authorities permit",
    twoLevels([constraints({ permitted: [OWN, FOREIGN] })], [constraints({ permitted: [OWN] })]),
  ],
  [
    "self-issued-below",
    "a self-issued authority below is passed over",
    twoLevels([constraints({ permitted: [OWN] })], [foreignName], "upper"),
  ],
  ["dns-without-names", "there is no DNS name to constrain", below({ permitted: [dns("a.test")] })],
  [
    "dns-permitted",
    "its DNS name is below",
    below({ permitted: [dns("a.test")] }, dns("x.a.test")),
  ],
  [
    "dns-wildcard-permitted",
    "its wildcard is below",
    below({ permitted: [dns("a.test")] }, dns("*.a.test")),
  ],
  [
    "dns-other-excluded",
    "labels are compared whole",
    below({ excluded: [dns("a.test")] }, dns("ba.test")),
  ],
  [
    "ip-permitted",
    "its address is inside",
    below({ permitted: [ip(10, 0, 0, 0, 255, 0, 0, 0)] }, ip(10, 9, 9, 9)),
  ],
  [
    "ip-without-names",
    "there is no address to constrain",
    below({ excluded: [ip(0, 0, 0, 0, 0, 0, 0, 0)] }),
  ],
  [
    "email-permitted",
    "its mailbox is permitted",
    below({ permitted: [email("x@a.test")] }, email("x@a.test")),
  ],
  ["subject-permitted", "its subject is permitted", below({ permitted: [directory("leaf")] })],
  [
    "uncritical-of-other-kind",
    "there is no name of the kind that is not supported",
    below({ excluded: [other], isCritical: false }),
  ],
].map(rowOf("permitted-"));

type Row = (string | ConstrainedChain["make"])[];

function rowOf(prefix: string): (row: Row) => ConstrainedChain {
  return ([text, why, make]) => {
    if (typeof text !== "string" || typeof why !== "string" || typeof make !== "function") {
      throw new Error("a row is a name, a reason and a maker");
    }
    return { name: prefix + text, why, make };
  };
}
