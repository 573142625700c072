/** Makes certificates of any shape that are valid now, for chains that must be refused. */
import { generateKeyPairSync, sign } from "node:crypto";
import {
  ascii,
  bytes,
  ECDSA_SHA256,
  extension,
  type KeyPair,
  leafExtensions,
  makeCertificate,
  name,
  newKey,
  NULL,
  oid,
  seq,
  type Shape,
  signerExtensions,
  type Signing,
  tlv,
} from "../../lib/x509/_make_certificate.ts";

export { ascii, bytes, extension, leafExtensions, name, newKey, oid, seq, signerExtensions, tlv };
export type { KeyPair, Shape };

/** Who all leaves claim to be: a server that our clients look for, and a caller that our servers admit. */
export const NEXUS = "spiffe://spike.ist/spike/nexus";

const HOUR_MS = 3_600_000;

/** A UTCTime so many hours from now. */
export function hoursFromNow(hours: number): string {
  const text = new Date(Date.now() + hours * HOUR_MS).toISOString();
  return `${text.slice(2).replace(/\D/g, "").slice(0, 12)}Z`;
}

const VALID = { notBefore: hoursFromNow(-2), notAfter: hoursFromNow(2) };

/** A certificate that signs others, with its key. */
export interface Signer {
  readonly der: Uint8Array;
  readonly key: KeyPair;
  readonly subject: Uint8Array;
}

/** A self-signed authority. */
export function makeRoot(text: string, shape: Shape = {}): Signer {
  const key = shape.key ?? newKey();
  const subject = name(text);
  const extensions = signerExtensions();
  return { key, subject, der: makeCertificate({ ...VALID, subject, key, extensions, ...shape }) };
}

/** An authority below another one. */
export function makeIntermediate(text: string, parent: Signer, shape: Shape = {}): Signer {
  return makeRoot(text, { issuer: parent.subject, signer: parent.key, ...shape });
}

/** A leaf and what shows that it is one's own. */
export interface Leaf {
  readonly der: Uint8Array;
  readonly key: KeyPair;
}

/** A leaf for {@link NEXUS} unless `shape` says otherwise. */
export function makeLeaf(parent: Signer, shape: Shape = {}): Leaf {
  const key = shape.key ?? newKey();
  const usual = {
    ...VALID,
    subject: name("leaf"),
    issuer: parent.subject,
    signer: parent.key,
    extensions: leafExtensions(NEXUS),
  };
  return { key, der: makeCertificate({ ...usual, key, ...shape }) };
}

/** A leaf whose only URI is `uri`. */
export function leafFor(parent: Signer, uri: string): Leaf {
  return makeLeaf(parent, { extensions: leafExtensions(uri) });
}

const KEY_USAGE = "2.5.29.15";
export const SAN = "2.5.29.17";
const BASIC = "2.5.29.19";

/** keyUsage with these bits of its first byte. */
export function keyUsage(bits: number): Uint8Array {
  return extension(KEY_USAGE, bytes(3, 2, 0, bits), true);
}

/** subjectAltName of elements as they stand. */
export function altNames(...names: readonly Uint8Array[]): Uint8Array {
  return extension(SAN, seq(...names));
}

/** A URI of a subjectAltName. */
export function uri(text: string): Uint8Array {
  return tlv(0x86, ascii(text));
}

/** basicConstraints as it stands. */
export function basicConstraints(...content: readonly Uint8Array[]): Uint8Array {
  return extension(BASIC, seq(...content), true);
}

/** ECDSA with SHA-1, which is not accepted any more. */
export const ECDSA_SHA1: Signing = {
  identifier: seq(oid("1.2.840.10045.4.1")),
  make: (tbs, key) => sign("sha1", tbs, key),
};

/** Says RSA, signs ECDSA. */
export const MISLABELLED: Signing = {
  identifier: seq(oid("1.2.840.113549.1.1.11"), NULL),
  make: ECDSA_SHA256.make,
};

/** RSA with SHA-256. */
export const RSA_SHA256: Signing = {
  identifier: seq(oid("1.2.840.113549.1.1.11"), NULL),
  make: (tbs, key) => sign("sha256", tbs, key),
};

export function newRsaKey(bits: number): KeyPair {
  return generateKeyPairSync("rsa", { modulusLength: bits });
}

/** A copy with one byte changed, counted from the end when negative. */
export function flip(der: Uint8Array, at: number): Uint8Array {
  const copy = der.slice();
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
}

/** A copy in which the first `from` is replaced by `to` of the same length. */
export function replaceText(der: Uint8Array, from: string, to: string): Uint8Array {
  const copy = der.slice();
  const pattern = ascii(from);
  const at = copy.findIndex((_, i) => pattern.every((byte, j) => copy[i + j] === byte));
  if (at < 0 || from.length !== to.length) throw new Error(`${from} cannot be replaced`);
  copy.set(ascii(to), at);
  return copy;
}
