/**
 * Certificates of any shape for the tests of this folder, well-formed or not: a DER writer of a few lines and
 * one function on top of it. Nothing outside of tests imports this file.
 */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** Two keys that belong together. */
export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export const newKey = (): KeyPair => generateKeyPairSync("ec", { namedCurve: "P-256" });

/** One element: a tag and its content. */
export function tlv(tag: number, ...content: Uint8Array[]): Uint8Array {
  const body = content.flatMap((part) => [...part]);
  const size = body.length;
  const length = size < 0x80
    ? [size]
    : size < 0x100
    ? [0x81, size]
    : [0x82, size >> 8, size & 0xff];
  return new Uint8Array([tag, ...length, ...body]);
}

export const seq = (...parts: Uint8Array[]): Uint8Array => tlv(0x30, ...parts);
export const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);
export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
export const NULL = bytes(0x05, 0x00);

export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const arcs = [first * 40 + second, ...rest].map((arc) => {
    const digits = [arc & 0x7f];
    for (let high = Math.floor(arc / 128); high > 0; high = Math.floor(high / 128)) {
      digits.unshift(0x80 | (high & 0x7f));
    }
    return bytes(...digits);
  });
  return tlv(0x06, ...arcs);
}

/** A name of one commonName, by default as UTF8String. */
export function name(text: string, tag = 0x0c): Uint8Array {
  return seq(tlv(0x31, seq(oid("2.5.4.3"), tlv(tag, ascii(text)))));
}

export function extension(id: string, value: Uint8Array, critical = false): Uint8Array {
  return seq(oid(id), ...(critical ? [bytes(1, 1, 0xff)] : []), tlv(0x04, value));
}

/** basicConstraints with cA, and keyUsage with keyCertSign. */
export function signerExtensions(pathLength?: number): Uint8Array[] {
  const length = pathLength === undefined ? [] : [bytes(2, 1, pathLength)];
  return [
    extension("2.5.29.19", seq(bytes(1, 1, 0xff), ...length), true),
    extension("2.5.29.15", bytes(3, 2, 1, 0x06), true),
  ];
}

/** keyUsage digitalSignature, and a SAN of the given URIs. */
export function leafExtensions(...uris: string[]): Uint8Array[] {
  return [
    extension("2.5.29.15", bytes(3, 2, 7, 0x80), true),
    extension("2.5.29.17", seq(...uris.map((uri) => tlv(0x86, ascii(uri))))),
  ];
}

/** How a signature is made and what the certificate says about it. */
export interface Signing {
  readonly identifier: Uint8Array;
  readonly make: (tbs: Uint8Array, key: KeyObject) => Uint8Array;
}

export const ECDSA_SHA256: Signing = {
  identifier: seq(oid("1.2.840.10045.4.3.2")),
  make: (tbs, key) => sign("sha256", tbs, key),
};

/** Parts of a certificate that differ from the usual. */
export interface Shape {
  readonly subject?: Uint8Array;
  readonly issuer?: Uint8Array;
  readonly key?: KeyPair;
  /** Whose key signs; its own by default. */
  readonly signer?: KeyPair;
  readonly signing?: Signing;
  readonly extensions?: readonly Uint8Array[];
  /** The element as it stands; version 3 by default. */
  readonly version?: Uint8Array;
  readonly serial?: Uint8Array;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly outerIdentifier?: Uint8Array;
  readonly publicKey?: Uint8Array;
}

/** A GeneralizedTime when the year has four digits, else a UTCTime. */
function time(text: string): Uint8Array {
  return tlv(/^\d{14}/.test(text) ? 0x18 : 0x17, ascii(text));
}

/** A certificate valid from 2026 to 2027 unless `shape` says otherwise. */
export function makeCertificate(shape: Shape = {}): Uint8Array {
  const key = shape.key ?? newKey();
  const signing = shape.signing ?? ECDSA_SHA256;
  const subject = shape.subject ?? name("test");
  const extensions = shape.extensions ?? [];
  const tbs = seq(
    shape.version ?? tlv(0xa0, bytes(2, 1, 2)),
    shape.serial ?? bytes(2, 1, 7),
    signing.identifier,
    shape.issuer ?? subject,
    seq(
      time(shape.notBefore ?? "260101000000Z"),
      time(shape.notAfter ?? "270101000000Z"),
    ),
    subject,
    shape.publicKey ?? key.publicKey.export({ format: "der", type: "spki" }),
    ...(extensions.length > 0 ? [tlv(0xa3, seq(...extensions))] : []),
  );
  const signature = signing.make(tbs, (shape.signer ?? key).privateKey);
  const outer = shape.outerIdentifier ?? signing.identifier;
  return seq(tbs, outer, tlv(0x03, bytes(0), signature));
}
