import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT, sourceFiles } from "./source_files.ts";
import { tokensOf } from "./tokens.ts";

const brief = (text: string) => tokensOf(text).map(({ kind, text }) => `${kind}:${text}`);

Deno.test("comments vanish, and what looks like one inside a string stays", () => {
  assert.deepEqual(brief('a /* Deno. */ "// no" // Deno.\nb'), [
    "word:a",
    "string:// no",
    "word:b",
  ]);
});

Deno.test("a slash begins a pattern where a value is expected, and divides after one", () => {
  assert.deepEqual(brief("x = /a\\/[/']/g; y = x / 2 / z"), [
    ..."word:x sign:= pattern:/a\\/[/']/g sign:;".split(" "),
    ..."word:y sign:= word:x sign:/ word:2 sign:/ word:z".split(" "),
  ]);
  assert.deepEqual(brief("return /'/"), ["word:return", "pattern:/'/"]);
});

Deno.test("holes of templates are code, braces and templates inside of them included", () => {
  assert.deepEqual(brief("`a${ {b: `${c}`} }Deno.` + d"), [
    ..."template:a sign:{ word:b sign:: template: word:c template: sign:}".split(" "),
    ..."template:Deno. sign:+ word:d".split(" "),
  ]);
});

Deno.test("every token knows its line", () => {
  assert.deepEqual(tokensOf("a\n/* \n */ `\n${b}`\nc").map(({ line }) => line), [1, 3, 4, 4, 5]);
});

Deno.test("a string or template that does not end is refused", () => {
  assert.throws(() => tokensOf('a = "x\n"'), /Line 1: a string does not end/);
  assert.throws(() => tokensOf("\n`x"), /Line 2: a template does not end/);
});

Deno.test("every source of the project is read to its end", () => {
  for (const file of ["lib", "roles", "scripts"].flatMap((dir) => sourceFiles(dir))) {
    const text = Deno.readTextFileSync(join(ROOT, file));
    assert.doesNotThrow(() => tokensOf(text), file);
  }
});
