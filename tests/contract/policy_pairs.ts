/** Policies: wire-api 5.2 and 5.3, in the order in which they happen to one store. */
import { type Expected, type Pair, TIME } from "./pair.ts";
import { badRequest, denied, notFound } from "./zero.ts";

const AT = "/v1/acl/policy";

const WEB = {
  name: "acme-web",
  spiffeidPattern: "^spiffe://example\\.org/acme/web$",
  pathPattern: "^tenants/acme/db/.*$",
  permissions: ["read", "list"],
};

const BAD = badRequest("policy.put");

/** What is asked as an administrator. */
function asked(that: string, action: string, body: unknown, gives: Pair["gives"]): Pair {
  return { that, as: "admin", at: action === "" ? AT : `${AT}?action=${action}`, body, gives };
}

/** A policy as it is answered: both spellings of the one pattern, and the name as its id. */
function told(policy: typeof WEB): Expected {
  const { name, spiffeidPattern, pathPattern, permissions } = policy;
  return {
    id: name,
    name,
    spiffiedPattern: spiffeidPattern,
    spiffeidPattern,
    pathPattern,
    permissions,
    createdAt: TIME,
    updatedAt: TIME,
  };
}

const named = (name: string) => ({ id: name, name });

const API = { ...WEB, name: "acme-api", permissions: ["super"] };
const CHANGED = { ...WEB, pathPattern: "^tenants/acme/.*$", permissions: ["execute"] };

const life: readonly Pair[] = [
  asked("there are no policies at first", "list", {}, [200, { policies: [] }]),
  asked("put makes a policy", "", WEB, [200, { id: WEB.name }]),
  asked("get gives it by name, under the name id", "get", { id: WEB.name }, [200, told(WEB)]),
  asked("put again replaces it", "", CHANGED, [200, { id: WEB.name }]),
  asked("get gives the new one", "get", { id: WEB.name }, [200, told(CHANGED)]),
  asked("another name is another policy", "", API, [200, { id: API.name }]),
  asked("a list is in order of names", "list", { spiffeidPattern: "", pathPattern: "" }, [
    200,
    { policies: [named(API.name), named(WEB.name)] },
  ]),
  asked("null lists all", "list", null, [200, { policies: [named(API.name), named(WEB.name)] }]),
  asked("a path filter compares texts", "list", { pathPattern: WEB.pathPattern }, [
    200,
    { policies: [named(API.name)] },
  ]),
  asked("and does not match", "list", { pathPattern: "tenants/acme/db/x" }, [
    200,
    { policies: [] },
  ]),
  asked("of two filters only that for the ID counts", "list", {
    spiffeidPattern: WEB.spiffeidPattern,
    pathPattern: "none",
  }, [200, { policies: [named(API.name), named(WEB.name)] }]),
  asked("no filter is too odd", "list", { spiffeidPattern: "((é\u0000" }, [200, { policies: [] }]),
  asked("delete removes it", "delete", { id: WEB.name }, [200, {}]),
  asked("deleting again is not found", "delete", { id: WEB.name }, notFound("policy.delete")),
  asked("what is deleted is not found", "get", { id: WEB.name }, notFound("policy.get")),
  asked("delete leaves the others", "delete", { id: API.name }, [200, {}]),
];

const BAD_NAMES = ["", "n".repeat(251), "a.b", "a/b", "ä", "a\n"];
const BAD_IDS = [
  "",
  "spiffe://",
  "http://example.org/a",
  "^spiffe://a_b/c$",
  "^spiffe://a/(b|c)$",
  "^spiffe://a/b{2}$",
  "^spiffe://a/b,c$",
  "^^spiffe://a/b$",
  "^spiffe://a/b$$",
  "^spiffe://a/b$\n",
];
const BAD_PATHS = ["", "p".repeat(501), "a b", "a:b", "ä", "^a$\n"];
/** Made of permitted characters, but no expression of RE2. */
const BROKEN = ["(", "[a", "a**", "\\", "(?=a)", "(a)\\1", "a{1001}", "?"];

const refusals: readonly Pair[] = [
  ...BAD_NAMES.map((name) => ({ name })),
  ...BAD_IDS.map((spiffeidPattern) => ({ spiffeidPattern })),
  ...BAD_PATHS.map((pathPattern) => ({ pathPattern })),
  ...BROKEN.map((pathPattern) => ({ pathPattern })),
  ...["^spiffe://a/($", "^spiffe://a/[$"].map((spiffeidPattern) => ({ spiffeidPattern })),
  ...[[], null, ["Read"], ["read", "sing"], [""], [null]].map((permissions) => ({ permissions })),
].map((change) =>
  asked(`no policy has ${JSON.stringify(change).slice(0, 60)}`, "", { ...WEB, ...change }, BAD)
);

