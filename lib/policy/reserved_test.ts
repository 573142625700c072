import assert from "node:assert/strict";
import { sampleCompiled, samplePolicy } from "./_sample.ts";
import { createPolicySet, decide } from "./decide.ts";
import { parsePolicy, type Policy } from "./policy.ts";
import type { PermissionWord } from "./permission.ts";

const ID = "spiffe://example.org/web";
const ANCHORED = "^spiffe://example\\.org/web$";
const LOOSE = "^spiffe://example\\.org/web";

/** Whether a policy, had it been stored, grants `permission` on `path`. */
function grants(
  members: Partial<Policy>,
  path: string,
  permission: PermissionWord = "read",
): boolean {
  const policy = { spiffeidPattern: ANCHORED, permissions: [permission], ...members };
  const wanted = ["read"] as const;
  return decide(createPolicySet([sampleCompiled(policy)]), { id: ID, path, wanted }).allowed;
}

Deno.test("a reserved path is reached only by a path pattern that matches all of it", () => {
  for (
    const pathPattern of [
      "^spike/system/acl$",
      "spike/system/acl",
      ".*",
      "spike/.*",
      "^spike/system/",
    ]
  ) {
    const isWhole = pathPattern !== "^spike/system/";
    assert.equal(grants({ pathPattern }, "spike/system/acl"), isWhole, pathPattern);
  }
  for (const pathPattern of ["acl", "system", "^spike", "acl$", "spike/system/ac"]) {
    assert.equal(grants({ pathPattern }, "spike/system/acl"), false, pathPattern);
    // The same pattern by substring is fine elsewhere.
    assert.equal(grants({ pathPattern }, pathPattern.replaceAll(/[$^]/g, "")), true, pathPattern);
  }
});

Deno.test("a reserved path is reached only by an anchored SPIFFE ID pattern", () => {
  const pathPattern = "^spike/system/acl$";
  assert.equal(grants({ pathPattern, spiffeidPattern: ANCHORED }, "spike/system/acl"), true);
  for (const spiffeidPattern of [LOOSE, LOOSE.slice(1), `${LOOSE.slice(1)}$`]) {
    assert.equal(grants({ pathPattern, spiffeidPattern }, "spike/system/acl"), false);
  }
});

Deno.test("everything below spike/system/ is reserved, and nothing beside it", () => {
  const loose = { pathPattern: "spike", spiffeidPattern: LOOSE };
  for (const path of ["acl", "secret", "audit", "cipher/exec", "cipher/key/payments", "x", ""]) {
    assert.equal(grants(loose, `spike/system/${path}`), false, path);
  }
  for (const path of ["spike/system", "spike/systems", "/spike/system/acl", "a/spike/system/acl"]) {
    assert.equal(grants(loose, path), true, path);
  }
  assert.equal(
    grants({ pathPattern: "^spike/system/cipher/key/.*$" }, "spike/system/cipher/key/pay"),
    true,
  );
});

Deno.test("super reaches reserved paths, admin never does", () => {
  const pathPattern = ".*";
  assert.equal(grants({ pathPattern }, "spike/system/acl", "super"), true);
  assert.equal(grants({ pathPattern }, "spike/system/acl", "admin"), false);
  assert.equal(grants({ pathPattern }, "tenants/a", "admin"), true);
  assert.equal(grants({ pathPattern, permissions: ["admin", "read"] }, "spike/system/acl"), true);
});

function puts(members: Partial<Policy>): void {
  parsePolicy(samplePolicy({ spiffeidPattern: ANCHORED, ...members }));
}

Deno.test("a policy that hits a reserved path by part of it, or for a loose ID, is refused when it is put", () => {
  const refusal = (path: string) => ({
    code: "api_bad_request",
    message: `Policy "sample" reaches the reserved path ${path} without being anchored`,
  });
  const byPart: [pathPattern: string, path: string][] = [
    ["acl", "spike/system/acl"],
    ["^spike/system/", "spike/system/acl"],
    ["secret$", "spike/system/secret"],
    ["exec", "spike/system/cipher/exec"],
    ["audit", "spike/system/audit"],
    ["key/", "spike/system/cipher/key/"],
  ];
  for (const [pathPattern, path] of byPart) {
    assert.throws(() => puts({ pathPattern }), refusal(path), pathPattern);
    puts({ pathPattern, permissions: ["admin"] });
  }
  for (const pathPattern of [".*", "^spike/system/acl$"]) {
    puts({ pathPattern });
    assert.throws(() => puts({ pathPattern, spiffeidPattern: LOOSE }), refusal("spike/system/acl"));
  }
});

Deno.test("every probe counts, not only the first that is hit", () => {
  // All of one reserved path, but only a part of another.
  assert.throws(() => puts({ pathPattern: "^spike/system/acl$|secret" }), {
    message: /reaches the reserved path spike\/system\/secret /,
  });
});

Deno.test("patterns that have nothing to do with reserved paths need no anchors", () => {
  for (const pathPattern of ["tenants/acme/*", "^secrets/", "db", "keys"]) {
    puts({ pathPattern, spiffeidPattern: LOOSE });
  }
});
