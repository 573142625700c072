/** A member of a tuple: text, bytes, or an integer from 0 to 2^64 - 1. */
export type TupleField = string | number | bigint | Uint8Array;

const TAG = { integer: 1, text: 2, bytes: 3 } as const;
const HEADER_BYTES = 5;
const encoder = new TextEncoder();

/**
 * Encodes a tuple as bytes; two different tuples never have the same encoding.
 *
 * Each member is `tag(1) ‖ length(4, big-endian) ‖ content`; the content of an integer is 8 bytes big-endian. Type and
 * length of every member are encoded, so neither a shifted boundary nor a changed type gives the encoding of another tuple. The first member is the integer format number of what the tuple
 * describes, and must be positive.
 *
 * @throws {TypeError} for members that have no unique encoding: fractions, negative or unsafe numbers, and text
 * with a lone surrogate, which UTF-8 would replace.
 *
 * @example
 * ```ts ignore
 * const aad = encodeTuple([1, "record", storeId, "head", "db/password", 0, 3]);
 * ```
 */
export function encodeTuple(fields: readonly TupleField[]): Uint8Array {
  const format = fields[0];
  if ((typeof format !== "number" && typeof format !== "bigint") || format < 1) {
    throw new TypeError("First member of a tuple is not a positive format number");
  }
  const members = fields.map(contentOf);
  const total = members.reduce((sum, [, content]) => sum + HEADER_BYTES + content.length, 0);
  const out = new Uint8Array(total);
  const view = new DataView(out.buffer);
  let at = 0;
  for (const [tag, content] of members) {
    view.setUint8(at, tag);
    view.setUint32(at + 1, content.length);
    out.set(content, at + HEADER_BYTES);
    at += HEADER_BYTES + content.length;
  }
  return out;
}

function contentOf(field: TupleField): [tag: number, content: Uint8Array] {
  if (typeof field === "string") {
    if (!field.isWellFormed()) throw new TypeError("Text in a tuple has a lone surrogate");
    return [TAG.text, encoder.encode(field)];
  }
  if (field instanceof Uint8Array) return [TAG.bytes, field];
  return [TAG.integer, integerContent(field)];
}

function integerContent(value: number | bigint): Uint8Array {
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new TypeError(`${value} is not a safe integer`);
  }
  const integer = BigInt(value);
  if (integer < 0n || integer >= 1n << 64n) {
    throw new TypeError(`${value} is not an integer from 0 to 2^64 - 1`);
  }
  const content = new Uint8Array(8);
  new DataView(content.buffer).setBigUint64(0, integer);
  return content;
}
