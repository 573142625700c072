import {
  Der,
  DerError,
  type DerItems,
  readBits,
  readBoolean,
  readOid,
  readSmallInteger,
  TAG,
} from "./der.ts";
import { asciiOf, type GeneralName, isKindOfName, NAME } from "./general_name.ts";
import { type NameConstraints, readNameConstraints } from "./name_constraints.ts";

/** Bits of keyUsage that path validation and the SVID rules need (RFC 5280 section 4.2.1.3). */
export interface KeyUsage {
  /** Whether the extension is critical. */
  readonly critical: boolean;
  /** Bit 0. */
  readonly digitalSignature: boolean;
  /** Bit 5. */
  readonly keyCertSign: boolean;
  /** Bit 6. */
  readonly crlSign: boolean;
}

/** Extensions of one certificate; undefined if absent. */
export interface Extensions {
  /** RFC 5280 section 4.2.1.9. */
  basicConstraints?: { readonly ca: boolean; readonly pathLength?: number };
  /** RFC 5280 section 4.2.1.3. */
  keyUsage?: KeyUsage;
  /** URI entries exactly as encoded, and whether there are other kinds of names. */
  subjectAltName?: { readonly uris: readonly string[]; readonly hasOthers: boolean };
  /** Every entry of subjectAltName, for name constraints. */
  generalNames?: readonly GeneralName[];
  /** RFC 5280 section 4.2.1.10. */
  nameConstraints?: NameConstraints;
  /** Object identifiers (RFC 5280 section 4.2.1.12). */
  extendedKeyUsage?: readonly string[];
  /** Key identifier of the issuer in hex: orders the search for an issuer, never a reason to trust one. */
  authorityKeyId?: string;
  /** Key identifier of this certificate in hex. */
  subjectKeyId?: string;
  /** Object identifiers of unsupported critical extensions; a path must not contain such a certificate. */
  unknownCritical: string[];
}

const MAX_EXTENSIONS = 64;

type Reader = (value: Der, into: Extensions, critical: boolean) => void;

/**
 * Supported extensions. The policy extensions are missing on purpose: if critical, they make a path unusable, as RFC 5280
 * section 4.2 requires for extensions that cannot be processed.
 */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["2.5.29.14", readSubjectKeyId],
  ["2.5.29.15", readKeyUsage],
  ["2.5.29.17", readSubjectAltName],
  ["2.5.29.19", readBasicConstraints],
  ["2.5.29.30", (value, into, critical) => {
    into.nameConstraints = readNameConstraints(value, critical);
  }],
  ["2.5.29.35", readAuthorityKeyId],
  ["2.5.29.37", readExtendedKeyUsage],
]);

/** Reads the extensions of a certificate (RFC 5280 section 4.2). Repeated extensions are rejected. */
export function readExtensions(list: DerItems): Extensions {
  const { all } = list;
  if (all.length === 0) throw new DerError("extensions are empty");
  if (all.length > MAX_EXTENSIONS) throw new DerError(`more than ${MAX_EXTENSIONS} extensions`);
  const seen = new Set<string>();
  const extensions: Extensions = { unknownCritical: [] };
  for (const element of all) {
    const items = element.items(TAG.sequence, "extension");
    const oid = readOid(items.take(), "extension identifier");
    const flag = items.takeIf(TAG.boolean);
    const critical = flag !== undefined && readBoolean(flag, "extension criticality");
    const value = items.take().expect(TAG.octetString, `extension ${oid}`).content;
    items.end();
    if (seen.has(oid)) throw new DerError(`extension ${oid} occurs twice`);
    seen.add(oid);
    const read = READERS.get(oid);
    if (read !== undefined) read(Der.parse(value), extensions, critical);
    else if (critical) extensions.unknownCritical.push(oid);
  }
  return extensions;
}

function readBasicConstraints(value: Der, into: Extensions): void {
  const items = value.items(TAG.sequence, "basicConstraints");
  const flag = items.takeIf(TAG.boolean);
  const length = items.takeIf(TAG.integer);
  items.end();
  into.basicConstraints = {
    ca: flag !== undefined && readBoolean(flag, "cA"),
    ...(length && { pathLength: readSmallInteger(length, "pathLenConstraint") }),
  };
}

function readKeyUsage(value: Der, into: Extensions, critical: boolean): void {
  const [bits = 0] = readBits(value, "keyUsage").bytes;
  into.keyUsage = {
    critical,
    digitalSignature: (bits & 0x80) !== 0,
    keyCertSign: (bits & 0x04) !== 0,
    crlSign: (bits & 0x02) !== 0,
  };
}

function readSubjectAltName(value: Der, into: Extensions): void {
  const { all } = value.items(TAG.sequence, "subjectAltName");
  if (all.length === 0) throw new DerError("subjectAltName is empty");
  if (!all.every((name) => isKindOfName(name.tag))) {
    throw new DerError("subjectAltName has an unknown kind of name");
  }
  const uris = all.filter((name) => name.tag === NAME.uri).map((name) => readUri(name.content));
  into.generalNames = all;
  into.subjectAltName = { uris, hasOthers: uris.length < all.length };
}

/** IA5String, byte for byte: a decoder that replaces or folds characters could make two IDs equal. */
function readUri(bytes: Uint8Array): string {
  const text = asciiOf(bytes);
  if (text === undefined) throw new DerError("a URI of subjectAltName is not ASCII");
  return text;
}

function readExtendedKeyUsage(value: Der, into: Extensions): void {
  const { all } = value.items(TAG.sequence, "extKeyUsage");
  if (all.length === 0) throw new DerError("extKeyUsage is empty");
  into.extendedKeyUsage = all.map((usage) => readOid(usage, "extKeyUsage"));
}

function readAuthorityKeyId(value: Der, into: Extensions): void {
  const keyId = value.items(TAG.sequence, "authorityKeyIdentifier").takeIf(0x80);
  if (keyId !== undefined) into.authorityKeyId = keyId.content.toHex();
}

function readSubjectKeyId(value: Der, into: Extensions): void {
  into.subjectKeyId = value.expect(TAG.octetString, "subjectKeyIdentifier").content.toHex();
}
