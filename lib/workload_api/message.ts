import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { SpikeError } from "../error/error.ts";

/** One identity of an `X509SVIDResponse`, as it travels. */
export interface X509SvidMessage {
  readonly spiffeId: string;
  /** DER certificates joined end to end, leaf first. */
  readonly x509Svid: Uint8Array;
  /** Unencrypted PKCS#8, DER. */
  readonly x509SvidKey: Uint8Array;
  /** Anchors of the identity's own trust domain, DER joined end to end. */
  readonly bundle: Uint8Array;
  /** Empty when there is none. */
  readonly hint: string;
}

/** Answer of `FetchX509SVID`: a whole snapshot, never a difference. */
export interface X509SvidResponse {
  /** The first one is the default identity. */
  readonly svids: readonly X509SvidMessage[];
  /** DER certificate revocation lists. */
  readonly crl: readonly Uint8Array[];
  /** By trust domain ID, `spiffe://name`: DER anchors joined end to end. */
  readonly federatedBundles: ReadonlyMap<string, Uint8Array>;
}

/** Answer of `FetchX509Bundles`; the own trust domain is included. */
export interface X509BundlesResponse {
  readonly crl: readonly Uint8Array[];
  /** By trust domain ID, `spiffe://name`: DER anchors joined end to end. */
  readonly bundles: ReadonlyMap<string, Uint8Array>;
}

/** Takes one field from the reader; answers false to have it skipped as unknown. */
type FieldReader = (reader: BinaryReader, field: number) => boolean;

/**
 * Reads an `X509SVIDResponse`. The byte fields are views of `bytes`.
 *
 * Only the envelope is judged here: throws `data_unmarshal_failure` when it is no protobuf message, and
 * leaves empty what is missing.
 */
export function decodeX509SvidResponse(bytes: Uint8Array): X509SvidResponse {
  const svids: X509SvidMessage[] = [];
  const crl: Uint8Array[] = [];
  const federatedBundles = new Map<string, Uint8Array>();
  decode("X509SVIDResponse", bytes, (reader, field) => {
    if (field === 1) svids.push(readSvid(reader.bytes()));
    else if (field === 2) crl.push(reader.bytes());
    else if (field === 3) readMapEntry(reader.bytes(), federatedBundles);
    else return false;
    return true;
  });
  return { svids, crl, federatedBundles };
}

/** Reads an `X509BundlesResponse`; the same terms as {@link decodeX509SvidResponse}. */
export function decodeX509BundlesResponse(bytes: Uint8Array): X509BundlesResponse {
  const crl: Uint8Array[] = [];
  const bundles = new Map<string, Uint8Array>();
  decode("X509BundlesResponse", bytes, (reader, field) => {
    if (field === 1) crl.push(reader.bytes());
    else if (field === 2) readMapEntry(reader.bytes(), bundles);
    else return false;
    return true;
  });
  return { crl, bundles };
}

/**
 * Reads a `JWTBundlesResponse`: JWK sets by trust domain ID, copied; the same terms as
 * {@link decodeX509SvidResponse}.
 */
export function decodeJwtBundlesResponse(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const bundles = new Map<string, Uint8Array>();
  decode("JWTBundlesResponse", bytes, (reader, field) => {
    if (field !== 1) return false;
    readMapEntry(reader.bytes(), bundles);
    return true;
  });
  return new Map([...bundles].map(([domain, document]) => [domain, document.slice()]));
}

/** Writes a `JWTBundlesResponse`. */
export function encodeJwtBundlesResponse(bundles: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const writer = new BinaryWriter();
  writeMap(writer, 1, bundles);
  return writer.finish();
}

/** Writes an `X509SVIDResponse`: fields in the order of their numbers, empty scalars left out. */
export function encodeX509SvidResponse(message: X509SvidResponse): Uint8Array {
  const writer = new BinaryWriter();
  for (const svid of message.svids) {
    writer.tag(1, WireType.LengthDelimited).fork();
    if (svid.spiffeId !== "") writer.tag(1, WireType.LengthDelimited).string(svid.spiffeId);
    writeBytes(writer, 2, svid.x509Svid);
    writeBytes(writer, 3, svid.x509SvidKey);
    writeBytes(writer, 4, svid.bundle);
    if (svid.hint !== "") writer.tag(5, WireType.LengthDelimited).string(svid.hint);
    writer.join();
  }
  for (const crl of message.crl) writer.tag(2, WireType.LengthDelimited).bytes(crl);
  writeMap(writer, 3, message.federatedBundles);
  return writer.finish();
}

/** Writes an `X509BundlesResponse`. */
export function encodeX509BundlesResponse(message: X509BundlesResponse): Uint8Array {
  const writer = new BinaryWriter();
  for (const crl of message.crl) writer.tag(1, WireType.LengthDelimited).bytes(crl);
  writeMap(writer, 2, message.bundles);
  return writer.finish();
}

function decode(name: string, bytes: Uint8Array, take: FieldReader): void {
  try {
    readFields(bytes, take);
  } catch (cause) {
    throw new SpikeError(
      "data_unmarshal_failure",
      `Workload API answer of ${bytes.length} bytes is no ${name} message`,
      { cause },
    );
  }
}

/** All known fields are length-delimited; a known number with another wire type counts as unknown. */
function readFields(bytes: Uint8Array, take: FieldReader): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited && take(reader, field)) continue;
    reader.skip(wireType, field);
  }
}

function readSvid(bytes: Uint8Array): X509SvidMessage {
  const svid: { -readonly [K in keyof X509SvidMessage]: X509SvidMessage[K] } = {
    spiffeId: "",
    x509Svid: new Uint8Array(),
    x509SvidKey: new Uint8Array(),
    bundle: new Uint8Array(),
    hint: "",
  };
  readFields(bytes, (reader, field) => {
    if (field === 1) svid.spiffeId = reader.string(true);
    else if (field === 2) svid.x509Svid = reader.bytes();
    else if (field === 3) svid.x509SvidKey = reader.bytes();
    else if (field === 4) svid.bundle = reader.bytes();
    else if (field === 5) svid.hint = reader.string(true);
    else return false;
    return true;
  });
  return svid;
}

/** A map travels as repeated pairs {1: key, 2: value} in any order; of equal keys the later one wins. */
function readMapEntry(bytes: Uint8Array, into: Map<string, Uint8Array>): void {
  let key = "";
  let value: Uint8Array = new Uint8Array();
  readFields(bytes, (reader, field) => {
    if (field === 1) key = reader.string(true);
    else if (field === 2) value = reader.bytes();
    else return false;
    return true;
  });
  into.set(key, value);
}

function writeBytes(writer: BinaryWriter, field: number, value: Uint8Array): void {
  if (value.length > 0) writer.tag(field, WireType.LengthDelimited).bytes(value);
}

function writeMap(writer: BinaryWriter, field: number, map: ReadonlyMap<string, Uint8Array>): void {
  for (const [key, value] of map) {
    writer.tag(field, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(key);
    writer.tag(2, WireType.LengthDelimited).bytes(value);
    writer.join();
  }
}
