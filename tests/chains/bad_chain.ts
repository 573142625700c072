/** Certificate chains that must be refused, each with the reason. Made anew for every run. */
import type { PeerRefusal } from "../../lib/spiffe/mod.ts";
import { CONSTRAINED_BAD } from "./constrained_chain.ts";
import {
  altNames,
  ascii,
  basicConstraints,
  bytes,
  ECDSA_SHA1,
  extension,
  flip,
  hoursFromNow,
  type KeyPair,
  keyUsage,
  type Leaf,
  leafExtensions,
  leafFor,
  makeIntermediate,
  makeLeaf,
  makeRoot,
  MISLABELLED,
  name,
  newKey,
  newRsaKey,
  NEXUS,
  oid,
  replaceText,
  RSA_SHA256,
  seq,
  type Shape,
  type Signer,
  signerExtensions,
  tlv,
  uri,
} from "./forge.ts";

/** The authorities that the judging side knows: ours, and one of a federated domain. */
export interface World {
  readonly root: Signer;
  readonly other: Signer;
}

/** What a peer presents, and anchors by trust domain where they differ from the world's. */
export interface Presented {
  readonly chain: readonly Uint8Array[];
  readonly key: KeyPair;
  readonly bundles?: Readonly<Record<string, readonly Uint8Array[]>>;
}

/** A chain that must be refused. */
export interface BadChain {
  readonly name: string;
  readonly why: string;
  readonly reason: PeerRefusal;
  /** The runtime refuses to send it, so it is judged by the verifier alone. */
  readonly isUnsendable?: true;
  /** The runtime does not show it to the receiver, who is left with no certificate. */
  readonly isIllegible?: true;
  readonly make: (world: World) => Presented;
}

const leafOnly = ({ der, key }: Leaf): Presented => ({ chain: [der], key });
const shaped = (shape: Shape) => ({ root }: World) => leafOnly(makeLeaf(root, shape));
const named = (text: string) => ({ root }: World) => leafOnly(leafFor(root, text));
const edited = (edit: (der: Uint8Array) => Uint8Array) => ({ root }: World) => {
  const { der, key } = makeLeaf(root);
  return { chain: [edit(der)], key };
};
const extended = (...extra: Uint8Array[]) =>
  shaped({ extensions: [...leafExtensions(NEXUS), ...extra] });
/** A leaf below one intermediate of that shape. */
const below = (shape: Shape) => ({ root }: World): Presented => {
  const middle = makeIntermediate("intermediate", root, shape);
  const { der, key } = makeLeaf(middle);
  return { chain: [der, middle.der], key };
};
const CRITICAL_NONSENSE = extension("1.3.6.1.4.1.55555.1", bytes(5, 0), true);
const NAME_CONSTRAINTS = extension(
  "2.5.29.30",
  seq(tlv(0xa0, seq(tlv(0x86, ascii("spike.ist"))))),
  true,
);
const POLICIES = extension("2.5.29.32", seq(seq(oid("1.3.6.1.4.1.55555.2"))), true);
const DIGITAL_SIGNATURE = keyUsage(0x80);
const VERSION_2 = tlv(0xa0, bytes(2, 1, 1));

