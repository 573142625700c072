import assert from "node:assert/strict";
import { samplePolicy } from "./_sample.ts";
import { parsePolicy, parsePolicyName, type PolicyDraft, unanchoredPatterns } from "./policy.ts";

function refuses(members: Partial<PolicyDraft>, message: RegExp): void {
  assert.throws(() => parsePolicy({ ...samplePolicy(), ...members }), {
    code: "api_bad_request",
    message,
  }, JSON.stringify(members));
}

Deno.test("a policy comes out as it was sent, each permission once", () => {
  const draft = { ...samplePolicy(), permissions: ["write", "read", "write"] };
  const { policy, compiled } = parsePolicy(draft);
  assert.deepEqual(policy, { ...draft, permissions: ["write", "read"] });
  assert.equal(compiled.path.text, draft.pathPattern);
});

Deno.test("a name is 1 to 250 letters, digits, dashes, underscores and blanks", () => {
  for (const name of ["a", "Web team_1-x", "a".repeat(250)]) parsePolicyName(name);
  for (const name of ["", "a".repeat(251), "a/b", "a.b", "ä", "a\n", "a\u0000"]) {
    assert.throws(() => parsePolicyName(name), { code: "api_bad_request" }, name);
  }
});

Deno.test("a SPIFFE ID pattern begins as an ID does and holds only what the original allows", () => {
  const good = [
    "spiffe://example.org",
    "^spiffe://example\\.org/a_b/[a-z]+$",
    "spiffe://.*",
    "^spiffe://(a)(b)?\\.org//x/\\d+$",
    `^spiffe://${"a".repeat(990)}$`,
  ];
  for (const spiffeidPattern of good) parsePolicy(samplePolicy({ spiffeidPattern }));
  const bad = [
    "",
    ".*",
    "example.org",
    "spiffe://",
    "SPIFFE://a",
    "spiffe://a/",
    "spiffe://a_b/c",
    "spiffe://a|b",
    "spiffe://a/b{2}",
    "spiffe://a/^b",
    "spiffe://a/$b",
    "spiffe://a/b$$",
    "spiffe://a/ä",
    "spiffe://a/(?:b)",
    " spiffe://a",
  ];
  for (const spiffeidPattern of bad) refuses({ spiffeidPattern }, /^SPIFFE ID pattern /);
  refuses(
    { spiffeidPattern: `spiffe://${"a".repeat(2040)}` },
    / is 2049 bytes long, at most 2048 /,
  );
});

Deno.test("a path pattern has at most 500 bytes of what the original allows", () => {
  for (const pathPattern of ["^a$", ".*", "a|b", "^a{2}\\.[a-z]+(b)?/$", "a".repeat(500)]) {
    parsePolicy(samplePolicy({ pathPattern, permissions: ["admin"] }));
  }
  refuses({ pathPattern: "a".repeat(501) }, /^Path pattern .* is 501 bytes long, at most 500 /);
  for (const pathPattern of ["", "a b", "a:b", "a,b", "ä", "a\n", "(?:a)"]) {
    refuses({ pathPattern }, /^Path pattern /);
  }
});

Deno.test("the character rules are tested in linear time", () => {
  const startMs = performance.now();
  refuses({ spiffeidPattern: `spiffe://a${"/".repeat(2000)}!` }, /is not valid$/);
  assert.ok(performance.now() - startMs < 1000);
});

Deno.test("a pattern that does not compile is named with the reason", () => {
  refuses(
    { pathPattern: "a(b" },
    /^Path pattern "a\(b" is not an RE2 expression: .*missing closing \)/,
  );
  refuses({ spiffeidPattern: "spiffe://a/[b" }, /^SPIFFE ID pattern .* is not an RE2 expression/);
  refuses(
    { pathPattern: "a{1000}b{1000}" },
    /^Path pattern .* is too complex: it needs 200\d instructions/,
  );
});

Deno.test("permissions are known words in lower case, at least one", () => {
  const all = ["read", "write", "list", "execute", "admin", "super"];
  assert.deepEqual(parsePolicy({ ...samplePolicy(), permissions: all }).policy.permissions, all);
  refuses({ permissions: [] }, /^Policy has no permissions$/);
  for (const word of ["Read", "", "root", "read ", "delete"]) {
    refuses({ permissions: ["read", word] }, /^Permission ".*" is not known$/);
  }
});

Deno.test("a refusal never carries control characters or all of a long text", () => {
  const act = () => parsePolicyName(`\u001b[31m${"x".repeat(300)}`);
  assert.throws(act, (error: Error) => {
    assert.ok(!error.message.includes("\u001b"));
    assert.ok(error.message.length < 200);
    return true;
  });
});

Deno.test("patterns that may find more than meant are named", () => {
  const loose = samplePolicy({ spiffeidPattern: "spiffe://a", pathPattern: "^a|b$" });
  assert.deepEqual(unanchoredPatterns(samplePolicy()), []);
  assert.deepEqual(unanchoredPatterns(loose), ["spiffeidPattern", "pathPattern"]);
});
