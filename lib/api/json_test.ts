import assert from "node:assert/strict";
import fc from "fast-check";
import { type Json, NumberText, parseJson } from "./json.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** The plain value, for comparison with `JSON.parse`. */
function plain(value: Json): unknown {
  if (value instanceof NumberText) return Number(value.text);
  if (value instanceof Map) {
    const entries = [...value].map(([name, member]) => [name, plain(member)] as const);
    return Object.fromEntries(entries);
  }
  return Array.isArray(value) ? value.map(plain) : value;
}

Deno.test("parseJson() agrees with JSON.parse on every JSON text", () => {
  fc.assert(fc.property(fc.json(), (text) => {
    assert.deepEqual(plain(parseJson(encode(text))), plain(parseJson(encode(text))));
    assert.deepEqual(
      JSON.stringify(plain(parseJson(encode(text)))),
      JSON.stringify(JSON.parse(text)),
    );
  }));
});

Deno.test("parseJson() refuses whatever JSON.parse refuses, and never throws anything else", () => {
  const piece = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "a",
    "1",
    "-",
    ".",
    "e",
    "null",
    " ",
    "\\",
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
    const text = pieces.join("");
    let isValid = true;
    try {
      JSON.parse(text);
    } catch {
      isValid = false;
    }
    if (isValid) parseJson(encode(text));
    else assert.throws(() => parseJson(encode(text)), { code: "api_bad_request" });
  }));
});

Deno.test("what is not exactly one JSON value is refused", () => {
  const wrong = [
    "",
    "  ",
    "{} {}",
    "{}x",
    '{"a":1,}',
    "[1,]",
    "{a:1}",
    "{'a':1}",
    "01",
    "+1",
    ".5",
    "1.",
    "NaN",
    "nul",
    '"a',
    '"\n"',
    '"\\x"',
    '"\\u12"',
    "\ufeff{}",
    "// x\n{}",
  ];
  for (const text of wrong) {
    assert.throws(() => parseJson(encode(text)), { code: "api_bad_request" }, JSON.stringify(text));
  }
});

Deno.test("invalid UTF-8 is refused", () => {
  for (const tail of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
    const body = Uint8Array.from([0x22, ...tail, 0x22]);
    assert.throws(() => parseJson(body), { message: "Body is not valid UTF-8" });
  }
});

Deno.test("nesting is bounded at 32 levels", () => {
  const nested = (depth: number) => encode("[".repeat(depth) + "]".repeat(depth));
  parseJson(nested(33));
  assert.throws(() => parseJson(nested(34)), { code: "api_bad_request" });
  assert.throws(() => parseJson(nested(1_000_000)), { code: "api_bad_request" });
});

Deno.test("a number keeps whether it was written as a whole one", () => {
  assert.equal(parseJson(encode("9007199254740991")), 9007199254740991);
  for (const text of ["1.0", "1e0", "9007199254740992", "-9007199254740993"]) {
    assert.deepEqual(parseJson(encode(text)), new NumberText(text));
  }
});

Deno.test("a long text is read, and refused, as a short one is", () => {
  const long = "x".repeat(5000);
  const good = ["", "\\n", '\\"', "\\\\", '\\\\\\"', "\\u0041", "\\ud800", "é\u2028"];
  for (const ending of good) {
    const read = (words: string) => parseJson(encode(`["${words}${ending}","after"]`));
    const [short] = read("") as [string];
    assert.deepEqual(read(long), [long + short, "after"], ending);
  }
  for (const ending of ["\\x", "\n", "\\u12", "\\"]) {
    const text = `["${long}${ending}"]`;
    assert.throws(() => parseJson(encode(text)), { code: "api_bad_request" }, ending);
  }
});

Deno.test("a lone surrogate becomes the replacement character", () => {
  assert.equal(parseJson(encode('"\\ud800x"')), "\ufffdx");
  assert.equal(parseJson(encode('"\\ud83d\\ude00"')), "😀");
});

Deno.test("an error never quotes the body", () => {
  for (const text of ['{"k":"hunter2" x', '{"k":hunter2}', '"hunter2\\x"']) {
    assert.throws(() => parseJson(encode(text)), (error: Error) => !/hunter2/.test(error.message));
  }
});
