import { SpikeError } from "../error/error.ts";

declare const idBrand: unique symbol;
declare const domainBrand: unique symbol;

/** A well-formed SPIFFE ID, byte for byte as received. Only {@linkcode parseSpiffeId} makes one. */
export type SpiffeId = string & { readonly [idBrand]: true };

/** The name of a trust domain, without a scheme. Only the parsers of this file make one. */
export type TrustDomain = string & { readonly [domainBrand]: true };

/** Why a text is not a SPIFFE ID (SPIFFE ID standard, section 2). */
export type SpiffeIdFault =
  | "empty"
  | "wrong-scheme"
  | "no-trust-domain"
  | "bad-trust-domain-character"
  | "bad-path-character"
  | "empty-segment"
  | "dot-segment"
  | "trailing-slash"
  | "too-long";

const EXPECTED: Record<SpiffeIdFault, string> = {
  "empty": "it is empty",
  "wrong-scheme": "it has to begin with spiffe:// in lower case",
  "no-trust-domain": "the trust domain is missing",
  "bad-trust-domain-character": "a trust domain consists of a-z, 0-9, dot, dash and underscore",
  "bad-path-character": "a path segment consists of A-Z, a-z, 0-9, dot, dash and underscore",
  "empty-segment": "a path segment is empty",
  "dot-segment": "a path segment of one or two dots is not allowed",
  "trailing-slash": "it ends with a slash",
  "too-long": "an ID has at most 2048 bytes, its trust domain at most 255",
};

/** A text that is not a SPIFFE ID, a trust domain or a path segment, with the kind of fault. */
export class SpiffeIdError extends SpikeError {
  constructor(what: string, value: string, readonly fault: SpiffeIdFault) {
    super("spiffe_invalid_spiffe_id", `${what} ${quote(value)} is not valid: ${EXPECTED[fault]}`, {
      hint: "A SPIFFE ID looks like spiffe://example.org/spike/nexus",
    });
  }
}

/** The standard asks for 2048 to be supported and for no more to be made. */
const MAX_ID_BYTES = 2048;
const MAX_DOMAIN_BYTES = 255;
const SCHEME = "spiffe://";
const DOT = 0x2e;

/**
 * Reads a SPIFFE ID. Nothing is decoded, folded or resolved: two IDs are equal when their bytes are.
 *
 * @example
 * ```ts
 * parseSpiffeId("spiffe://spike.ist/spike/nexus");
 * ```
 *
 * @throws {SpiffeIdError} with the kind of fault.
 */
export function parseSpiffeId(text: string): SpiffeId {
  const fault = faultOfId(text);
  if (fault !== undefined) throw new SpiffeIdError("SPIFFE ID", text, fault);
  return text as SpiffeId;
}

/** The trust domain of an ID. */
export function trustDomainOf(id: SpiffeId): TrustDomain {
  const slash = id.indexOf("/", SCHEME.length);
  return id.slice(SCHEME.length, slash < 0 ? undefined : slash) as TrustDomain;
}

/** The path of an ID with its leading slash, or an empty text when it has none. */
export function pathOf(id: SpiffeId): string {
  const slash = id.indexOf("/", SCHEME.length);
  return slash < 0 ? "" : id.slice(slash);
}

/**
 * Reads a trust domain from its bare name or from any ID in it; what contains `:/` is read as an ID.
 *
 * @throws {SpiffeIdError} with the kind of fault.
 */
export function parseTrustDomain(nameOrId: string): TrustDomain {
  if (nameOrId.includes(":/")) return trustDomainOf(parseSpiffeId(nameOrId));
  const fault = nameOrId === "" ? "empty" : faultOfDomain(nameOrId, 0, nameOrId.length);
  if (fault !== undefined) throw new SpiffeIdError("Trust domain", nameOrId, fault);
  return nameOrId as TrustDomain;
}

/**
 * Joins segments to a path. Each is checked alone, so a slash inside one is refused.
 *
 * @throws {SpiffeIdError} for the first segment that is not one.
 */
export function pathFromSegments(segments: readonly string[]): string {
  for (const segment of segments) {
    const fault = faultOfSegment(segment, 0, segment.length);
    if (fault !== undefined) throw new SpiffeIdError("Path segment", segment, fault);
  }
  return segments.map((segment) => `/${segment}`).join("");
}

/** Whether an ID belongs to a trust domain: equality of names, never a prefix or suffix test. */
export function isMemberOf(id: SpiffeId, trustDomain: TrustDomain): boolean {
  return trustDomainOf(id) === trustDomain;
}

function faultOfId(text: string): SpiffeIdFault | undefined {
  if (text === "") return "empty";
  if (!text.startsWith(SCHEME)) return "wrong-scheme";
  // Only ASCII passes the checks below, so the length in UTF-16 units is the length in bytes.
  if (text.length > MAX_ID_BYTES) return "too-long";
  const slash = text.indexOf("/", SCHEME.length);
  const domainEnd = slash < 0 ? text.length : slash;
  return faultOfDomain(text, SCHEME.length, domainEnd) ?? faultOfPath(text, domainEnd);
}

function faultOfDomain(text: string, start: number, end: number): SpiffeIdFault | undefined {
  if (start === end) return "no-trust-domain";
  if (end - start > MAX_DOMAIN_BYTES) return "too-long";
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i);
    if (!isSegmentChar(c) || isUpper(c)) return "bad-trust-domain-character";
  }
  return undefined;
}

/** `start` is the end of the text or the position of a slash. */
function faultOfPath(text: string, start: number): SpiffeIdFault | undefined {
  let slash = start;
  while (slash < text.length) {
    const next = text.indexOf("/", slash + 1);
    const end = next < 0 ? text.length : next;
    if (end === text.length && end === slash + 1) return "trailing-slash";
    const fault = faultOfSegment(text, slash + 1, end);
    if (fault !== undefined) return fault;
    slash = end;
  }
  return undefined;
}

function faultOfSegment(text: string, start: number, end: number): SpiffeIdFault | undefined {
  if (start === end) return "empty-segment";
  let dots = 0;
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i);
    if (!isSegmentChar(c)) return "bad-path-character";
    if (c === DOT) dots++;
  }
  return dots === end - start && dots <= 2 ? "dot-segment" : undefined;
}

function isUpper(c: number): boolean {
  return c >= 0x41 && c <= 0x5a;
}

function isSegmentChar(c: number): boolean {
  if (c >= 0x61 && c <= 0x7a || isUpper(c)) return true;
  return c >= 0x30 && c <= 0x39 || c === DOT || c === 0x2d || c === 0x5f;
}

/** A received text fit for one line of a log: bounded, and free of control and look-alike characters. */
function quote(value: string): string {
  const cut = value.length > 160 ? `${value.slice(0, 160)}…` : value;
  return JSON.stringify(cut).replace(
    /[^\x20-\x7e…]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
