import assert from "node:assert/strict";
import fc from "fast-check";
import { samplePolicy } from "./_sample.ts";
import { createPolicySet, decide } from "./decide.ts";
import { lint, type LintFinding } from "./lint.ts";
import { faultOf } from "./pattern.ts";
import { PERMISSION_WORDS, PERMISSIONS, type PermissionWord } from "./permission.ts";
import { compilePolicy, type Policy } from "./policy.ts";

function linted(...members: Partial<Policy>[]): LintFinding[] {
  return lint(members.map((one, i) => samplePolicy({ name: `p${i}`, ...one })));
}

function brief(findings: readonly LintFinding[]): string[] {
  return findings.map(({ level, rule, policy = "", member = "", others = [] }) =>
    [level, rule, policy, member, ...others].filter((word) => word !== "").join(" ")
  );
}

Deno.test("a policy that says what it means has no findings", () => {
  assert.deepEqual(linted({}), []);
  assert.deepEqual(linted({}, { spiffeidPattern: "^spiffe://other\\.org/.*$" }), []);
  assert.deepEqual(linted({}, { permissions: ["write"] }), []);
});

Deno.test("each rule finds what it is for", () => {
  const table: [Partial<Policy>[], string[]][] = [
    [[{ pathPattern: "tenants/" }], ["warning unanchored p0 pathPattern"]],
    [[{ spiffeidPattern: "^spiffe://example.org/web$" }], ["warning dot p0 spiffeidPattern"]],
    [[{ spiffeidPattern: "^spiffe://a\\.b.c/web$" }], ["warning dot p0 spiffeidPattern"]],
    [[{ spiffeidPattern: "^spiffe://a.*/web$" }], []],
    [[{ spiffeidPattern: "^spiffe://a/web.db$" }], []],
    [[{ spiffeidPattern: "^spiffe://Example/.*$" }], ["error never p0 spiffeidPattern"]],
    [[{ spiffeidPattern: "^spiffe://a/b/$" }], ["error never p0 spiffeidPattern"]],
    [[{ pathPattern: "^a$b$" }], ["error never p0 pathPattern"]],
    [[{ pathPattern: "^spike/system/typo$" }], ["error never p0 pathPattern"]],
    [[{ pathPattern: "^spike/system/acl$", permissions: ["admin"] }], ["error never p0"]],
    [[{ pathPattern: "^.*$" }], ["warning reserved p0 pathPattern"]],
    [[{ pathPattern: "^.*$", permissions: ["admin"] }], []],
    [[{ pathPattern: "^spike/system/acl$" }], ["note reserved p0 pathPattern"]],
    [[{ pathPattern: "^spike/system/(acl|secret)$" }], ["note reserved p0 pathPattern"]],
    [[{ pathPattern: "^(?i)tenants/.*$" }], ["note unread p0 pathPattern"]],
    [[{}, {}], ["warning duplicate p1 p0"]],
    [[{}, { pathPattern: "^tenants/" }], [
      "warning unanchored p1 pathPattern",
      "warning duplicate p1 p0",
    ]],
    [[{}, { pathPattern: "^tenants/a$" }], ["warning shadowed p1 p0"]],
    [[{ pathPattern: "^tenants/a$" }, { permissions: ["super"] }], ["warning shadowed p0 p1"]],
    [[{ permissions: ["admin"] }, { permissions: ["super"] }], ["warning duplicate p1 p0"]],
    [[{ pathPattern: "^tenants/a.*$" }, { pathPattern: "^tenants/.*b$" }], [
      "note overlapping p0 p1",
    ]],
    [[{ pathPattern: "^tenants/a.*$" }, { pathPattern: "^tenants/b.*$" }], []],
  ];
  for (const [members, expected] of table) {
    assert.deepEqual(brief(linted(...members)), expected, JSON.stringify(members));
  }
});

Deno.test("a policy is no shadow of one that counts on fewer reserved paths", () => {
  const wide = { pathPattern: ".*", permissions: ["admin"] as const };
  const system = { pathPattern: "^(spike/system/acl|a)$" };
  assert.deepEqual(brief(linted(wide, system)), [
    "warning unanchored p0 pathPattern",
    "note reserved p1 pathPattern",
    "note overlapping p0 p1",
  ]);
});

