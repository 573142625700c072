import assert from "node:assert/strict";
import fc from "fast-check";
import { meant, subject } from "./_sample.ts";
import { faultOf, MAX_SUBJECT_LENGTH, type Pattern, patternOf } from "./pattern.ts";

function compiled(text: string): Pattern {
  assert.equal(faultOf(text), undefined, text);
  return patternOf(text);
}

Deno.test("a pattern is searched for, not matched against the whole", () => {
  const { finds, matchesWhole } = compiled("tenants/acme/*");
  for (const path of ["tenants/acme", "x/tenants/acmeevil", "tenants/acme//"]) {
    assert.ok(finds(path));
  }
  assert.ok(!finds("tenants/acm"));
  assert.deepEqual([matchesWhole("tenants/acme/"), matchesWhole("tenants/acmeevil")], [
    true,
    false,
  ]);
});

Deno.test("patterns are read as RE2 reads them", () => {
  const found: [text: string, subject: string][] = [
    ["^\\Qa.b\\E$", "a.b"],
    ["^(?i)ABC$", "abc"],
    ["^[[:alpha:]]+$", "abc"],
    ["^\\pL$", "ä"],
    ["^.$", "\u{1f600}"],
    ["^a*?$", "aa"],
    ["a{,2}", "a{,2}"],
    ["^\\x41$", "A"],
    ["^(?P<x>a)$", "a"],
    ["a|b", "xb"],
  ];
  const missed: [text: string, subject: string][] = [
    ["^\\Qa.b\\E$", "axb"],
    ["^\\d$", "\u0663"],
    ["^\\w$", "ä"],
    ["^a.b$", "a\nb"],
    ["^a$", "a\n"],
    ["^a$", "b\na"],
  ];
  for (const [text, subject] of found) assert.ok(compiled(text).finds(subject), text);
  for (const [text, subject] of missed) assert.ok(!compiled(text).finds(subject), text);
});

Deno.test("what RE2 does not know is refused, with the place", () => {
  for (
    const text of [
      "(?=a)",
      "(?<!a)b",
      "(a)\\1",
      "[",
      "(",
      "a**",
      "a{1001}",
      "(a{100}){100}",
      "\\",
      "\\8",
    ]
  ) {
    const fault = faultOf(text);
    assert.ok(fault?.kind === "syntax", text);
    assert.match(fault.detail, /^error parsing regexp: /);
  }
});

Deno.test("a pattern that takes too much to test is refused, however short it is", () => {
  for (const text of ["a{1000}a{1000}", "((a{30}){30})((a{30}){30})", "(a?){400}a{400}"]) {
    const fault = faultOf(text);
    assert.ok(fault?.kind === "complex" && fault.size > 1024, text);
  }
});

Deno.test("a pattern finds what its author means", () => {
  const seen = { found: 0, missed: 0 };
  fc.assert(
    fc.property(meant, subject, ({ text, finds, matchesWhole }, subject) => {
      const ours = patternOf(text);
      assert.equal(ours.finds(subject), finds(subject), `${text} in ${subject}`);
      assert.equal(ours.matchesWhole(subject), matchesWhole(subject), `^(?:${text})$ ${subject}`);
      seen[finds(subject) ? "found" : "missed"]++;
    }),
    { numRuns: 3000 },
  );
  assert.ok(seen.found > 300 && seen.missed > 300, JSON.stringify(seen));
});

/** Each makes a backtracking engine, or a careless automaton, take for ever. */
const HOSTILE = [
  "(a+)+$",
  "^(a|aa)+$",
  "(.*)*.*.*.*.*.*.*=.*b",
  "(x+x+)+y",
  "^(([a-z])+.)+[A-Z]([a-z])+$",
  ".*a.{990}",
  "(.*a.{10}){50}c?d{2}",
  "(\\pL.?){200}",
  "(a?){200}a{200}",
  `${"(".repeat(250)}${")*".repeat(250)}`.slice(0, 500),
  "(a|b|ab)*".repeat(55),
];

Deno.test("no pattern that passes takes long on any subject that is looked at", () => {
  const random = fc.sample(fc.string({ unit: fc.constantFrom("a", "b"), minLength: 2048 }), 1)[0] ??
    "";
  const subjects = ["a".repeat(2048), `${"a".repeat(2047)}!`, random.slice(0, 2048)];
  const startMs = performance.now();
  let tests = 0;
  for (const text of HOSTILE) {
    if (faultOf(text)) continue;
    const pattern = patternOf(text);
    for (const subject of subjects) {
      pattern.finds(subject);
      pattern.matchesWhole(subject);
      tests += 2;
    }
  }
  assert.ok(tests >= 6 * HOSTILE.length - 12, `only ${tests} tests`);
  // Far above what it takes, far below what one of them takes in a backtracking engine.
  assert.ok(performance.now() - startMs < 20_000);
});

Deno.test("a test that would take too long is not made, and finds nothing, every time", () => {
  const long = "a".repeat(2048);
  const { finds, matchesWhole } = compiled("([ab]*a){100}[ab]{400}");
  for (let i = 0; i < 2; i++) assert.deepEqual([finds(long), matchesWhole(long)], [false, false]);
  assert.ok(!compiled("(?i)(a?){100}a{500}").finds(long), "one that cannot be counted");
});

Deno.test("patterns that people write find texts of any length", () => {
  const names = Array.from({ length: 30 }, (_, i) => `tenant-${i}`).join("|");
  const rest = "x/".repeat(900);
  for (
    const [text, subject] of [
      [`^tenants/(${names})/.*$`, `tenants/tenant-29/${rest}`],
      [`(${names})/`, `${rest.slice(0, 450)}tenant-29/`],
      [
        "^spiffe://[a-z0-9.-]+/ns/[a-z0-9-]+/sa/(web|api)-?[0-9]*$",
        `spiffe://a.b/ns/${"n".repeat(1900)}/sa/web-1`,
      ],
      [`^${"literal/".repeat(60)}.*$`, `${"literal/".repeat(60)}${rest.slice(0, 1500)}`],
    ] as const
  ) assert.ok(compiled(text).finds(subject), text);
});

Deno.test("a subject longer than any ID or path is found by nothing", () => {
  const { finds, matchesWhole } = compiled(".*");
  const longest = "a".repeat(MAX_SUBJECT_LENGTH);
  assert.deepEqual([finds(longest), matchesWhole(longest)], [true, true]);
  assert.deepEqual([finds(`${longest}a`), matchesWhole(`${longest}a`)], [false, false]);
});

Deno.test("a text that is no pattern finds nothing", () => {
  for (const text of ["(", "a{1000}a{1000}", "^a(?=b)"]) {
    const { finds, matchesWhole } = patternOf(text);
    for (const subject of ["", "a", "ab", "(", "a".repeat(2000), text]) {
      assert.deepEqual([finds(subject), matchesWhole(subject)], [false, false], text);
    }
  }
});
