import assert from "node:assert/strict";
import { pemDecodeAll, pemEncode } from "./pem.ts";

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7) & 0xff);

Deno.test("pemEncode() writes lines of 64 characters and a final newline", () => {
  assert.equal(
    pemEncode("CERTIFICATE", bytes(50)),
    `-----BEGIN CERTIFICATE-----
AAcOFRwjKjE4P0ZNVFtiaXB3foWMk5qhqK+2vcTL0tng5+71/AMKERgfJi00O0JJ
UFc=
-----END CERTIFICATE-----
`,
  );
});

Deno.test("what pemEncode() writes pemDecodeAll() reads back, whatever the length", () => {
  for (const length of [1, 2, 3, 47, 48, 49, 96, 1000]) {
    const [block, ...rest] = pemDecodeAll(pemEncode("PRIVATE KEY", bytes(length)));
    assert.deepEqual([block?.label, block?.der, rest], ["PRIVATE KEY", bytes(length), []]);
  }
});

Deno.test("pemDecodeAll() keeps order, ignores text between blocks, and takes CRLF and indentation", () => {
  const text = ["# bundle", pemEncode("A", bytes(3)), "subject=/CN=x", pemEncode("B", bytes(100))];
  const blocks = pemDecodeAll(text.join("\n").replaceAll("\n", "\r\n  "));
  assert.deepEqual(blocks.map((block) => [block.label, block.der]), [
    ["A", bytes(3)],
    ["B", bytes(100)],
  ]);
  assert.deepEqual(pemDecodeAll("no block at all"), []);
});

Deno.test("pemDecodeAll() refuses malformed blocks without showing their content", () => {
  const good = pemEncode("PRIVATE KEY", bytes(60));
  const bad: Record<string, string> = {
    "not ended": good.replace(/-----END.*/, ""),
    "ended by another label": good.replace("END PRIVATE KEY", "END CERTIFICATE"),
    "begun twice": good.replace(/-----END.*/, "") + good,
    "end only": "-----END PRIVATE KEY-----",
    "header": good.replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n\n"),
    "bad character": good.replace("AAcO", "AA*O"),
    "url alphabet": good.replace("AAcO", "AA_O"),
    "cut": good.replace("AAcO", "AAc"),
    "empty": "-----BEGIN X-----\n-----END X-----\n",
    "no label": good.replace("BEGIN PRIVATE KEY", "BEGIN "),
  };
  for (const [name, text] of Object.entries(bad)) {
    assert.throws(() => pemDecodeAll(text), (error: Error & { code?: string }) => {
      assert.equal(error.code, "data_invalid_input", name);
      assert.match(error.message, /^PEM text is malformed at line \d+: /, name);
      return !error.message.includes("AAc");
    }, name);
  }
});
