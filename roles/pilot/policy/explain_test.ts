import assert from "node:assert/strict";
import { type Answering, refusing, spike } from "../fake_nexus.ts";

const WEB = "spiffe://example.org/acme/web";

const DENIED = {
  allowed: false,
  by: "nothing",
  policies: [],
  missing: ["write"],
  misses: [
    { policy: "acme-web", lacks: "permissions", missing: ["write"] },
    { policy: "other", lacks: "path", missing: [] },
    { policy: "third", lacks: "id", missing: ["write"] },
    { policy: "fourth", lacks: "reserved", missing: [] },
  ],
  omitted: 3,
  reason: 'write on a/b is missing: policy "acme-web" applies, but does not grant it',
};

const ALLOWED = {
  allowed: true,
  by: "policy",
  policy: "a",
  policies: ["a", "b"],
  missing: [],
  misses: [],
  omitted: 0,
  reason: 'The policies "a" and "b" each grant read on a/b',
};

const nexus = (answer: unknown): { nexus: Answering } => ({ nexus: () => answer });

Deno.test("explain tells a denial with what is missing and who comes near", async () => {
  const args = ["policy", "explain", WEB, "a/b", "-p", "read, write"];
  const { code, out, err, calls } = await spike(args, nexus(DENIED));
  assert.deepEqual({ code, err }, { code: 0, err: "" });
  assert.equal(
    out,
    `Denied: read, write on a/b for ${WEB}
Reason: write on a/b is missing: policy "acme-web" applies, but does not grant it

Missing: write

Closest policies:
  acme-web: applies, but does not grant write
  other: is not about this path
  third: is not about this ID, and does not grant write
  fourth: is not anchored, so it does not count on a reserved path
  … and 3 more
`,
  );
  assert.deepEqual(calls, [{
    to: "/v1/acl/policy?explain",
    request: { spiffeid: WEB, path: "a/b", permissions: ["read", "write"] },
  }]);
});

Deno.test("explain tells a grant with all that would have to go", async () => {
  const { out } = await spike(["policy", "explain", WEB, "a/b"], nexus(ALLOWED));
  assert.equal(
    out,
    `Allowed: read on a/b for ${WEB}
Reason: The policies "a" and "b" each grant read on a/b

To deny it, delete all of these:
  a
  b
`,
  );
});

Deno.test("explain prints the whole answer as JSON or YAML", async () => {
  const json = await spike(["policy", "explain", WEB, "a/b", "-f", "json"], nexus(DENIED));
  assert.deepEqual(JSON.parse(json.out), {
    spiffeid: WEB,
    path: "a/b",
    permissions: ["read"],
    ...DENIED,
  });
  const yaml = await spike(["policy", "explain", WEB, "a/b", "-f", "yaml"], nexus(ALLOWED));
  assert.match(yaml.out, /^spiffeid: .*\npath: a\/b\n[^]*\npolicies:\n {2}- a\n {2}- b\n/);
});

Deno.test("a question that cannot be asked is refused here, with the reason", async () => {
  const table: [string[], RegExp][] = [
    [["explain", "example.org/web", "a"], /^Error: SPIFFE ID "example\.org\/web" is not valid/],
    [["explain", WEB, "a b"], /^Error: Path "a b" has a character that is not allowed/],
    [
      ["explain", WEB, "a", "-p", "super"],
      /^Error: "super" is not a permission that can be queried\nHint/,
    ],
    [["explain", WEB, "a", "-p", ","], /^Error: No permission is given/],
    [["who-can", "sing", "a"], /^Error: "sing" is not a permission that can be queried/],
    [["who-can", "read", ""], /^Error: Path is empty/],
    [["who-can", "read", "a", "b"], /^Error: SPIFFE ID "b" is not valid/],
  ];
  for (const [args, message] of table) {
    const { code, out, err } = await spike(["policy", ...args]);
    assert.deepEqual({ code, out }, { code: 1, out: "" }, args.join(" "));
    assert.match(err, message);
  }
});

const GRANTS = {
  policies: [{
    policy: "acme-web",
    spiffeidPattern: "^spiffe://example\\.org/acme/web$",
    pathPattern: "^a/.*$",
    permissions: ["read", "list"],
  }],
  roles: [{ role: "superuser", spiffeids: ["spiffe://spike.ist/spike/pilot/role/superuser"] }],
  spiffeids: [
    { spiffeid: WEB, allowed: true, by: "policy", policy: "acme-web" },
    { spiffeid: "spiffe://a/b", allowed: false, by: "nothing" },
    { spiffeid: "spiffe://a_b/c", allowed: false, by: "id" },
  ],
};

Deno.test("who-can prints policies, roles and the IDs that were asked about", async () => {
  const ids = GRANTS.spiffeids.map(({ spiffeid }) => spiffeid);
  const { out, calls } = await spike(["policy", "who-can", "read", "a/b", ...ids], nexus(GRANTS));
  assert.equal(
    out,
    `Policies that grant read on a/b:
  acme-web (read, list)
    to    ^spiffe://example\\.org/acme/web$
    where ^a/.*$

Roles that grant it:
  superuser: spiffe://spike.ist/spike/pilot/role/superuser (and below)

Asked about:
  allowed ${WEB} by policy acme-web
  denied  spiffe://a/b
  denied  spiffe://a_b/c: no rules are made for such an ID
`,
  );
  assert.deepEqual(calls[0]?.request, { path: "a/b", permissions: ["read"], spiffeids: ids });
  const json = await spike(["policy", "who-can", "read", "a/b", "-f", "json"], nexus(GRANTS));
  assert.deepEqual(JSON.parse(json.out), { path: "a/b", permissions: ["read"], ...GRANTS });
  const none = { policies: [], roles: [], spiffeids: [] };
  const nobody = await spike(["policy", "who-can", "read", "a/b"], nexus(none));
  assert.equal(nobody.out, "No policy grants read on a/b.\n\nNo role grants it.\n");
});

Deno.test("who may not ask is told that it was denied", async () => {
  const { code, err } = await spike(["policy", "explain", WEB, "a/b"], {
    nexus: refusing("access_unauthorized"),
  });
  assert.equal(code, 3);
  assert.match(err, /^Error: Nexus denied access to /);
});
