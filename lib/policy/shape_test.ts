import assert from "node:assert/strict";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { pattern, subject } from "./_sample.ts";
import { faultOf, patternOf } from "./pattern.ts";
import { isUnanchored, shapeOf } from "./shape.ts";

const SHAPES: readonly [pattern: string, kind: "exact" | "prefix", text: string][] = [
  ["^tenants/acme$", "exact", "tenants/acme"],
  ["^spiffe://example\\.org/web$", "exact", "spiffe://example.org/web"],
  ["^tenants/acme/.*$", "prefix", "tenants/acme/"],
  ["^tenants/acme", "prefix", "tenants/acme"],
  ["^$", "exact", ""],
  ["^", "prefix", ""],
  ["", "prefix", ""],
  ["tenants/acme$", "prefix", ""],
  // The last character belongs to the quantifier.
  ["^ab*$", "prefix", "a"],
  ["^ab?c$", "prefix", "a"],
  ["^ab{0}c$", "prefix", "a"],
  ["^ab+$", "prefix", "a"],
  ["^a\\.?$", "prefix", "a"],
  // An anchor may belong to one branch only.
  ["^a|b$", "prefix", ""],
  ["^a(b|c)$", "prefix", ""],
  // Neither is a literal.
  ["^a.b$", "prefix", "a"],
  ["^a\\db$", "prefix", "a"],
  ["^\\Qa.b\\E$", "prefix", ""],
  ["^(?i)abc$", "prefix", ""],
  ["^a(?i)bc$", "prefix", "a"],
  ["(?m)^abc$", "prefix", ""],
  ["^*abc$", "prefix", ""],
  ["^^abc$", "prefix", ""],
  ["^abc$$", "prefix", "abc"],
  ["^a[b]c$", "prefix", "a"],
  ["^a\\$", "prefix", "a$"],
];

Deno.test("the shape of a pattern is its literal beginning", () => {
  for (const [text, kind, literal] of SHAPES) {
    assert.deepEqual(shapeOf(text), { kind, text: literal }, text);
  }
});

Deno.test("what a pattern finds always has its shape", () => {
  fc.assert(
    fc.property(fc.oneof(pattern, fc.constantFrom(...SHAPES.map(([p]) => p))), subject, (p, s) => {
      if (faultOf(p)) return;
      const { kind, text } = shapeOf(p);
      const engine = RE2JS.compile(p);
      for (const found of [s, text, text + s, s + text]) {
        assert.equal(patternOf(p).finds(found), engine.test(found));
        if (!engine.test(found)) continue;
        assert.ok(kind === "exact" ? found === text : found.startsWith(text), `${p} in ${found}`);
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("a pattern is unanchored unless both ends of all that it finds are fixed", () => {
  const anchored = [
    "^a$",
    "^$",
    "^.*$",
    "^(a|b)$",
    "^a\\|b$",
    "^[|]$",
    "^[(]a$",
    "^a\\\\$",
    "^(a)(b|c)$",
  ];
  const loose = [
    "a",
    "^a",
    "a$",
    "",
    "^",
    "$",
    "^a|b$",
    "^(a)|(b)$",
    "^a\\$",
    "^*a$",
    "^?a$",
    "^{0}a$",
  ];
  for (const text of anchored) assert.equal(isUnanchored(text), false, text);
  for (const text of loose) assert.equal(isUnanchored(text), true, text);
});
