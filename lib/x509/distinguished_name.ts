import { type Der, DerError, readOid, TAG } from "./der.ts";

/** A distinguished name, as encoded and in comparable form. */
export interface DistinguishedName {
  /** As in the certificate. */
  readonly der: Uint8Array;
  /** Two names are equal if these strings are equal (RFC 5280 section 7.1). */
  readonly comparable: string;
}

const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?*&]*$/;

/** Reads a Name (RFC 5280 section 4.1.2.4). A subject may be empty. */
export function readName(element: Der, what: string): DistinguishedName {
  let count = 0;
  const parts = element.items(TAG.sequence, what).all.map((rdn) => {
    const attributes = rdn.items(TAG.set, what).all;
    if (attributes.length === 0) throw new DerError(`${what} has an empty part`);
    count += attributes.length;
    if (count > MAX_ATTRIBUTES) throw new DerError(`${what} has more than ${MAX_ATTRIBUTES} parts`);
    return attributes.map((attribute) => comparableAttribute(attribute, what)).sort();
  });
  return { der: element.raw, comparable: JSON.stringify(parts) };
}

function comparableAttribute(attribute: Der, what: string): string {
  const items = attribute.items(TAG.sequence, what);
  const type = readOid(items.take(), what);
  const value = items.take();
  items.end();
  const text = textOf(value, what);
  // Other string types are compared by their bytes, including the tag.
  return text === undefined ? `${type}#${value.raw.toHex()}` : `${type}=${fold(text)}`;
}

function textOf(value: Der, what: string): string | undefined {
  if (value.tag === TAG.utf8String) return decodeUtf8(value.content, what);
  if (value.tag !== TAG.printableString && value.tag !== TAG.ia5String) return undefined;
  const text = String.fromCharCode(...value.content.subarray(0, MAX_ATTRIBUTE_BYTES));
  const isLegal = value.tag === TAG.ia5String
    ? value.content.every((byte) => byte < 0x80)
    : PRINTABLE.test(text);
  if (!isLegal || text.length < value.content.length) throw new DerError(`${what} has a bad text`);
  return text;
}

/** Five times as many as the longest real names have. */
const MAX_ATTRIBUTES = 64;
/** Far above the upper bounds of RFC 5280 appendix A, and below the most arguments of a call. */
const MAX_ATTRIBUTE_BYTES = 4096;

function decodeUtf8(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new DerError(`${what} is not UTF-8`, { cause });
  }
}

/** Ignores case and repeated spaces (RFC 5280 section 7.1, RFC 4518). */
function fold(text: string): string {
  return text.normalize("NFKC").toLowerCase().trim().replace(/\s+/g, " ");
}
