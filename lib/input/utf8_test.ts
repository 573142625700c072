import assert from "node:assert/strict";
import { decodeUtf8, requireUtf8 } from "./utf8.ts";

Deno.test("bytes that are not UTF-8 are refused by name, never changed and never shown", () => {
  assert.equal(decodeUtf8(new TextEncoder().encode("\ufeffä\0\n"), "File"), "ä\0\n");
  for (const bytes of [[0xff], [0x61, 0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf5, 0x80]]) {
    assert.throws(() => decodeUtf8(Uint8Array.from(bytes), 'File "a"'), {
      code: "data_invalid_input",
      message: 'File "a" is not valid UTF-8 text',
    });
  }
  assert.throws(() => decodeUtf8(Uint8Array.of(0xff, 0xfe, 0x61, 0), "File"), {
    message: "File is not valid UTF-8 text, it begins as UTF-16 does",
  });
});

Deno.test("an argument that did not arrive as it was given is refused by its position", () => {
  requireUtf8(["secret", "put", "ä", "k=日本\ud83d\ude00"]);
  assert.throws(() => requireUtf8(["secret", "put", "k=s\ufffdcret"]), {
    code: "usage",
    message: "Argument 3 is not valid UTF-8, or contains U+FFFD",
  });
  assert.throws(() => requireUtf8(["--a\ufffd"], 2), { message: /^Argument 2 / });
});
