import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeTuple, type TupleField } from "./tuple.ts";

/** Reads a tuple back; integers come back as bigint. */
function decode(bytes: Uint8Array): TupleField[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fields: TupleField[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = view.getUint32(at + 1);
    const content = bytes.subarray(at + 5, at + 5 + length);
    assert.equal(content.length, length);
    const tag = view.getUint8(at);
    if (tag === 1) fields.push(view.getBigUint64(at + 5));
    else if (tag === 2) fields.push(new TextDecoder().decode(content));
    else fields.push(content);
    at += 5 + length;
  }
  return fields;
}

const field = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.uint8Array({ maxLength: 40 }),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);

Deno.test("a tuple can be read back, so no two tuples encode alike", () => {
  fc.assert(
    fc.property(fc.array(field, { maxLength: 8 }), (rest) => {
      const tuple: TupleField[] = [1n, ...rest];
      assert.deepEqual(decode(encodeTuple(tuple)), tuple);
    }),
  );
});

Deno.test("moving a boundary or changing a type changes the encoding", () => {
  const tuples: TupleField[][] = [
    [1, "ab", "c"],
    [1, "a", "bc"],
    [1, "abc", ""],
    [1, "", "abc"],
    [1, "abc"],
    [1, new TextEncoder().encode("abc")],
    [1, "1"],
    [1, 1],
    [1],
    [2],
  ];
  const texts = new Set(tuples.map((tuple) => encodeTuple(tuple).toHex()));
  assert.equal(texts.size, tuples.length);
});

Deno.test("a number and the equal bigint are the same integer", () => {
  assert.deepEqual(encodeTuple([1, 7]), encodeTuple([1n, 7n]));
});

Deno.test("the layout is tag, length, content", () => {
  assert.equal(
    encodeTuple([1, "é", Uint8Array.of(255)]).toHex(),
    "01" + "00000008" + "0000000000000001" + "02" + "00000002" + "c3a9" + "03" + "00000001" + "ff",
  );
});

Deno.test("members without a unique encoding are refused", () => {
  for (const bad of [-1, 1.5, NaN, Infinity, 2 ** 53, -1n, 2n ** 64n, "\ud800", "a\udc00b"]) {
    assert.throws(() => encodeTuple([1, bad]), TypeError, String(bad));
  }
});

Deno.test("a tuple starts with a positive format number", () => {
  for (const first of [[], ["1"], [Uint8Array.of(1)], [0], [0n], [-1]]) {
    assert.throws(() => encodeTuple(first), TypeError);
  }
});
