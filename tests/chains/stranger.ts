/** Chains of a stranger that are made to cost much before they are refused. */
import { generateKeyPairSync, sign } from "node:crypto";
import {
  altNames,
  ascii,
  bytes,
  extension,
  hoursFromNow,
  type KeyPair,
  keyUsage,
  leafExtensions,
  name,
  newKey,
  newRsaKey,
  NEXUS,
  oid,
  RSA_SHA256,
  seq,
  signerExtensions,
  tlv,
  uri,
} from "./forge.ts";
import { makeCertificate, type Shape, type Signing } from "../../lib/x509/_make_certificate.ts";

/** A chain and the anchors of the domain that its leaf claims. */
export interface CostlyChain {
  readonly name: string;
  readonly chain: readonly Uint8Array[];
  readonly anchors: readonly Uint8Array[];
}

const VALID = { notBefore: hoursFromNow(-2), notAfter: hoursFromNow(2) };
const ECDSA_SHA512: Signing = {
  identifier: seq(oid("1.2.840.10045.4.3.4")),
  make: (tbs, key) => sign("sha512", tbs, key),
};
/** Most bytes of certificates that a handshake of the runtime carries. */
const HANDSHAKE_BYTES = 60_000;
const ROOT = name("root");

interface Algorithm {
  readonly name: string;
  readonly newKey: () => KeyPair;
  readonly signing?: Signing;
}

const P256: Algorithm = { name: "P-256", newKey };
const P521: Algorithm = {
  name: "P-521",
  newKey: () => generateKeyPairSync("ec", { namedCurve: "P-521" }),
  signing: ECDSA_SHA512,
};
const rsa = (bits: number): Algorithm => ({
  name: `RSA-${bits}`,
  newKey: () => newRsaKey(bits),
  signing: RSA_SHA256,
});

const make = (algorithm: Algorithm, shape: Shape) =>
  makeCertificate({
    ...VALID,
    subject: ROOT,
    ...(algorithm.signing && { signing: algorithm.signing }),
    ...shape,
  });

/** Leaf and nine authorities, all named like the anchor; `areKin`: each signed by the key of all. */
function tenNamedLikeTheAnchor(algorithm: Algorithm, areKin: boolean): Uint8Array[] {
  const key = algorithm.newKey();
  return Array.from({ length: 10 }, (_, i) => {
    const own = areKin ? key : i < 2 || algorithm === P256 ? algorithm.newKey() : key;
    const extensions = i === 0 ? leafExtensions(NEXUS) : signerExtensions();
    return make(algorithm, { key: own, signer: key, serial: bytes(2, 1, i + 1), extensions });
  });
}

function anchorsOf(algorithm: Algorithm, count: number, keyIds = false): Uint8Array[] {
  const shared = count > 100 ? algorithm.newKey() : undefined;
  return Array.from({ length: count }, (_, i) => {
    const key = shared ?? algorithm.newKey();
    const keyId = extension("2.5.29.14", tlv(0x04, bytes(i >> 8, i & 0xff)));
    const extensions = [...signerExtensions(), ...(keyIds ? [keyId] : [])];
    return make(algorithm, { key, serial: tlv(2, bytes(1, i >> 8, i & 0xff)), extensions });
  });
}

/** Copies of one element, as many as fit. */
const filled = (element: Uint8Array, size: number) =>
  Array.from({ length: Math.floor(size / element.length) }, () => element);

function stuffed(extra: Uint8Array[], subject = ROOT): Uint8Array[] {
  const extensions = [...extra];
  return [make(P256, { subject, issuer: ROOT, extensions })];
}

function parsers(): [string, Uint8Array[]][] {
  const size = HANDSHAKE_BYTES;
  const rdn = tlv(0x31, seq(oid("2.5.4.3"), tlv(0x0c, ascii("a"))));
  const wide = tlv(0x31, ...filled(seq(oid("2.5.4.3"), tlv(0x0c, ascii("a"))), size));
  const usage = keyUsage(0x80);
  const dns = tlv(0x82, ascii("a"));
  return [
    ["names of 4,600 parts", stuffed([usage, altNames(uri(NEXUS))], seq(...filled(rdn, size)))],
    ["a name of one part of 5,400 attributes", stuffed([usage, altNames(uri(NEXUS))], seq(wide))],
    ["20,000 other names", stuffed([usage, altNames(uri(NEXUS), ...filled(dns, size))])],
    ["20,000 URIs", stuffed([usage, altNames(...filled(tlv(0x86, ascii("a")), size))])],
    ["a URI of 60,000 characters", stuffed([usage, altNames(uri(NEXUS.padEnd(size, "a")))])],
    [
      "12,000 extended key usages",
      stuffed([
        ...leafExtensions(NEXUS),
        extension("2.5.29.37", seq(...filled(oid("1.2.3.4"), size))),
      ]),
    ],
    [
      "10,000 extensions",
      stuffed([...leafExtensions(NEXUS), ...filled(extension("1.2.3", bytes(5, 0)), size)]),
    ],
    [
      "an arc of 60,000 bytes",
      stuffed([extension("1.2.3", bytes(5, 0)), seq(tlv(6, new Uint8Array(size).fill(0xff)))]),
    ],
    [
      "a key of 60,000 bytes",
      [make(P256, {
        extensions: leafExtensions(NEXUS),
        publicKey: seq(
          seq(oid("1.2.840.113549.1.1.1"), bytes(5, 0)),
          tlv(3, bytes(0), seq(tlv(2, new Uint8Array(size).fill(0x7f)), bytes(2, 3, 1, 0, 1))),
        ),
      })],
    ],
  ];
}

/** Every shape; some take seconds to make. */
export function costlyChains(): CostlyChain[] {
  const one = anchorsOf(P256, 1);
  const thirty = anchorsOf(P256, 30);
  const thirtyNamed = anchorsOf(P256, 30, true);
  const thousand = anchorsOf(P256, 1_000, true);
  const shapes: CostlyChain[] = [];
  for (const algorithm of [P256, P521, rsa(2048), rsa(4096)]) {
    for (const areKin of [true, false]) {
      const what = `ten of ${algorithm.name}, ${areKin ? "one key" : "other keys"}`;
      const chain = tenNamedLikeTheAnchor(algorithm, areKin);
      shapes.push({ name: `${what}, 1 anchor of P-256`, chain, anchors: one });
      shapes.push({ name: `${what}, 30 anchors of P-256`, chain, anchors: thirty });
      if (areKin) {
        const same = anchorsOf(algorithm, 1);
        shapes.push({ name: `${what}, 1 anchor of ${algorithm.name}`, chain, anchors: same });
      }
    }
  }
  const kin = tenNamedLikeTheAnchor(P256, true);
  shapes.push({
    name: "ten of P-256, 30 anchors with key identifiers",
    chain: kin,
    anchors: thirtyNamed,
  });
  shapes.push({ name: "ten of P-256, 1,000 anchors of one name", chain: kin, anchors: thousand });
  const elsewhere = thousand.slice(0, 1);
  for (const [what, chain] of parsers()) shapes.push({ name: what, chain, anchors: elsewhere });
  return shapes;
}
