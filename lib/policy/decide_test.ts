import assert from "node:assert/strict";
import fc from "fast-check";
import { id, naive, path, storable, WEB, world } from "./_reference.ts";
import { policies, sampleCompiled } from "./_sample.ts";
import { createPolicySet, decide, decideAmong, type PolicySet, sightOf } from "./decide.ts";
import { PERMISSIONS, type PermissionWord } from "./permission.ts";
import { compilePolicy, type Policy } from "./policy.ts";

function setOf(...members: Partial<Policy>[]): PolicySet {
  return createPolicySet(members.map((one, i) => sampleCompiled({ name: `p${i}`, ...one })));
}

function ask(set: PolicySet, path: string, ...wanted: readonly (typeof PERMISSIONS[number])[]) {
  return decide(set, { id: WEB, path, wanted });
}

Deno.test("a decision names the policy that grants it, the first by name", () => {
  const set = setOf({ name: "b" }, { name: "a" }, { name: "A", permissions: ["write"] });
  assert.deepEqual(ask(set, "tenants/x", "read"), { allowed: true, policy: "a" });
  assert.deepEqual(ask(set, "tenants/x", "write"), { allowed: true, policy: "A" });
});

Deno.test("what no policy grants is missing", () => {
  const set = setOf({ permissions: ["read", "list"] });
  assert.deepEqual(ask(set, "tenants/x", "write"), { allowed: false, missing: ["write"] });
  assert.deepEqual(ask(set, "tenants/x", "read", "write"), { allowed: false, missing: ["write"] });
  assert.deepEqual(ask(set, "other", "read", "list"), {
    allowed: false,
    missing: ["read", "list"],
  });
  assert.deepEqual(ask(setOf(), "tenants/x", "read"), { allowed: false, missing: ["read"] });
});

Deno.test("one policy has to grant all that is wanted", () => {
  const set = setOf({ permissions: ["read"] }, { permissions: ["write"] });
  assert.equal(ask(set, "tenants/x", "read", "write").allowed, false);
});

Deno.test("each word grants itself, admin and super all four", () => {
  const expected: Record<PermissionWord, readonly string[]> = {
    read: ["read"],
    write: ["write"],
    list: ["list"],
    execute: ["execute"],
    admin: PERMISSIONS,
    super: PERMISSIONS,
  };
  for (const [word, granted] of Object.entries(expected)) {
    const set = setOf({ permissions: [word as PermissionWord] });
    const found = PERMISSIONS.filter((one) => ask(set, "tenants/x", one).allowed);
    assert.deepEqual(found, granted, word);
  }
});

Deno.test("ID and path patterns both have to be found", () => {
  const set = setOf({ spiffeidPattern: "^spiffe://example\\.org/db$" }, { pathPattern: "^a$" });
  assert.equal(ask(set, "tenants/x", "read").allowed, false);
  assert.equal(ask(set, "a", "read").allowed, true);
});

Deno.test("to want nothing is a bug and no grant", () => {
  assert.throws(() => ask(setOf({}), "tenants/x"), /^Error: Nothing is wanted$/);
});

Deno.test("two policies of one name are a bug", () => {
  assert.throws(() => setOf({ name: "a" }, { name: "a" }), /Policy a exists twice/);
});

Deno.test("the index decides exactly as looking at every policy, by the letter of the rules, does", () => {
  const seen = { allowed: 0, denied: 0 };
  fc.assert(
    fc.property(world, ({ known, asked }) => {
      const set = createPolicySet(known.map(compilePolicy));
      for (const question of asked) {
        const decision = decide(set, question);
        assert.deepEqual(decision, decideAmong(set.policies, question));
        assert.equal(decision.allowed ? decision.policy : undefined, naive(known, question));
        seen[decision.allowed ? "allowed" : "denied"]++;
      }
    }),
    { numRuns: 1500 },
  );
  assert.ok(seen.allowed > 200 && seen.denied > 200, JSON.stringify(seen));
});

Deno.test("a decision looks at the policies that share its beginning, however many there are", () => {
  const many = Array.from({ length: 10_000 }, (_, i) => ({
    name: `tenant-${i}`,
    spiffeidPattern: `^spiffe://example\\.org/tenant-${i}/`,
    pathPattern: "^shared/.*$",
  }));
  const set = setOf(...many);
  const candidates = set.candidates("spiffe://example.org/tenant-77/web", "shared/a");
  assert.deepEqual(candidates.map(({ name }) => name), ["tenant-77"]);
  const byPath = setOf(...many.map((one, i) => ({
    ...one,
    spiffeidPattern: ".*",
    pathPattern: `^tenants/${i}/.*$`,
  })));
  assert.deepEqual(byPath.candidates(WEB, "tenants/77/db").map(({ name }) => name), ["tenant-77"]);
});

Deno.test("a caller sees of a listing what it may list or read", () => {
  const set = setOf(
    { pathPattern: "^a/.*$", permissions: ["list"] },
    { pathPattern: "^b/.*$", permissions: ["read"] },
    { pathPattern: "^c/.*$", permissions: ["write", "execute"] },
    { pathPattern: "^d/.*$", permissions: ["super"] },
    {
      pathPattern: "^e/.*$",
      permissions: ["list"],
      spiffeidPattern: "^spiffe://example\\.org/db$",
    },
  );
  const sight = sightOf(set, WEB);
  const paths = ["a/1", "b/1", "c/1", "d/1", "e/1", "f/1", "spike/system/acl"];
  assert.deepEqual(paths.filter((one) => sight?.sees(one)), ["a/1", "b/1", "d/1"]);
  assert.deepEqual(sight?.prefixes, ["a/", "b/", "d/"]);
});

Deno.test("where a caller may look is told by the shortest beginnings", () => {
  const see = (...patterns: string[]) =>
    sightOf(
      setOf(...patterns.map((pathPattern) => ({ pathPattern, permissions: ["list" as const] }))),
      WEB,
    )
      ?.prefixes;
  assert.deepEqual(see("^b/c/.*$", "^a$", "^b/.*$", "^a-b$", "^b/$"), ["a", "b/"]);
  assert.deepEqual(see("^a/.*$", "b"), [""]);
});

Deno.test("a caller without any list grant sees no listing", () => {
  assert.equal(sightOf(setOf({ permissions: ["read", "write"] }), WEB), undefined);
  assert.equal(sightOf(setOf({ permissions: ["list"] }), "spiffe://other.org/x"), undefined);
  assert.equal(
    sightOf(setOf({ pathPattern: "^spike/system/acl$", permissions: ["list"] }), WEB),
    undefined,
  );
  for (const word of ["list", "admin", "super"] as const) {
    assert.ok(sightOf(setOf({ permissions: [word] }), WEB), word);
  }
});

Deno.test("what a caller sees is what decide() grants it, path by path", () => {
  fc.assert(
    fc.property(policies, id, fc.array(path, { maxLength: 20 }), (given, id, paths) => {
      const set = createPolicySet(storable(given).map(compilePolicy));
      const sight = sightOf(set, id);
      if (!sight) return;
      for (const path of paths) {
        if (path.startsWith("spike/system/")) continue;
        const isGranted = (["list", "read"] as const).some((one) =>
          decide(set, { id, path, wanted: [one] }).allowed
        );
        assert.equal(sight.sees(path), isGranted, path);
        const prefixes = sight.prefixes.filter((prefix) => path.startsWith(prefix));
        assert.ok(prefixes.length === 1 || (prefixes.length === 0 && !isGranted), path);
      }
    }),
    { numRuns: 500 },
  );
});
