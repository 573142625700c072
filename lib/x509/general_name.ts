/** Names of subjectAltName and of name constraints, and their comparable parts (RFC 5280 section 4.2.1.6). */

/** Tags of GeneralName. */
export const NAME = {
  other: 0xa0,
  email: 0x81,
  dns: 0x82,
  x400: 0xa3,
  directory: 0xa4,
  edi: 0xa5,
  uri: 0x86,
  ip: 0x87,
  registeredId: 0x88,
} as const;

const KINDS: ReadonlyMap<number, string> = new Map([
  [NAME.other, "otherName"],
  [NAME.email, "email"],
  [NAME.dns, "DNS"],
  [NAME.x400, "X.400"],
  [NAME.directory, "directory name"],
  [NAME.edi, "EDI"],
  [NAME.uri, "URI"],
  [NAME.ip, "IP"],
  [NAME.registeredId, "registered ID"],
]);

/** One name as encoded in a certificate. */
export interface GeneralName {
  /** One of {@linkcode NAME}. */
  readonly tag: number;
  /** Content without the DER header. */
  readonly content: Uint8Array;
}

/** Whether `tag` is one of {@linkcode NAME}. */
export function isKindOfName(tag: number): boolean {
  return KINDS.has(tag);
}

/** The kind of a name in words. */
export function kindOfName(tag: number): string {
  return KINDS.get(tag) ?? "unknown";
}

/** An IA5String; undefined for bytes that are not ASCII. */
export function asciiOf(bytes: Uint8Array): string | undefined {
  let text = "";
  for (const byte of bytes) {
    if (byte >= 0x80) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

const LABELS = /^[a-z0-9_-]{1,255}(\.[a-z0-9_-]{1,255})*$/;
const IPV4 = /^\d+(\.\d+){3}$/;

/** The labels of a host name, lower case, from right to left; undefined if it is not a host name. */
export function labelsOf(host: string): readonly string[] | undefined {
  const folded = host.toLowerCase();
  if (folded.length > 2048 || !LABELS.test(folded) || IPV4.test(folded)) return undefined;
  return folded.split(".").reverse();
}

const AUTHORITY = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)/;

/** The labels of the host of a URI; undefined if it has none or an IP address (RFC 5280 section 4.2.1.10). */
export function hostOfUri(uri: string): readonly string[] | undefined {
  const authority = AUTHORITY.exec(uri)?.[1];
  if (authority === undefined) return undefined;
  const host = authority.slice(authority.lastIndexOf("@") + 1).replace(/:\d*$/, "");
  return labelsOf(host);
}
