import { Buffer } from "node:buffer";
import { constants, createPublicKey, type KeyObject, verify } from "node:crypto";
import {
  Der,
  DerError,
  readOid,
  readSmallInteger,
  readUnsigned,
  readWholeBits,
  TAG,
} from "./der.ts";
import type { Certificate } from "./certificate.ts";

/** Outcome of one signature check; `unsupported` for any other algorithm or kind of key. */
export type SignatureCheck = "good" | "bad" | "unsupported";

type KeyKind = "ec" | "rsa" | "ed25519";
type Hash = "sha256" | "sha384" | "sha512";

interface Algorithm {
  readonly key: KeyKind;
  /** Null if the scheme includes the hash. */
  readonly hash: Hash | null;
  /** Length of the salt for PSS padding, bytes. */
  readonly saltBytes?: number;
}

/** SHA-1 and MD5 are missing on purpose. RFC 5758, RFC 4055, RFC 8410. */
const SIMPLE: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ["1.2.840.10045.4.3.2", { key: "ec", hash: "sha256" }],
  ["1.2.840.10045.4.3.3", { key: "ec", hash: "sha384" }],
  ["1.2.840.10045.4.3.4", { key: "ec", hash: "sha512" }],
  ["1.2.840.113549.1.1.11", { key: "rsa", hash: "sha256" }],
  ["1.2.840.113549.1.1.12", { key: "rsa", hash: "sha384" }],
  ["1.2.840.113549.1.1.13", { key: "rsa", hash: "sha512" }],
  ["1.3.101.112", { key: "ed25519", hash: null }],
]);

const PSS = "1.2.840.113549.1.1.10";
const MGF1 = "1.2.840.113549.1.1.8";
const HASHES: ReadonlyMap<string, Hash> = new Map<string, Hash>([
  ["2.16.840.1.101.3.4.2.1", "sha256"],
  ["2.16.840.1.101.3.4.2.2", "sha384"],
  ["2.16.840.1.101.3.4.2.3", "sha512"],
]);

/** Uncompressed point sizes of P-256, P-384 and P-521 by the identifier of the curve (RFC 5480). */
const CURVES: ReadonlyMap<string, number> = new Map([
  ["1.2.840.10045.3.1.7", 65],
  ["1.3.132.0.34", 97],
  ["1.3.132.0.35", 133],
]);

const MIN_RSA_BITS = 2048;
/** The cost of a check grows with the square of the size, which the peer chooses. */
const MAX_RSA_BITS = 8192;

/** Imported keys of issuers, mostly of anchors. */
const issuerKeys = new WeakMap<Certificate, KeyObject>();

/** Checks whether `issuer`'s key made the signature of `certificate`. About half a millisecond. */
export function checkSignature(certificate: Certificate, issuer: Certificate): SignatureCheck {
  const algorithm = readAlgorithm(certificate.signatureAlgorithm);
  if (algorithm === undefined || keyKindOf(issuer.publicKey) !== algorithm.key) {
    return "unsupported";
  }
  try {
    const key = issuerKeys.get(issuer) ?? toKeyObject(issuer.publicKey);
    issuerKeys.set(issuer, key);
    return verifyWith(algorithm, key, certificate) ? "good" : "bad";
  } catch {
    // The runtime throws for a point off the curve and for signatures it cannot decode. Both are forged or damaged, and the
    // distinction has no use.
    return "bad";
  }
}

/**
 * Imports a public key from DER SubjectPublicKeyInfo.
 *
 * @throws {Error} the runtime's error for a malformed key
 */
export function toKeyObject(spki: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
}

function verifyWith(algorithm: Algorithm, key: KeyObject, certificate: Certificate): boolean {
  const { tbs, signature } = certificate;
  if (algorithm.saltBytes === undefined) return verify(algorithm.hash, tbs, key, signature);
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const pss = { key, padding, saltLength: algorithm.saltBytes };
  return verify(algorithm.hash, tbs, pss, signature);
}

function readAlgorithm(identifier: Uint8Array): Algorithm | undefined {
  return unlessMalformed(() => {
    const items = Der.parse(identifier).items(TAG.sequence, "algorithm");
    const oid = readOid(items.take(), "algorithm");
    const algorithm = oid === PSS ? readPss(items.take()) : SIMPLE.get(oid);
    // RFC 4055 section 5: RSA may carry NULL; RFC 5758 and RFC 8410: the others carry nothing.
    if (oid !== PSS && algorithm?.key === "rsa") {
      items.takeIf(TAG.null)?.items(TAG.null, "parameters").end();
    }
    items.end();
    return algorithm;
  });
}

/** RFC 4055 section 3.1. The defaults are SHA-1, so an omitted field is rejected like SHA-1 itself. */
function readPss(parameters: Der): Algorithm | undefined {
  const items = parameters.items(TAG.sequence, "PSS parameters");
  const hash = readHash(unwrap(items.take(), 0xa0));
  const mask = unwrap(items.take(), 0xa1).items(TAG.sequence, "mask");
  if (readOid(mask.take(), "mask") !== MGF1 || readHash(mask.take()) !== hash) return undefined;
  mask.end();
  const saltBytes = readSmallInteger(unwrap(items.take(), 0xa2), "salt length");
  items.end();
  return hash === undefined || saltBytes > 64 ? undefined : { key: "rsa", hash, saltBytes };
}

function readHash(identifier: Der): Hash | undefined {
  const items = identifier.items(TAG.sequence, "hash");
  const hash = HASHES.get(readOid(items.take(), "hash"));
  items.takeIf(TAG.null);
  items.end();
  return hash;
}

function unwrap(element: Der, tag: number): Der {
  const items = element.items(tag, "PSS parameter");
  const inner = items.take();
  items.end();
  return inner;
}

/** The kind of a key that may sign certificates; undefined for any other key. */
function keyKindOf(spki: Uint8Array): KeyKind | undefined {
  return unlessMalformed(() => {
    const items = Der.parse(spki).items(TAG.sequence, "key");
    const identifier = items.take().items(TAG.sequence, "key algorithm");
    const bits = readWholeBits(items.take(), "key");
    items.end();
    switch (readOid(identifier.take(), "key algorithm")) {
      case "1.2.840.10045.2.1": {
        const size = CURVES.get(readOid(identifier.take(), "curve"));
        return size === bits.length && bits[0] === 0x04 ? "ec" : undefined;
      }
      case "1.2.840.113549.1.1.1":
        return isSoundRsaKey(bits) ? "rsa" : undefined;
      case "1.3.101.112":
        return bits.length === 32 ? "ed25519" : undefined;
      default:
        return undefined;
    }
  });
}

/** RFC 8017 appendix A.1.1; an exponent of at most 32 bits, odd and above one. */
function isSoundRsaKey(bytes: Uint8Array): boolean {
  const items = Der.parse(bytes).items(TAG.sequence, "RSA key");
  const modulus = readUnsigned(items.take(), "modulus");
  const exponent = readSmallInteger(items.take(), "exponent");
  items.end();
  const leading = modulus[0] === 0 ? 1 : 0;
  const top = modulus[leading] ?? 0;
  const bits = (modulus.length - leading) * 8 - (top === 0 ? 8 : Math.clz32(top) - 24);
  return bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS && exponent > 1 && exponent % 2 === 1;
}

function unlessMalformed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}
