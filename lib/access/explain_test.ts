import assert from "node:assert/strict";
import { ROUTES } from "../api/route.ts";
import { sampleCompiled } from "../policy/_sample.ts";
import { createPolicySet, decide, PERMISSIONS, RESERVED } from "../policy/mod.ts";
import { parseSpiffeId } from "../spiffe/id.ts";
import { DEFAULT_TRUST_ROOTS, idsOfRole, ROLES } from "../spiffe/role.ts";
import { type AccessExplanation, explainAccess } from "./explain.ts";
import { judgeByRole } from "./judge.ts";
import { targetOf } from "./target.ts";
import { whoCan } from "./who_can.ts";

const ROOTS = DEFAULT_TRUST_ROOTS;
const WEB = "spiffe://example.org/web";
const SYSTEM = "^spike/system/(acl|secret|cipher/exec)$";

const SET = createPolicySet([
  sampleCompiled({ name: "readers" }),
  sampleCompiled({ name: "writers", permissions: ["write"] }),
  sampleCompiled({ name: "delegates", pathPattern: SYSTEM, permissions: ["super"] }),
  sampleCompiled({
    name: "all of spike.ist",
    spiffeidPattern: "^spiffe://spike\\.ist/.*$",
    pathPattern: ".*",
    permissions: ["super"],
  }),
]);

function ask(id: string, path: string, ...wanted: (typeof PERMISSIONS[number])[]) {
  return explainAccess(SET, { id: parseSpiffeId(id), path, wanted }, ROOTS);
}

function pick({ allowed, by, role, policy }: AccessExplanation) {
  return { allowed, by, ...(role && { role }), ...(policy && { policy }) };
}

Deno.test("roles decide first, then policies", () => {
  const [superuser, operator, admin, lite] = (["superuser", "operator", "admin", "lite"] as const)
    .map((role) => idsOfRole(role, ROOTS)[0] ?? "");
  assert.ok(superuser && operator && admin && lite);
  const table: [AccessExplanation, unknown][] = [
    [ask(WEB, "tenants/x", "read"), { allowed: true, by: "policy", policy: "readers" }],
    [ask(WEB, "x", "read"), { allowed: false, by: "nothing" }],
    [ask(superuser, "x", "read"), { allowed: true, by: "role", role: "superuser" }],
    [ask(superuser, "x", "execute"), { allowed: true, by: "role", role: "superuser" }],
    [ask(operator, "x", "write"), { allowed: true, by: "role", role: "operator" }],
    [ask(operator, RESERVED.secret, "list"), { allowed: true, by: "role", role: "operator" }],
    [ask(operator, RESERVED.acl, "read"), {
      allowed: true,
      by: "policy",
      policy: "all of spike.ist",
    }],
    [ask(admin, RESERVED.acl, "write"), { allowed: true, by: "role", role: "admin" }],
    [ask(admin, "x", "read"), { allowed: true, by: "policy", policy: "all of spike.ist" }],
    [ask(lite, RESERVED.cipherExec, "execute"), { allowed: true, by: "role", role: "lite" }],
    [ask(lite, "x", "read"), { allowed: false, by: "role", role: "lite" }],
    [ask("spiffe://a_b/c", "x", "read"), { allowed: false, by: "id" }],
  ];
  for (const [told, expected] of table) assert.deepEqual(pick(told), expected, told.reason);
});

Deno.test("a role may grant a part, and a policy has to grant the rest", () => {
  const [operator = ""] = idsOfRole("operator", ROOTS);
  const told = explainAccess(
    createPolicySet([
      sampleCompiled({ name: "run", spiffeidPattern: ".*", permissions: ["execute"] }),
    ]),
    { id: parseSpiffeId(operator), path: "tenants/x", wanted: ["read", "execute"] },
    ROOTS,
  );
  assert.deepEqual(pick(told), { allowed: true, by: "policy", policy: "run" });
});

