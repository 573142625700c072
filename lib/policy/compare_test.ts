import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSpiffeId } from "../spiffe/id.ts";
import { createComparer, type Region } from "./compare.ts";
import { patternOf } from "./pattern.ts";
import { isReserved } from "./reserved.ts";

const PLENTY = 1_000_000;

function comparer(left = PLENTY) {
  return createComparer({ left });
}

/** Pieces of real-looking patterns, so that many contain others or meet them. */
const piece = fc.constantFrom(
  "a",
  "b",
  ".",
  ".*",
  "/",
  "\\.",
  "[ab]",
  "(a|b)",
  "a*",
  "b+",
  "(/a)?",
);
const inner = fc.array(piece, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(""));
const path = fc.tuple(fc.boolean(), inner, fc.boolean()).map(([begins, text, ends]) =>
  `${begins ? "^" : ""}${text}${ends ? "$" : ""}`
);
/** All paths of a, b, dot and slash up to a length. */
const WORDS = [1, 2, 3, 4].flatMap((length) =>
  Array.from(
    { length: 4 ** length },
    (_, n) => Array.from({ length }, (_, at) => "ab./"[Math.floor(n / 4 ** at) % 4]).join(""),
  )
);

Deno.test("what contains what is right on every short path", () => {
  const seen = { yes: 0, no: 0 };
  fc.assert(
    fc.property(path, path, (outer, inner) => {
      const answer = comparer().contains("secrets", outer, inner);
      assert.notEqual(answer, "unknown");
      const [wide, narrow] = [patternOf(outer), patternOf(inner)];
      const escaped = WORDS.find((word) => narrow.finds(word) && !wide.finds(word));
      if (answer === "yes") assert.equal(escaped, undefined, `${outer} contains ${inner}`);
      seen[answer === "yes" ? "yes" : "no"]++;
    }),
    { numRuns: 300 },
  );
  assert.ok(seen.yes > 20 && seen.no > 20, JSON.stringify(seen));
});

Deno.test("a common text is a valid one that all patterns find, and where there is none, no short path is one", () => {
  const seen = { found: 0, none: 0 };
  fc.assert(
    fc.property(path, path, (a, b) => {
      const [one, other] = [patternOf(a), patternOf(b)];
      const common = comparer().common("secrets", [a, b]);
      if (common.kind === "found") {
        assert.ok(one.finds(common.text) && other.finds(common.text), common.text);
        assert.match(common.text, /^[a-zA-Z0-9._\-/()?+*|[\]{}\\]+$/);
        assert.ok(!isReserved(common.text));
      } else {
        assert.equal(common.kind, "none");
        assert.ok(!WORDS.some((word) => one.finds(word) && other.finds(word)), `${a} and ${b}`);
      }
      seen[common.kind === "found" ? "found" : "none"]++;
    }),
    { numRuns: 300 },
  );
  assert.ok(seen.found > 20 && seen.none > 20, JSON.stringify(seen));
});

Deno.test("examples of IDs are valid SPIFFE IDs", () => {
  for (
    const pattern of ["spiffe://", ".*x$", "/web/.*/[A-Z]$", "\\.\\.", "//a\\.b/\\.c", "[0-9]$"]
  ) {
    const common = comparer().common("ids", [pattern]);
    assert.ok(common.kind === "found", pattern);
    parseSpiffeId(common.text);
    assert.ok(patternOf(pattern).finds(common.text));
  }
});

Deno.test("patterns that find no ID or no path are recognised", () => {
  const table: [Region, string][] = [
    ["ids", "^spiffe://Example\\.org/a$"],
    ["ids", "^spiffe://a/$"],
    ["ids", "^spiffe://a//b$"],
    ["ids", "^spiffe://a/\\.\\./b$"],
    ["ids", "^spiffe://a/b$c$"],
    ["ids", "^spiffe://a/[*+]$"],
    ["ids", `^spiffe://a/${"b".repeat(2038)}$`],
    ["secrets", "^spike/system/acl$"],
    ["secrets", "a^b"],
    ["secrets", "^$"],
    ["secrets", "^a{501}$"],
    ["reserved", "^tenants/.*$"],
    ["reserved", "acl"],
    ["reserved", "^spike/system/acll$"],
  ];
  for (const [region, pattern] of table) {
    assert.equal(comparer().common(region, [pattern]).kind, "none", pattern);
  }
  assert.equal(comparer().common("ids", ["^spiffe://[a]?$"]).kind, "found");
  assert.equal(comparer().common("secrets", ["^a{500}$"]).kind, "found");
  assert.equal(comparer().common("reserved", ["spike/system/cipher/key/.*"]).kind, "found");
});

Deno.test("what is not read or takes too long is unknown", () => {
  assert.equal(comparer().contains("secrets", "(?i)a", "a"), "unknown");
  assert.equal(comparer().common("secrets", ["(?i)a"]).kind, "unknown");
  assert.equal(comparer(10).contains("secrets", "a.*b", "a.*c.*b"), "unknown");
  assert.equal(comparer(2000).contains("secrets", "a.{40}a$", "b.{40}a.{40}$"), "unknown");
});
