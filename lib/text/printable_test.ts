import assert from "node:assert/strict";
import { holdsControls, isPrintable, printable, printableJson } from "./printable.ts";

/** Every character that may not reach a person's screen as it is, by its group. */
const HOSTILE: readonly (readonly [number, number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xd800, 0xdfff],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
];

Deno.test("every control, format, separator and lone surrogate comes out as ASCII", () => {
  for (const [first, last] of HOSTILE) {
    for (let point = first; point <= last; point++) {
      const shown = printable(`a${String.fromCodePoint(point)}b`);
      assert.match(shown, /^a\\(n|r|t|u[0-9a-f]{4}|u\{[0-9a-f]+\})b$/, point.toString(16));
    }
  }
});

Deno.test("letters, marks and signs of all scripts stay as they are", () => {
  const text = 'key/ä\u0308 日本語 עברית العربية हिन्दी 😀 €\u00a0\\n "quoted"';
  assert.equal(printable(text), text);
  assert.equal(isPrintable(text), true);
});

Deno.test("what is printable already is not changed again", () => {
  const once = printable("a\n\u{e0041}\u001b[2J\u202e");
  assert.equal(once, "a\\n\\u{e0041}\\u001b[2J\\u202e");
  assert.equal(printable(once), once);
});

Deno.test("JSON stays the same data when it is made printable", () => {
  const data = { "k\u2028\u007f": ["\u009b31m", "\u{e0041}", "\ufeff", "\ud800", "😀", "\u202e"] };
  for (const indent of [undefined, 2]) {
    const json = printableJson(JSON.stringify(data, undefined, indent));
    assert.deepEqual(JSON.parse(json), data);
    assert.equal(isPrintable(json.replaceAll("\n", "")), true);
  }
});

Deno.test("a reason may be written in any script, and holds no control", () => {
  for (const text of ["intruder on host 7", "می\u200cخواهم", "👩\u200d💻 ❤\ufe0f", "ä 日本"]) {
    assert.equal(holdsControls(text), false, text);
  }
  for (const char of "\n\t\0\u001b\u007f\u009b\u202e\u2066\u2028\u200b\ufeff\u{e0041}\ud800") {
    assert.equal(holdsControls(`a${char}b`), true, JSON.stringify(char));
  }
});