Deno.test("the reason says what is easily overlooked", () => {
  assert.match(ask(WEB, "x", "read").reason, /^read on x is missing: /);
  assert.match(ask(WEB, "x", "read", "write").reason, /^read and write on x are missing: /);
  assert.match(
    ask(WEB, "tenants/x", "read", "write").reason,
    /a single policy must grant all of it$/,
  );
  assert.match(
    ask(WEB, "x", "read").reason,
    /policy "delegates" matches this ID, but not this path/,
  );
  assert.match(ask("spiffe://o/x", "x", "read").reason, /"all of spike.ist" matches this path, b/);
  assert.match(ask(WEB, RESERVED.acl, "read").reason, /^The policy "delegates" grants read on /);
  assert.match(
    ask("spiffe://a_b/c", "x", "read").reason,
    /is not a supported caller ID, so it is denied everything$/,
  );
});

/** What the server does with a request, from the same parts as its listener. */
function isServed(id: string, route: typeof ROUTES[number], path: string): boolean {
  const { want } = route;
  if (want.by === "role") return false;
  try {
    const caller = parseSpiffeId(id);
    const judgement = judgeByRole(caller, route, ROOTS, path);
    if (judgement !== "open") return judgement !== "denied";
    return decide(SET, { id, path: targetOf(want, path), wanted: [want.permission] }).allowed;
  } catch {
    return false;
  }
}

Deno.test("an explanation agrees with the decision on every request, for every role and route", () => {
  const callers = [
    ...ROLES.flatMap((role) => idsOfRole(role, ROOTS).flatMap((id) => [id, `${id}/1`])),
    WEB,
    "spiffe://spike.ist/x",
    "spiffe://a_b/c",
  ];
  let compared = 0;
  for (const id of callers) {
    for (const route of ROUTES) {
      const { want } = route;
      if (want.by === "role") continue;
      for (const path of ["tenants/x", "x"]) {
        const told = ask(id, targetOf(want, path), want.permission);
        assert.equal(told.allowed, isServed(id, route, path), `${id} ${route.operation} ${path}`);
        compared++;
      }
    }
  }
  assert.ok(compared > 400, String(compared));
});

Deno.test("who can is told by policy and by role, with the IDs of the role", () => {
  assert.deepEqual(whoCan(SET, { path: RESERVED.cipherExec, wanted: ["execute"] }, ROOTS), {
    policies: [
      {
        policy: "all of spike.ist",
        spiffeidPattern: "^spiffe://spike\\.ist/.*$",
        pathPattern: ".*",
        permissions: ["super"],
      },
      {
        policy: "delegates",
        spiffeidPattern: "^spiffe://example\\.org/.*$",
        pathPattern: SYSTEM,
        permissions: ["super"],
      },
    ],
    roles: [
      { role: "superuser", ids: ["spiffe://spike.ist/spike/pilot/role/superuser"] },
      { role: "lite", ids: ["spiffe://spike.ist/spike/workload/role/lite"] },
    ],
  });
});

Deno.test("everybody whom who can names may do it, and nobody else of those asked about", () => {
  for (const path of ["tenants/x", "x", RESERVED.acl, RESERVED.secret]) {
    for (const one of PERMISSIONS) {
      const { policies, roles } = whoCan(SET, { path, wanted: [one] }, ROOTS);
      for (const id of [WEB, "spiffe://spike.ist/x", "spiffe://other/x"]) {
        const isNamed = policies.some(({ spiffeidPattern }) =>
          new RegExp(spiffeidPattern).test(id)
        );
        assert.equal(ask(id, path, one).allowed, isNamed, `${id} ${one} ${path}`);
      }
      for (const role of ROLES) {
        const told = idsOfRole(role, ROOTS).map((id) => ask(id, path, one));
        const isNamed = roles.some((each) => each.role === role);
        assert.equal(told.every(({ by, allowed }) => by === "role" && allowed), isNamed);
      }
    }
  }
});
