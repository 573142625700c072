/** Bytes that violate DER or the certificate profile. Callers of this folder convert it. */
export class DerError extends Error {
  /** Always `DerError`. */
  override readonly name = "DerError";
}

/** Encoded tags: class, constructed bit and number in one byte (X.690 section 8.1.2). */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Deeper than any valid certificate; bounds the cost of hostile nesting. */
const MAX_DEPTH = 16;

/** More than any valid certificate has; the peer chooses the number. */
const MAX_ITEMS = 1024;

/**
 * One DER element, as a view of its bytes.
 *
 * Supports only what certificates use: one-byte tags, definite lengths of at most three bytes in the shortest form (X.690
 * section 10.1). Everything else throws {@linkcode DerError}.
 */
export class Der {
  private constructor(
    /** One of {@linkcode TAG}, or a context tag. */
    readonly tag: number,
    /** Header and content. */
    readonly raw: Uint8Array,
    /** Content without the header. */
    readonly content: Uint8Array,
    /** Nesting depth, 0 for the outermost element. */
    readonly depth: number,
  ) {}

  /** Reads exactly one element; trailing bytes are rejected. */
  static parse(bytes: Uint8Array): Der {
    const element = Der.first(bytes);
    if (element.raw.length !== bytes.length) throw new DerError("bytes are left after the end");
    return element;
  }

  /** Reads the element at the start of `bytes`; more may follow. */
  static first(bytes: Uint8Array): Der {
    return Der.#read(bytes, 0, 0);
  }

  static #read(bytes: Uint8Array, start: number, depth: number): Der {
    if (depth > MAX_DEPTH) throw new DerError("nested too deeply");
    const tag = byteAt(bytes, start);
    if ((tag & 0x1f) === 0x1f) throw new DerError("a tag of more than one byte");
    const { length, at } = readLength(bytes, start + 1);
    if (length > bytes.length - at) throw new DerError("cut short");
    const end = at + length;
    return new Der(tag, bytes.subarray(start, end), bytes.subarray(at, end), depth);
  }

  /** Requires a tag and returns this element. */
  expect(tag: number, what: string): this {
    if (this.tag !== tag) throw new DerError(`${what} has tag ${hexByte(this.tag)}`);
    return this;
  }

  /** The elements of a constructed element, which must have `tag`. */
  items(tag: number, what: string): DerItems {
    this.expect(tag, what);
    const elements: Der[] = [];
    for (let at = 0; at < this.content.length;) {
      const element = Der.#read(this.content, at, this.depth + 1);
      if (elements.length === MAX_ITEMS) throw new DerError(`${what} has too many elements`);
      elements.push(element);
      at += element.raw.length;
    }
    return new DerItems(elements, what);
  }
}

/** The elements of a SEQUENCE or SET, read one after another. */
export class DerItems {
  #next = 0;

  /** `what` names the elements in errors. */
  constructor(
    /** All elements, read or not. */
    readonly all: readonly Der[],
    private readonly what: string,
  ) {}