/** Each reaches a reserved path by a part of it, or without naming its callers in full. */
const UNFIT = [
  { pathPattern: "spike/system/acl" },
  { pathPattern: "^spike/system/sec" },
  { pathPattern: ".*" },
  { pathPattern: "exec$" },
].map((change) => ({ ...WEB, spiffeidPattern: "spiffe://example\\.org/acme/.*", ...change }));

const reserved: readonly Pair[] = [
  ...UNFIT.map((policy) =>
    asked(`${policy.pathPattern} does not reach the system's paths`, "", policy, BAD)
  ),
  asked("an anchored policy does", "", {
    ...WEB,
    name: "system",
    pathPattern: "^spike/system/(acl|secret|cipher/exec)$",
    permissions: ["super"],
  }, [200, { id: "system" }]),
  asked("and is removed like any other", "delete", { id: "system" }, [200, {}]),
];

const names: readonly Pair[] = [
  asked("a name of 250 bytes is one", "", { ...WEB, name: "n".repeat(250) }, [
    200,
    { id: "n".repeat(250) },
  ]),
  asked("and found", "delete", { id: "n".repeat(250) }, [200, {}]),
  ...BAD_NAMES.flatMap((id) => [
    asked(
      `no policy can be named ${JSON.stringify(id.slice(0, 9))}`,
      "get",
      { id },
      badRequest("policy.get"),
    ),
    asked(`nor deleted as ${JSON.stringify(id.slice(0, 9))}`, "delete", { id }, BAD),
  ]),
];

const EACH = {
  name: "tenant",
  spiffeidPattern: "^spiffe://spike\\.ist/workload/tenant$",
  pathPattern: "^granted/.*$",
};
const SECRETS = "/v1/store/secrets";

/** What the tenant may do with each permission, and what with it is still denied. */
function granted(permission: string, mayRead: boolean, mayWrite: boolean): Pair[] {
  const tenant = (what: string, action: string, body: unknown, gives: Pair["gives"]): Pair => ({
    that: `with ${permission} a tenant ${what}`,
    as: "tenant",
    at: action === "" ? SECRETS : `${SECRETS}?action=${action}`,
    body,
    gives,
  });
  const path = `granted/${permission}`;
  return [
    asked(`a tenant is granted ${permission}`, "", { ...EACH, permissions: [permission] }, [
      200,
      { id: EACH.name },
    ]),
    tenant(
      mayWrite ? "writes" : "does not write",
      "",
      { path, values: { k: "v" } },
      mayWrite ? [200, { version: 1 }] : denied("secret.put"),
    ),
    tenant(
      mayRead ? "reads" : "does not read",
      "get",
      { path },
      mayRead
        ? mayWrite ? [200, { data: { k: "v" }, version: 1 }] : notFound("secret.get")
        : denied("secret.get"),
    ),
    tenant("has no other paths", "get", { path: `x/${path}` }, denied("secret.get")),
  ];
}

function listed(what: string, gives: Pair["gives"]): Pair {
  return { that: `a tenant ${what}`, as: "tenant", at: `${SECRETS}?action=list`, gives };
}

const decisions: readonly Pair[] = [
  ...granted("list", false, false),
  ...granted("execute", false, false),
  ...granted("read", true, false),
  ...granted("write", false, true),
  ...granted("super", true, true),
  listed("sees of the list what it may list or read", [200, {
    keys: ["granted/super", "granted/write"],
  }]),
  asked("the policy is taken away", "delete", { id: EACH.name }, [200, {}]),
  {
    that: "and with it what it granted",
    as: "tenant",
    at: `${SECRETS}?action=get`,
    body: { path: "granted/super" },
    gives: denied("secret.get"),
  },
  listed("sees no list without any grant", denied("secret.list")),
];

const TENANT = "spiffe://spike.ist/workload/tenant";
const ASKED = { spiffeid: TENANT, path: "granted/a", permissions: ["read"] };
const OTHER = { ...EACH, name: "other", spiffeidPattern: "^spiffe://spike\\.ist/workload/.*$" };