const OF_NAMES: readonly BadChain[] = [
  {
    name: "no-san",
    why: "there is no subjectAltName",
    reason: "no-uri-san",
    make: shaped({ extensions: [DIGITAL_SIGNATURE] }),
  },
  {
    name: "id-in-common-name",
    why: "the ID stands in the subject only",
    reason: "no-uri-san",
    make: shaped({ subject: name(NEXUS), extensions: [DIGITAL_SIGNATURE] }),
  },
  {
    name: "dns-only",
    why: "a DNS name is no identity",
    reason: "no-uri-san",
    make: shaped({ extensions: [DIGITAL_SIGNATURE, altNames(tlv(0x82, ascii("spike.ist")))] }),
  },
  {
    name: "uri-inside-dns-name",
    why: "a DNS name that reads like a URI in printed form is a DNS name",
    reason: "no-uri-san",
    make: shaped({
      extensions: [DIGITAL_SIGNATURE, altNames(tlv(0x82, ascii(`x, URI:${NEXUS}`)))],
    }),
  },
  {
    name: "two-ids",
    why: "there are two SPIFFE IDs",
    reason: "many-uri-sans",
    make: shaped({ extensions: leafExtensions(NEXUS, "spiffe://spike.ist/app") }),
  },
  {
    name: "same-id-twice",
    why: "one URI is allowed, not one value",
    reason: "many-uri-sans",
    make: shaped({ extensions: leafExtensions(NEXUS, NEXUS) }),
  },
  {
    name: "id-and-https-uri",
    why: "a second URI of any scheme is one too many",
    reason: "many-uri-sans",
    make: shaped({ extensions: leafExtensions(NEXUS, "https://spike.ist/") }),
  },
  {
    name: "empty-san",
    why: "an empty subjectAltName is not DER of its type",
    reason: "unparsable",
    make: shaped({ extensions: [DIGITAL_SIGNATURE, altNames()] }),
  },
  {
    name: "unknown-kind-of-name",
    why: "there is no GeneralName with that tag",
    reason: "unparsable",
    make: shaped({ extensions: [DIGITAL_SIGNATURE, altNames(uri(NEXUS), tlv(0x89, ascii("x")))] }),
  },
  {
    name: "id-not-ascii",
    why: "a URI is an IA5String",
    reason: "unparsable",
    make: shaped({
      extensions: [DIGITAL_SIGNATURE, altNames(uri("spiffe://spike.ist/spike/nexus\u00e9"))],
    }),
  },
  { name: "id-empty", why: "the URI is empty", reason: "bad-id", make: named("") },
  {
    name: "id-of-https",
    why: "the scheme is not spiffe",
    reason: "bad-id",
    make: named("https://spike.ist/spike/nexus"),
  },
  {
    name: "id-scheme-in-capitals",
    why: "the scheme is written in lower case",
    reason: "bad-id",
    make: named("SPIFFE://spike.ist/spike/nexus"),
  },
  {
    name: "id-domain-in-capitals",
    why: "a trust domain has no capitals, and nothing is folded",
    reason: "bad-id",
    make: named("spiffe://Spike.ist/spike/nexus"),
  },
  {
    name: "id-without-domain",
    why: "the trust domain is missing",
    reason: "bad-id",
    make: named("spiffe:///spike/nexus"),
  },
  {
    name: "id-with-port",
    why: "a trust domain has no port",
    reason: "bad-id",
    make: named("spiffe://spike.ist:443/spike/nexus"),
  },
  {
    name: "id-with-user",
    why: "a trust domain has no user",
    reason: "bad-id",
    make: named("spiffe://root@spike.ist/spike/nexus"),
  },
  {
    name: "id-with-query",
    why: "an ID has no query",
    reason: "bad-id",
    make: named(`${NEXUS}?role=superuser`),
  },
  {
    name: "id-with-fragment",
    why: "an ID has no fragment, not even an empty one",
    reason: "bad-id",
    make: named(`${NEXUS}#`),
  },
  {
    name: "id-with-dots",
    why: "nothing is resolved: a dot segment is refused",
    reason: "bad-id",
    make: named("spiffe://spike.ist/app/../spike/nexus"),
  },
  {
    name: "id-with-empty-segment",
    why: "a path segment is empty",
    reason: "bad-id",
    make: named("spiffe://spike.ist//spike/nexus"),
  },
  {
    name: "id-trailing-slash",
    why: "a path ends with a segment",
    reason: "bad-id",
    make: named(`${NEXUS}/`),
  },
  {
    name: "id-percent-encoded",
    why: "nothing is decoded",
    reason: "bad-id",
    make: named("spiffe://spike.ist/spike%2Fnexus"),
  },
  {
    name: "id-with-nul",
    why: "a NUL does not end a text",
    reason: "bad-id",
    make: named(`${NEXUS}\0.test`),
  },
  {
    name: "id-with-line-end",
    why: "a line end is no path character",
    reason: "bad-id",
    make: named(`${NEXUS}\n`),
  },
  {
    name: "id-too-long",
    why: "an ID has at most 2048 bytes",
    reason: "bad-id",
    make: named(NEXUS.padEnd(2049, "x")),
  },
  {
    name: "id-without-path",
    why: "the ID of a trust domain is no workload's",
    reason: "no-path",
    make: named("spiffe://spike.ist"),
  },
];