  /** The next element; throws if there is none. */
  take(): Der {
    const element = this.all[this.#next++];
    if (element === undefined) throw new DerError(`${this.what} ends early`);
    return element;
  }

  /** The next element if it has `tag`. */
  takeIf(tag: number): Der | undefined {
    const element = this.all[this.#next];
    if (element?.tag !== tag) return undefined;
    this.#next++;
    return element;
  }

  /** Throws if elements are left. */
  end(): void {
    if (this.#next < this.all.length) throw new DerError(`${this.what} has an element too many`);
  }
}

/**
 * Reads a BOOLEAN. DER forbids an explicit FALSE where it is the default, but authorities write it and it is unambiguous,
 * so callers accept it.
 */
export function readBoolean(element: Der, what: string): boolean {
  const { content } = element.expect(TAG.boolean, what);
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) {
    throw new DerError(`${what} is neither true nor false`);
  }
  return content[0] === 0xff;
}

/** The content of a non-negative INTEGER in its shortest form. */
export function readUnsigned(element: Der, what: string): Uint8Array {
  const { content } = element.expect(TAG.integer, what);
  const [first = 0x80, second = 0x80] = content;
  if (first >= 0x80) throw new DerError(`${what} is empty or negative`);
  if (first === 0 && content.length > 1 && second < 0x80) {
    throw new DerError(`${what} is not in its shortest form`);
  }
  return content;
}

/** An INTEGER of at most 4 bytes as a number. */
export function readSmallInteger(element: Der, what: string): number {
  const content = readUnsigned(element, what);
  if (content.length > 4) throw new DerError(`${what} is too large`);
  return content.reduce((value, byte) => value * 256 + byte, 0);
}

/** The bytes of a BIT STRING and the number of unused bits at its end, which must be zero. */
export function readBits(element: Der, what: string): { bytes: Uint8Array; unused: number } {
  const { content } = element.expect(TAG.bitString, what);
  const [unused = 8] = content;
  const bytes = content.subarray(1);
  const last = bytes.at(-1);
  if (unused > 7 || (last === undefined && unused > 0)) throw new DerError(`${what} is malformed`);
  if (last !== undefined && (last & ((1 << unused) - 1)) !== 0) {
    throw new DerError(`${what} has unused bits that are not zero`);
  }
  return { bytes, unused };
}

/** The bytes of a BIT STRING that ends on a whole byte. */
export function readWholeBits(element: Der, what: string): Uint8Array {
  const { bytes, unused } = readBits(element, what);
  if (unused !== 0) throw new DerError(`${what} does not end on a whole byte`);
  return bytes;
}

const MAX_OID_BYTES = 64;

/** An OBJECT IDENTIFIER in dotted form (X.690 section 8.19). */
export function readOid(element: Der, what: string): string {
  const { content } = element.expect(TAG.oid, what);
  // Some identifiers appear in messages.
  if (content.length > MAX_OID_BYTES) throw new DerError(`${what} is too long`);
  const arcs: number[] = [];
  let arc = 0;
  let fresh = true;
  for (const byte of content) {
    if (fresh && byte === 0x80) throw new DerError(`${what} is not in its shortest form`);
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER / 128) throw new DerError(`${what} has an arc too large`);
    fresh = byte < 0x80;
    if (!fresh) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [head, ...rest] = arcs;
  if (head === undefined || !fresh) throw new DerError(`${what} is cut short`);
  const top = Math.min(Math.trunc(head / 40), 2);
  return [top, head - top * 40, ...rest].join(".");
}

/** A UTCTime or GeneralizedTime in the form of RFC 5280 section 4.1.2.5, as milliseconds since the epoch. */
export function readTime(element: Der, what: string): number {
  const text = String.fromCharCode(...element.content.subarray(0, 16));
  const pattern = element.tag === TAG.utcTime
    ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
    : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
  if (element.tag !== TAG.utcTime) element.expect(TAG.generalizedTime, what);
  const digits = pattern.exec(text)?.slice(1).map(Number);
  if (/^\d+[.,]\d/.test(text)) {
    throw new DerError(`${what} is malformed: it has fractional seconds`);
  }
  if (digits === undefined) throw new DerError(`${what} is malformed`);
  const [written = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = digits;
  const year = element.tag === TAG.utcTime ? (written < 50 ? 2000 : 1900) + written : written;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // A day, hour, minute or second that does not exist would roll over into another date.
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!exists || hour > 23 || minute > 59 || second > 59) {
    throw new DerError(`${what} does not exist`);
  }
  return date.setUTCHours(hour, minute, second);
}

function readLength(bytes: Uint8Array, at: number): { length: number; at: number } {
  const first = byteAt(bytes, at);
  if (first < 0x80) return { length: first, at: at + 1 };
  const count = first & 0x7f;
  if (count === 0) throw new DerError("an indefinite length");
  if (count > 3) throw new DerError("a length of more than three bytes");
  let length = 0;
  for (let i = 1; i <= count; i++) length = length * 256 + byteAt(bytes, at + i);
  if (length < 0x80 || length < 2 ** (8 * (count - 1))) {
    throw new DerError("a length that is not in its shortest form");
  }
  return { length, at: at + 1 + count };
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new DerError("cut short");
  return byte;
}

function hexByte(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
