import assert from "node:assert/strict";
import fc from "fast-check";
import { ANSWER_LIMITS, type Json, NumberText, parseJson, REQUEST_LIMITS } from "./json.ts";

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
  const good = ["", "\\n", '\\"', "\\\\", '\\\\\\"', "\\u0041", "\\ud83d\\ude00", "é\u2028"];
  for (const ending of good) {
    const read = (words: string) => parseJson(encode(`["${words}${ending}","after"]`));
    const [short] = read("") as [string];
    assert.deepEqual(read(long), [long + short, "after"], ending);
  }
  for (const ending of ["\\x", "\n", "\\u12", "\\", "\\ud800"]) {
    const text = `["${long}${ending}"]`;
    assert.throws(() => parseJson(encode(text)), { code: "api_bad_request" }, ending);
  }
});

Deno.test("a lone surrogate is refused in values, names and elements, a pair is read", () => {
  assert.equal(parseJson(encode('"\\ud83d\\ude00"')), "😀");
  const halves = [
    "\\ud800",
    "\\udfff",
    "\\ud83dx\\ude00",
    "\\ude00\\ud83d",
    "\\ud83d\\ud83d\\ude00",
  ];
  for (const half of halves) {
    for (const text of [`"${half}"`, `["a","${half}"]`, `{"k":"${half}"}`, `{"${half}":1}`]) {
      assert.throws(
        () => parseJson(encode(text)),
        /Body is not valid, it has a lone surrogate/,
        text,
      );
    }
  }
});

Deno.test("members and elements are bounded, of one object or array and of all together", () => {
  const { members, allMembers, elements, allElements } = REQUEST_LIMITS;
  const object = (n: number) => `{${Array.from({ length: n }, (_, i) => `"${i}":0`)}}`;
  const array = (n: number) => `[${Array(n).fill(0)}]`;
  const rows = (one: string, n: number) => `[${Array(n).fill(one)}]`;
  for (const good of [object(members), array(elements), rows(object(members), 2)]) {
    parseJson(encode(good));
  }
  const bad: [string, RegExp][] = [
    [object(members + 1), /^Body has an object with more than 1024 members$/],
    [`{"x":[${object(members + 1)}]}`, /^Body has an object with more than 1024 members$/],
    [`{${'"a":0,'.repeat(members)}"a":0}`, /^Body has an object with more than 1024 members$/],
    [array(elements + 1), /^Body has an array with more than 1024 elements$/],
    [rows(object(allMembers / 3), 4), /^Body has more than 2304 members$/],
    [rows(array(elements), allElements / elements), /^Body has more than 4096 elements$/],
  ];
  for (const [text, message] of bad) {
    assert.throws(() => parseJson(encode(text)), { code: "api_bad_request", message });
  }
});

Deno.test("a listing of a million paths and a batch of 100 secrets of 1,000 keys are within an answer", () => {
  const paths = encode(JSON.stringify({ keys: Array(1_000_000).fill("a/b") }));
  assert.ok(parseJson(paths, { limits: ANSWER_LIMITS }));
  const data = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key-${i}`, "v"]));
  const batch = encode(
    JSON.stringify({ secrets: Array(100).fill({ path: "a", data, version: 1 }) }),
  );
  assert.ok(parseJson(batch, { limits: ANSWER_LIMITS }));
});

Deno.test("an error never quotes the body", () => {
  for (const text of ['{"k":"hunter2" x', '{"k":hunter2}', '"hunter2\\x"']) {
    assert.throws(() => parseJson(encode(text)), (error: Error) => !/hunter2/.test(error.message));
  }
});