const OF_LEAVES: readonly BadChain[] = [
  {
    name: "leaf-is-ca",
    why: "who may sign certificates may not authenticate",
    reason: "leaf-is-ca",
    make: extended(basicConstraints(bytes(1, 1, 0xff))),
  },
  {
    name: "leaf-may-sign-certificates",
    why: "keyUsage keyCertSign",
    reason: "leaf-cert-sign",
    make: shaped({ extensions: [keyUsage(0x84), altNames(uri(NEXUS))] }),
  },
  {
    name: "leaf-may-sign-crls",
    why: "keyUsage cRLSign",
    reason: "leaf-crl-sign",
    make: shaped({ extensions: [keyUsage(0x82), altNames(uri(NEXUS))] }),
  },
  {
    name: "leaf-without-key-usage",
    why: "keyUsage has to be there",
    reason: "leaf-key-usage",
    make: shaped({ extensions: [altNames(uri(NEXUS))] }),
  },
  {
    name: "leaf-unknown-critical",
    why: "a critical extension that nobody here understands",
    reason: "critical-extension",
    isUnsendable: true,
    make: extended(CRITICAL_NONSENSE),
  },
  {
    name: "leaf-name-constraints",
    why: "only a CA may have nameConstraints, and these are critical",
    reason: "critical-extension",
    make: extended(NAME_CONSTRAINTS),
  },
  {
    name: "leaf-critical-policies",
    why: "critical certificatePolicies are not processed, so they refuse",
    reason: "critical-extension",
    isUnsendable: true,
    make: extended(POLICIES),
  },
  {
    name: "leaf-expired",
    why: "it ended an hour ago",
    reason: "expired",
    make: shaped({ notAfter: hoursFromNow(-1) }),
  },
  {
    name: "leaf-not-yet-valid",
    why: "it begins in an hour",
    reason: "not-yet-valid",
    make: shaped({ notBefore: hoursFromNow(1) }),
  },
  {
    name: "leaf-ends-before-it-begins",
    why: "its validity is empty",
    reason: "not-yet-valid",
    make: shaped({ notBefore: hoursFromNow(1), notAfter: hoursFromNow(-1) }),
  },
  {
    name: "extension-twice",
    why: "two subjectAltNames could mean two identities",
    reason: "unparsable",
    isUnsendable: true,
    make: extended(altNames(uri("spiffe://spike.ist/app"))),
  },
  {
    name: "no-extensions-but-a-list",
    why: "an empty list of extensions is no DER of its type",
    reason: "unparsable",
    make: ({ root }) => {
      const empty = tlv(0xa3, seq());
      const { der, key } = makeLeaf(root, { extensions: [] });
      return { chain: [replaceTail(der, empty)], key };
    },
  },
  {
    name: "version-1-forged",
    why: "version 1 names an issuer that never signed it, which some runtimes accept",
    reason: "unparsable",
    make: ({ root }) =>
      leafOnly(makeLeaf({ ...root, key: newKey() }, { version: bytes(), extensions: [] })),
  },
  {
    name: "version-1-with-extensions",
    why: "version 1 has no extensions",
    reason: "unparsable",
    make: shaped({ version: bytes() }),
  },
  {
    name: "version-2",
    why: "version 2 has no extensions",
    reason: "unparsable",
    make: shaped({ version: VERSION_2 }),
  },
  {
    name: "trailing-byte",
    why: "a byte is left over after the certificate",
    reason: "unparsable",
    isUnsendable: true,
    make: edited((der) => new Uint8Array([...der, 0])),
  },
  {
    name: "cut-short",
    why: "its last byte is missing",
    reason: "unparsable",
    isUnsendable: true,
    make: edited((der) => der.subarray(0, -1)),
  },
  {
    name: "indefinite-length",
    why: "that is BER, not DER",
    reason: "unparsable",
    isUnsendable: true,
    make: edited((der) => new Uint8Array([0x30, 0x80, ...der.subarray(4), 0, 0])),
  },
  {
    name: "long-form-of-length",
    why: "a length in more bytes than it takes is not DER",
    reason: "unparsable",
    isUnsendable: true,
    make: edited((der) => new Uint8Array([0x30, 0x83, 0, ...der.subarray(2)])),
  },
  {
    name: "boolean-of-one",
    why: "true is written FF",
    reason: "unparsable",
    make: extended(basicConstraints(bytes(1, 1, 1))),
  },
  {
    name: "serial-negative",
    why: "a serial number is positive",
    reason: "unparsable",
    make: shaped({ serial: bytes(2, 1, 0x80) }),
  },
  {
    name: "serial-too-long",
    why: "a serial number has at most 20 bytes",
    reason: "unparsable",
    make: shaped({ serial: tlv(2, new Uint8Array(22).fill(1)) }),
  },
  {
    name: "time-without-seconds",
    why: "times have seconds",
    reason: "unparsable",
    make: shaped({ notAfter: `${hoursFromNow(2).slice(0, 10)}Z` }),
  },
  {
    name: "time-with-offset",
    why: "times are in UTC",
    reason: "unparsable",
    make: shaped({ notAfter: hoursFromNow(2).replace("Z", "+0100") }),
  },
  {
    name: "time-with-fraction",
    why: "a UTCTime has no fraction of a second",
    reason: "unparsable",
    isIllegible: true,
    make: shaped({ notAfter: hoursFromNow(2).replace("Z", ".5Z") }),
  },
  {
    name: "generalized-time-with-fraction",
    why: "a GeneralizedTime of a certificate has no fraction of a second",
    reason: "unparsable",
    make: shaped({ notAfter: `20${hoursFromNow(2).replace("Z", ".5Z")}` }),
  },
  {
    name: "time-that-does-not-exist",
    why: "there is no 30th of February",
    reason: "unparsable",
    isIllegible: true,
    make: shaped({ notAfter: "400230000000Z" }),
  },
  {
    name: "signature-changed",
    why: "one bit of the signature is flipped",
    reason: "unknown-authority",
    make: edited((der) => flip(der, -1)),
  },
  {
    name: "id-changed",
    why: "the ID was edited after it was signed",
    reason: "unknown-authority",
    make: ({ root }) => {
      const { der, key } = leafFor(root, "spiffe://spike.ist/spike/novus");
      return { chain: [replaceText(der, "/spike/novus", "/spike/nexus")], key };
    },
  },
  {
    name: "signature-empty",
    why: "there is nothing that was signed",
    reason: "unknown-authority",
    make: shaped({
      signing: {
        ...ECDSA_SHA1,
        identifier: seq(oid("1.2.840.10045.4.3.2")),
        make: () => new Uint8Array(),
      },
    }),
  },
  {
    name: "algorithms-differ",
    why: "what is signed names another algorithm than the signature",
    reason: "unparsable",
    isUnsendable: true,
    make: shaped({ outerIdentifier: seq(oid("1.2.840.10045.4.3.3")) }),
  },
  {
    name: "signed-with-sha1",
    why: "SHA-1 proves nothing",
    reason: "unsupported-signature",
    make: shaped({ signing: ECDSA_SHA1 }),
  },
  {
    name: "algorithm-of-another-key",
    why: "it says RSA where its issuer has an elliptic key",
    reason: "unsupported-signature",
    make: shaped({ signing: MISLABELLED }),
  },
];

