/** Names of subjectAltName and of name constraints, and what of them is compared (RFC 5280 section 4.2.1.6). */

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

/** One name as it stands in a certificate. */
export interface GeneralName {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** Whether there is a kind of name with that tag. */
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

/** The labels of a host, lower case, from the right; undefined for what is not the name of a host. */
export function labelsOf(host: string): readonly string[] | undefined {
  const folded = host.toLowerCase();
  if (folded.length > 2048 || !LABELS.test(folded) || IPV4.test(folded)) return undefined;
  return folded.split(".").reverse();
}

const AUTHORITY = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)/;

/** The host of a URI; undefined where it has none, or one that is an address (RFC 5280 section 4.2.1.10). */
export function hostOfUri(uri: string): readonly string[] | undefined {
  const authority = AUTHORITY.exec(uri)?.[1];
  if (authority === undefined) return undefined;
  const host = authority.slice(authority.lastIndexOf("@") + 1).replace(/:\d*$/, "");
  return labelsOf(host);
}