Deno.test("an overlap comes with a request that shows it", () => {
  const [overlap] = linted(
    { pathPattern: "^tenants/a.*$", permissions: ["write", "read"] },
    { pathPattern: "^tenants/.*b$", permissions: ["list", "read"] },
  );
  assert.deepEqual(overlap?.example, {
    id: "spiffe://example.org/a",
    path: "tenants/ab",
    permission: "read",
  });
  assert.match(overlap?.message ?? "", /p1; for example read on tenants\/ab to spiffe:\/\/example/);
});

Deno.test("what was not compared for want of time is said", () => {
  const many = Array.from(
    { length: 30 },
    (_, i) => samplePolicy({ name: `p${i}`, pathPattern: `^tenants/.*[ab]${".".repeat(i)}$` }),
  );
  const findings = lint(many, { steps: 1000 });
  assert.ok(findings.some(({ rule }) => rule === "unfinished"));
});

const piece = fc.constantFrom(
  "a",
  "b",
  ".*",
  "/",
  "(a|b)",
  "a*",
  "[ab]+",
  "(/a)?",
  "spike/system/acl",
);
const composed = fc.tuple(
  fc.constantFrom("^", ""),
  fc.array(piece, { minLength: 1, maxLength: 3 }),
  fc.constantFrom("$", ""),
).map(([begin, pieces, end]) => begin + pieces.join("") + end);
const usual = fc.constantFrom("^a.*$", "^a", "^(a|b)$", "^[ab]$", "^spike/system/acl$");
const pathPattern = fc.oneof(composed, usual);
const spiffeidPattern = fc.constantFrom(
  "^spiffe://a/b$",
  "^spiffe://a/.*$",
  "spiffe://a/b",
  "^spiffe://[ab]/b$",
  "^spiffe://a/b/$",
  "^spiffe://a/b",
);
const permissions = fc.oneof(
  fc.constantFrom<PermissionWord[]>(["read"], ["super"]),
  fc.uniqueArray(fc.constantFrom(...PERMISSION_WORDS), { minLength: 1 }),
);
const policies = fc.tuple(
  fc.array(fc.record({ spiffeidPattern, pathPattern, permissions }), { maxLength: 4 }),
  fc.boolean(),
).map(([some, isRepeated]) => isRepeated ? [...some, ...some.slice(0, 1)] : some)
  .map((some) => some.map((one, i): Policy => ({ name: `p${i}`, ...one })))
  .filter((some) => some.every((one) => !faultOf(one.pathPattern)));

const IDS = ["a/b", "b/b", "a/c", "a/b/c", "ab/b", "a/bb"].map((rest) => `spiffe://${rest}`);
const PATHS = [
  "a",
  "b",
  "ab",
  "a/",
  "/",
  "b/a",
  "aab/b",
  "x",
  "spike/system/acl",
  "xspike/system/acl",
];
const QUESTIONS = IDS.flatMap((id) =>
  PATHS.flatMap((path) => PERMISSIONS.map((one) => ({ id, path, wanted: [one] })))
);

/** What the policies grant of all the questions, in order. */
function grantsOf(...policies: Policy[]): boolean[] {
  const set = createPolicySet(policies.map(compilePolicy));
  return QUESTIONS.map((question) => decide(set, question).allowed);
}

Deno.test("what lint says of random policies is true of their decisions", () => {
  const seen = { never: 0, shadowed: 0, duplicate: 0, overlapping: 0 };
  fc.assert(
    fc.property(policies, (known) => {
      const named = (name = "") => known.find((one) => one.name === name) ?? assert.fail(name);
      for (const { rule, policy, others = [], example } of lint(known)) {
        if (rule === "never") {
          assert.ok(!grantsOf(named(policy)).includes(true));
        } else if (rule === "duplicate" || rule === "shadowed") {
          const mine = grantsOf(named(policy));
          for (const other of others) {
            const theirs = grantsOf(named(other));
            assert.ok(mine.every((granted, i) => !granted || theirs[i]), `${policy} ${other}`);
            if (rule === "duplicate") assert.deepEqual(mine, theirs);
          }
        } else if (rule === "overlapping") {
          assert.ok(example);
          const [other = ""] = others;
          const question = { ...example, wanted: [example.permission] };
          for (const name of [policy, other]) {
            const set = createPolicySet([compilePolicy(named(name))]);
            assert.ok(decide(set, question).allowed, `${name} ${JSON.stringify(example)}`);
          }
        } else continue;
        seen[rule]++;
      }
    }),
    { numRuns: 150 },
  );
  for (const [rule, count] of Object.entries(seen)) assert.ok(count > 5, `${rule}: ${count}`);
});