/** Puts `extra` at the end of the signed part; the signature is wrong then, which comes later. */
function replaceTail(der: Uint8Array, extra: Uint8Array): Uint8Array {
  const tbsAt = 4;
  const tbsLength = ((der[tbsAt + 2] ?? 0) << 8) + (der[tbsAt + 3] ?? 0);
  const isLong = der[tbsAt + 1] === 0x82;
  const [headerLength, contentLength] = isLong ? [4, tbsLength] : [3, der[tbsAt + 2] ?? 0];
  const content = der.subarray(tbsAt + headerLength, tbsAt + headerLength + contentLength);
  const rest = der.subarray(tbsAt + headerLength + contentLength);
  return seq(seq(content, extra), rest);
}

/** Nine authorities of one name and key. */
function circle(text: string, key = newKey()): Uint8Array[] {
  const serials = Array.from({ length: 9 }, (_, i) => bytes(2, 1, i + 1));
  return serials.map((serial) => makeRoot(text, { key, serial }).der);
}

const OF_PATHS: readonly BadChain[] = [
  {
    name: "self-signed",
    why: "everybody can sign for themselves",
    reason: "unknown-authority",
    make: () => {
      const key = newKey();
      return leafOnly(makeLeaf({ key, subject: name("leaf"), der: bytes() }, { key }));
    },
  },
  {
    name: "authority-of-the-same-name",
    why: "an authority is its key, not its name",
    reason: "unknown-authority",
    make: () => leafOnly(makeLeaf(makeRoot("root"))),
  },
  {
    name: "unknown-authority-sent-along",
    why: "a root that the peer brings along adds no trust",
    reason: "unknown-authority",
    make: () => {
      const root = makeRoot("stranger");
      const { der, key } = makeLeaf(root);
      return { chain: [der, root.der], key };
    },
  },
  {
    name: "missing-intermediate",
    why: "nothing leads from the leaf to the anchor",
    reason: "unknown-authority",
    make: ({ root }) => leafOnly(makeLeaf(makeIntermediate("intermediate", root))),
  },
  {
    name: "issuer-name-differs",
    why: "the key fits, the name does not",
    reason: "unknown-authority",
    make: shaped({ issuer: name("somebody else") }),
  },
  {
    name: "intermediate-not-ca",
    why: "cA is false in the issuer",
    reason: "issuer-not-ca",
    make: below({ extensions: [basicConstraints(), keyUsage(0x04)] }),
  },
  {
    name: "intermediate-without-basic-constraints",
    why: "cA is absent in the issuer",
    reason: "issuer-not-ca",
    make: below({ extensions: [keyUsage(0x04)] }),
  },
  {
    name: "intermediate-without-cert-sign",
    why: "the issuer's keyUsage has no keyCertSign",
    reason: "issuer-cert-sign",
    make: below({ extensions: [basicConstraints(bytes(1, 1, 0xff)), keyUsage(0x02)] }),
  },
  {
    name: "intermediate-expired",
    why: "the issuer ended an hour ago",
    reason: "expired",
    make: below({ notAfter: hoursFromNow(-1) }),
  },
  {
    name: "intermediate-not-yet-valid",
    why: "the issuer begins in an hour",
    reason: "not-yet-valid",
    make: below({ notBefore: hoursFromNow(1) }),
  },
  {
    name: "intermediate-unknown-critical",
    why: "a critical extension of the issuer is not understood",
    reason: "critical-extension",
    make: below({ extensions: [...signerExtensions(), CRITICAL_NONSENSE] }),
  },
  {
    name: "intermediate-version-1",
    why: "version 1 cannot say that it is a CA",
    reason: "unparsable",
    make: below({ version: bytes(), extensions: [] }),
  },
  {
    name: "intermediate-is-garbage",
    why: "what comes after the leaf is no certificate",
    reason: "unparsable",
    make: ({ root }) => {
      const { der, key } = makeLeaf(root);
      return { chain: [der, bytes(0x30, 0x03, 1, 2, 3)], key };
    },
  },
  {
    name: "path-length-of-intermediate",
    why: "the issuer's issuer allows no intermediate below it",
    reason: "path-length",
    make: ({ root }) => {
      const upper = makeIntermediate("upper", root, { extensions: signerExtensions(0) });
      const lower = makeIntermediate("lower", upper);
      const { der, key } = makeLeaf(lower);
      return { chain: [der, lower.der, upper.der], key };
    },
  },
  {
    name: "path-length-of-anchor",
    why: "the anchor allows no intermediate below it",
    reason: "path-length",
    make: () => {
      const root = makeRoot("root", { extensions: signerExtensions(0) });
      const lower = makeIntermediate("lower", root);
      const { der, key } = makeLeaf(lower);
      return { chain: [der, lower.der], key, bundles: { "spike.ist": [root.der] } };
    },
  },
  {
    name: "leaf-signed-by-leaf",
    why: "a workload cannot make workloads",
    reason: "issuer-not-ca",
    make: ({ root }) => {
      const subject = name("workload");
      const workload = makeLeaf(root, { subject });
      const { der, key } = makeLeaf({ ...workload, subject });
      return { chain: [der, workload.der], key };
    },
  },
  {
    name: "circle-of-intermediates",
    why: "two authorities that vouch for one another lead nowhere",
    reason: "unknown-authority",
    make: () => {
      const [a, b] = [makeRoot("a"), makeRoot("b")];
      const aByB = makeIntermediate("a", b, { key: a.key });
      const bByA = makeIntermediate("b", a, { key: b.key });
      const { der, key } = makeLeaf(a);
      return { chain: [der, aByB.der, bByA.der], key };
    },
  },
  {
    name: "intermediate-first",
    why: "the first certificate is the leaf, and this one is a CA without an ID",
    reason: "no-uri-san",
    isUnsendable: true,
    make: ({ root }) => {
      const middle = makeIntermediate("intermediate", root);
      const { der, key } = makeLeaf(middle);
      return { chain: [middle.der, der], key };
    },
  },
  {
    name: "no-certificate",
    why: "who shows nothing is nobody",
    reason: "empty-chain",
    isUnsendable: true,
    make: () => ({ chain: [], key: newKey() }),
  },
  {
    name: "eleven-certificates",
    why: "no real chain is as long",
    reason: "too-many",
    make: ({ root }) => {
      const { der, key } = makeLeaf(root);
      return { chain: [der, ...Array<Uint8Array>(10).fill(root.der)], key };
    },
  },
  {
    name: "ten-named-like-the-anchor",
    why: "a stranger's authorities that sign one another and are named like the anchor",
    reason: "unknown-authority",
    make: () => {
      const { der, key } = makeLeaf(makeRoot("root"));
      return { chain: [der, ...circle("root")], key };
    },
  },
  {
    name: "ten-named-like-three-anchors",
    why: "twelve signatures are checked, then it is enough",
    reason: "too-costly",
    make: () => {
      const anchors = [1, 2, 3].map(() => makeRoot("root").der);
      const { der, key } = makeLeaf(makeRoot("root"));
      return { chain: [der, ...circle("root")], key, bundles: { "spike.ist": anchors } };
    },
  },
  {
    name: "maze",
    why: "a true authority signs nine that sign one another, and none of them signs the leaf",
    reason: "too-costly",
    make: ({ root }) => {
      const top = makeIntermediate("maze", root);
      const { der, key } = makeLeaf({ ...top, key: newKey() });
      return { chain: [der, top.der, ...circle("maze", top.key).slice(0, 8)], key };
    },
  },
];