const explanations: readonly Pair[] = [
  asked("nothing grants it at first", "explain", ASKED, [200, {
    allowed: false,
    by: "nothing",
    policies: [],
    missing: ["read"],
    misses: [],
    omitted: 0,
    reason: "read on granted/a is missing: no policy matches this ID or this path",
  }]),
  asked("a tenant is granted it", "", { ...EACH, permissions: ["read"] }, [200, { id: EACH.name }]),
  asked("and everybody below the same", "", { ...OTHER, permissions: ["super"] }, [
    200,
    { id: OTHER.name },
  ]),
  asked("every policy that grants it is told, by name", "explain", ASKED, [200, {
    allowed: true,
    by: "policy",
    policy: OTHER.name,
    policies: [OTHER.name, EACH.name],
    missing: [],
    misses: [],
    omitted: 0,
    reason: 'The policies "other" and "tenant" each grant read on granted/a',
  }]),
  asked("of those that are told, the others go", "delete", { id: OTHER.name }, [200, {}]),
  asked(
    "what is missing is told exactly",
    "explain",
    { ...ASKED, permissions: ["read", "write"] },
    [
      200,
      {
        allowed: false,
        by: "nothing",
        policies: [],
        missing: ["write"],
        misses: [{ policy: EACH.name, lacks: "permissions", missing: ["write"] }],
        omitted: 0,
        reason: 'write on granted/a is missing: policy "tenant" matches, but does not grant it',
      },
    ],
  ),
  asked("a role is told", "explain", {
    ...ASKED,
    spiffeid: "spiffe://spike.ist/spike/pilot/role/superuser",
  }, [200, {
    allowed: true,
    by: "role",
    role: "superuser",
    policies: [],
    missing: [],
    misses: [],
    omitted: 0,
    reason: "The role superuser grants read on granted/a",
  }]),
  asked("a confined role is told", "explain", {
    ...ASKED,
    spiffeid: "spiffe://spike.ist/spike/workload/role/lite",
  }, [200, {
    allowed: false,
    by: "role",
    role: "lite",
    policies: [],
    missing: ["read"],
    misses: [],
    omitted: 0,
    reason:
      "The role lite is confined: it does not grant read on granted/a, and policies do not extend it",
  }]),
  asked("who can is told by policies, roles and IDs", "who-can", {
    path: ASKED.path,
    permissions: ["read"],
    spiffeids: [TENANT, "spiffe://spike.ist/nobody"],
  }, [200, {
    policies: [{
      policy: EACH.name,
      spiffeidPattern: EACH.spiffeidPattern,
      pathPattern: EACH.pathPattern,
      permissions: ["read"],
    }],
    roles: [
      { role: "superuser", spiffeids: ["spiffe://spike.ist/spike/pilot/role/superuser"] },
      { role: "operator", spiffeids: ["spiffe://spike.ist/spike/pilot/role/operator"] },
    ],
    spiffeids: [
      { spiffeid: TENANT, allowed: true, by: "policy", policy: EACH.name },
      { spiffeid: "spiffe://spike.ist/nobody", allowed: false, by: "nothing" },
    ],
  }]),
  ...[
    { spiffeid: "" },
    { spiffeid: "spiffe://a/b/" },
    { path: "" },
    { path: "a b" },
    { path: "p".repeat(501) },
    { permissions: [] },
    { permissions: ["super"] },
    { permissions: ["Read"] },
  ].map((change) =>
    asked(
      `nobody explains ${JSON.stringify(change).slice(0, 40)}`,
      "explain",
      { ...ASKED, ...change },
      badRequest("policy.explain"),
    )
  ),
  ...[
    { path: "" },
    { permissions: [] },
    { permissions: ["admin"] },
    { spiffeids: ["x"] },
    { spiffeids: Array(101).fill(TENANT) },
  ].map((change) =>
    asked(
      `nobody knows who can ${JSON.stringify(change).slice(0, 40)}`,
      "who-can",
      { path: "granted/a", permissions: ["read"], ...change },
      badRequest("policy.whoCan"),
    )
  ),
  ...(["explain", "who-can"] as const).map((action): Pair => ({
    that: `who may not read policies may not ask ${action}`,
    as: "tenant",
    at: `${AT}?action=${action}`,
    body: ASKED,
    gives: denied(action === "explain" ? "policy.explain" : "policy.whoCan"),
  })),
  asked("the last of them goes", "delete", { id: EACH.name }, [200, {}]),
];

/** All rows; each counts on those before it. */
export const POLICY_PAIRS: readonly Pair[] = [
  ...life,
  ...refusals,
  ...reserved,
  ...names,
  ...decisions,
  ...explanations,
  asked("nothing is left of it", "list", {}, [200, { policies: [] }]),
];
