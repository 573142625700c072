/**
 * How the development authority lays out its certificates (SPIFFE X509-SVID sections 2 to 4).
 *
 * `@peculiar/x509` costs about a tenth of a second to load, so it is loaded by the first authority and not
 * by whoever imports this file.
 */
import type { Extension, X509CertificateCreateWithKeyParams } from "@peculiar/x509";
import { KEY_ALGORITHM } from "./key.ts";

/** The X.509 library, loaded. */
export type X509Library = typeof import("@peculiar/x509");

/** Key usages by their names of RFC 5280 section 4.2.1.3. */
export type KeyUsageName =
  | "digitalSignature"
  | "keyEncipherment"
  | "keyAgreement"
  | "keyCertSign"
  | "cRLSign";

/** Deviations from a proper leaf, for tests of those who must refuse it. */
export interface LeafOverrides {
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  /** In place of the ID; need not be well-formed. */
  readonly uriSans?: readonly string[];
  readonly dnsSans?: readonly string[];
  readonly isCa?: boolean;
  /** `null` leaves the extension out. */
  readonly keyUsage?: readonly KeyUsageName[] | null;
  readonly keyUsageCritical?: boolean;
  /** Object identifiers; `null` leaves the extension out. */
  readonly extKeyUsage?: readonly string[] | null;
  readonly subject?: string;
  /** At most 1024 bytes, travels beside the certificate. */
  readonly hint?: string;
}

/** What both kinds of certificates need. */
export interface CertificateRequest {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: CryptoKey;
  readonly issuerPublicKey: CryptoKey;
  readonly issuerPrivateKey: CryptoKey;
  readonly serial: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

const SERIAL_BYTES = 16;
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

/** Loads the X.509 library; `reflect-metadata` has to come before it. */
export async function loadX509(): Promise<X509Library> {
  await import("reflect-metadata");
  return await import("@peculiar/x509");
}

/** 16 random bytes that read as a positive integer without a leading zero (RFC 5280 section 4.1.2.2). */
export function drawSerial(random: (length: number) => Uint8Array): Uint8Array {
  const serial = random(SERIAL_BYTES);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}

/** A self-signed anchor for the trust domain whose ID is `domainId`; DER. */
export function buildAnchor(
  x509: X509Library,
  request: CertificateRequest,
  domainId: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return build(x509, request, async () => [
    new x509.BasicConstraintsExtension(true, undefined, true),
    keyUsageExtension(x509, ["keyCertSign", "cRLSign"], true),
    await x509.SubjectKeyIdentifierExtension.create(request.publicKey),
    new x509.SubjectAlternativeNameExtension([{ type: "url", value: domainId }]),
  ]);
}

/** A leaf for `id`, changed as `overrides` say; DER. */
export function buildLeaf(
  x509: X509Library,
  request: CertificateRequest,
  id: string,
  overrides: LeafOverrides,
): Promise<Uint8Array<ArrayBuffer>> {
  const { keyUsage = ["digitalSignature", "keyAgreement"], keyUsageCritical = true } = overrides;
  const { extKeyUsage = [SERVER_AUTH, CLIENT_AUTH], uriSans = [id], dnsSans = [] } = overrides;
  const names = [
    ...uriSans.map((value) => ({ type: "url" as const, value })),
    ...dnsSans.map((value) => ({ type: "dns" as const, value })),
  ];
  return build(x509, request, async () => [
    ...(keyUsage === null ? [] : [keyUsageExtension(x509, keyUsage, keyUsageCritical)]),
    ...(extKeyUsage === null ? [] : [new x509.ExtendedKeyUsageExtension([...extKeyUsage])]),
    new x509.BasicConstraintsExtension(overrides.isCa ?? false, undefined, true),
    await x509.SubjectKeyIdentifierExtension.create(request.publicKey),
    await x509.AuthorityKeyIdentifierExtension.create(request.issuerPublicKey),
    ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
  ]);
}

async function build(
  x509: X509Library,
  request: CertificateRequest,
  extensions: () => Promise<Extension[]>,
): Promise<Uint8Array<ArrayBuffer>> {
  const params: X509CertificateCreateWithKeyParams = {
    serialNumber: request.serial.toHex(),
    subject: request.subject,
    issuer: request.issuer,
    notBefore: new Date(request.notBeforeMs),
    notAfter: new Date(request.notAfterMs),
    publicKey: request.publicKey,
    signingKey: request.issuerPrivateKey,
    signingAlgorithm: { ...KEY_ALGORITHM, hash: "SHA-256" },
    extensions: await extensions(),
  };
  const certificate = await x509.X509CertificateGenerator.create(params);
  return new Uint8Array(certificate.rawData);
}

function keyUsageExtension(
  x509: X509Library,
  names: readonly KeyUsageName[],
  critical: boolean,
): Extension {
  const flags = names.reduce((sum, name) => sum | x509.KeyUsageFlags[name], 0);
  return new x509.KeyUsagesExtension(flags, critical);
}