const OF_DOMAINS: readonly BadChain[] = [
  {
    name: "federated-authority-mints-our-id",
    why: "each domain's authority speaks for its own domain only",
    reason: "unknown-authority",
    make: ({ other }) => leafOnly(makeLeaf(other)),
  },
  {
    name: "federated-intermediate-mints-our-id",
    why: "the same with an intermediate of theirs",
    reason: "unknown-authority",
    make: ({ other }) => {
      const middle = makeIntermediate("theirs", other);
      const { der, key } = makeLeaf(middle);
      return { chain: [der, middle.der], key };
    },
  },
  {
    name: "our-authority-mints-a-federated-id",
    why: "ours speaks for nobody else either",
    reason: "unknown-authority",
    make: named("spiffe://other.test/app"),
  },
  {
    name: "unknown-domain",
    why: "there is no bundle of its trust domain",
    reason: "no-bundle",
    make: named("spiffe://unknown.test/spike/nexus"),
  },
  {
    name: "domain-with-our-name-in-front",
    why: "domains are equal or they are not",
    reason: "no-bundle",
    make: named("spiffe://spike.ist.unknown.test/spike/nexus"),
  },
  {
    name: "domain-with-a-dot-at-the-end",
    why: "there is no DNS normalisation",
    reason: "no-bundle",
    make: named("spiffe://spike.ist./spike/nexus"),
  },
  {
    name: "empty-bundle",
    why: "a bundle without anchors trusts nothing",
    reason: "no-bundle",
    make: ({ root }) => ({ ...leafOnly(makeLeaf(root)), bundles: { "spike.ist": [] } }),
  },
  {
    name: "anchor-expired",
    why: "the anchor ended an hour ago",
    reason: "expired",
    make: () => {
      const root = makeRoot("root", { notAfter: hoursFromNow(-1) });
      return { ...leafOnly(makeLeaf(root)), bundles: { "spike.ist": [root.der] } };
    },
  },
  {
    name: "anchor-not-ca",
    why: "what is in the bundle is no CA",
    reason: "issuer-not-ca",
    make: () => {
      const root = makeRoot("root", { extensions: [keyUsage(0x84)] });
      return { ...leafOnly(makeLeaf(root)), bundles: { "spike.ist": [root.der] } };
    },
  },
  {
    name: "anchor-of-1024-bits",
    why: "such a key can be broken",
    reason: "unsupported-signature",
    make: () => {
      const root = makeRoot("root", { key: newRsaKey(1024), signing: RSA_SHA256 });
      const leaf = makeLeaf(root, { signing: RSA_SHA256 });
      return { ...leafOnly(leaf), bundles: { "spike.ist": [root.der] } };
    },
  },
  {
    name: "leaf-in-the-bundle",
    why: "a leaf is no authority, not even its own",
    reason: "unknown-authority",
    make: ({ root }) => {
      const leaf = makeLeaf(makeRoot("stranger"));
      return { ...leafOnly(leaf), bundles: { "spike.ist": [leaf.der, root.der] } };
    },
  },
];

/** All of them. */
export const BAD_CHAINS: readonly BadChain[] = [
  ...OF_NAMES,
  ...OF_LEAVES,
  ...OF_PATHS,
  ...OF_DOMAINS,
  ...CONSTRAINED_BAD.map(({ name, why, make }): BadChain => ({
    name,
    why,
    make,
    reason: "name-constraints",
  })),
];
