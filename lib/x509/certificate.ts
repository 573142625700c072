import {
  Der,
  DerError,
  type DerItems,
  readSmallInteger,
  readTime,
  readUnsigned,
  readWholeBits,
  TAG,
} from "./der.ts";
import { type DistinguishedName, readName } from "./distinguished_name.ts";
import { type Extensions, readExtensions } from "./extension.ts";

/** An X.509 version 3 certificate, with only the members that path validation and the SVID rules need. */
export interface Certificate extends Readonly<Extensions> {
  /** The whole certificate. */
  readonly der: Uint8Array;
  /** The signed bytes (tbsCertificate) with their DER header. */
  readonly tbs: Uint8Array;
  /** Serial number in hex, without leading zero bytes. */
  readonly serial: string;
  /** Name of the issuer. */
  readonly issuer: DistinguishedName;
  /** Name of the subject; may be empty. */
  readonly subject: DistinguishedName;
  /** Start of the validity, milliseconds since the epoch, inclusive. */
  readonly notBeforeMs: number;
  /** End of the validity, milliseconds since the epoch, inclusive. */
  readonly notAfterMs: number;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** AlgorithmIdentifier, DER; identical inside and outside of the signed part. */
  readonly signatureAlgorithm: Uint8Array;
  /** The signature over `tbs`. */
  readonly signature: Uint8Array;
}

/** Ten times the size of a certificate with a large RSA key and many names. */
const MAX_CERTIFICATE_BYTES = 64 * 1024;

/**
 * Parses one certificate strictly (RFC 5280 section 4.1): DER, version 3, no trailing bytes, no repeated extension.
 *
 * @throws {DerError} if the certificate does not conform
 */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > MAX_CERTIFICATE_BYTES) {
    throw new DerError(`${der.length} bytes, at most ${MAX_CERTIFICATE_BYTES} are read`);
  }
  const outer = Der.parse(der).items(TAG.sequence, "certificate");
  const tbs = outer.take();
  const algorithm = outer.take().expect(TAG.sequence, "signatureAlgorithm").raw;
  const signature = readWholeBits(outer.take(), "signature");
  outer.end();
  const signed = readSigned(tbs.items(TAG.sequence, "tbsCertificate"));
  // RFC 5280 section 4.1.1.2: the outer identifier is not signed, so it must equal the inner one.
  if (!sameBytes(algorithm, signed.signatureAlgorithm)) {
    throw new DerError("the two signature algorithms differ");
  }
  return { der, tbs: tbs.raw, signature, ...signed };
}

function readSigned(items: DerItems): Omit<Certificate, "der" | "tbs" | "signature"> {
  readVersion(items);
  const serial = readSerial(items.take());
  const signatureAlgorithm = items.take().expect(TAG.sequence, "signature").raw;
  const issuer = readName(items.take(), "issuer");
  const validity = items.take().items(TAG.sequence, "validity");
  const notBeforeMs = readTime(validity.take(), "notBefore");
  const notAfterMs = readTime(validity.take(), "notAfter");
  validity.end();
  const subject = readName(items.take(), "subject");
  const publicKey = items.take().expect(TAG.sequence, "subjectPublicKeyInfo").raw;
  // Unique identifiers of issuer and subject: allowed but unused (RFC 5280 section 4.1.2.8).
  items.takeIf(0x81);
  items.takeIf(0x82);
  const extensions = readWrappedExtensions(items.takeIf(0xa3));
  items.end();
  const names = { issuer, subject };
  const times = { notBeforeMs, notAfterMs };
  return { serial, signatureAlgorithm, ...names, ...times, publicKey, ...extensions };
}

function readVersion(items: DerItems): void {
  const wrapper = items.takeIf(0xa0);
  if (wrapper === undefined) throw new DerError("version is 1, expected 3");
  const version = wrapper.items(0xa0, "version");
  const value = readSmallInteger(version.take(), "version");
  version.end();
  if (value !== 2) throw new DerError(`version is ${value + 1}, expected 3`);
}

/** At most 20 bytes, not counting the sign (RFC 5280 section 4.1.2.2). */
function readSerial(element: Der): string {
  const content = readUnsigned(element, "serialNumber");
  if (content.length > 21) throw new DerError("serialNumber is too long");
  return content.toHex().replace(/^00(?=.)/, "");
}

function readWrappedExtensions(wrapper: Der | undefined): Extensions {
  if (wrapper === undefined) return { unknownCritical: [] };
  const inner = wrapper.items(0xa3, "extensions");
  const list = inner.take().items(TAG.sequence, "extensions");
  inner.end();
  return readExtensions(list);
}

/** Not constant-time: for public bytes only. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
