import assert from "node:assert/strict";
import { hasMark, linesOf, requireNarrow } from "./text_file.ts";

function utf16(text: string, isBig: boolean): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  [...text].forEach((unit, i) => view.setUint16(i * 2, unit.charCodeAt(0), !isBig));
  return bytes;
}

Deno.test("UTF-16 is recognised in either order, with a mark and without", () => {
  for (const text of ["spike:1:00", "\uFEFFspike:1:00", "-----BEGIN AGE", "\uFEFF", "a"]) {
    for (const isBig of [true, false]) {
      assert.throws(() => requireNarrow(utf16(text, isBig), "File x"), {
        message: "File x is in UTF-16, expected UTF-8",
      });
    }
  }
});

Deno.test("UTF-32 is not UTF-8 either", () => {
  for (const bytes of [[0xff, 0xfe, 0, 0, 0x61, 0, 0, 0], [0x61, 0, 0, 0], [0, 0, 0, 0x61]]) {
    assert.throws(() => requireNarrow(Uint8Array.from(bytes), "File x"), /is in UTF-16/);
  }
});

Deno.test("UTF-8 and encrypted files pass, with a mark or without", () => {
  for (const text of ["", "a", "spike:1:00", "age-encryption.org/v1\n", "\uFEFFspike:1:00", "é"]) {
    const bytes = new TextEncoder().encode(text);
    requireNarrow(bytes, "File x");
    assert.equal(hasMark(bytes), text.startsWith("\uFEFF"));
  }
});

Deno.test("lines keep their numbers, and a mark is no part of the first", () => {
  const bytes = new TextEncoder().encode("\uFEFFone\r\n# two\n\n  four  \n");
  assert.deepEqual(linesOf(bytes, "File x"), [{ line: 1, text: "one" }, { line: 4, text: "four" }]);
});
