import assert from "node:assert/strict";
import { parseSpiffeId } from "./id.ts";
import {
  checkTrustRoots,
  DEFAULT_TRUST_ROOTS,
  hasRole,
  type Role,
  rolesOf,
  type TrustRoots,
} from "./role.ts";

const BASES: Record<Role, string> = {
  nexus: "spike/nexus",
  keeper: "spike/keeper",
  bootstrap: "spike/bootstrap",
  superuser: "spike/pilot/role/superuser",
  admin: "spike/pilot/role/admin",
  operator: "spike/pilot/role/operator",
  recover: "spike/pilot/role/recover",
  restore: "spike/pilot/role/restore",
  lite: "spike/workload/role/lite",
};

for (const [role, base] of Object.entries(BASES)) {
  Deno.test(`${base} and what lies below it has exactly the role ${role}`, () => {
    for (const path of [base, `${base}/1`, `${base}/a/b`]) {
      const id = parseSpiffeId(`spiffe://spike.ist/${path}`);
      assert.deepEqual(rolesOf(id, DEFAULT_TRUST_ROOTS), [role]);
    }
  });
}

Deno.test("an ID beside, above or inside a base path has no role", () => {
  const others = [
    "spiffe://spike.ist/spike/nexusx",
    "spiffe://spike.ist/spike/nexus-1",
    "spiffe://spike.ist/spike",
    "spiffe://spike.ist/x/spike/nexus",
    "spiffe://spike.ist/Spike/nexus",
    "spiffe://spike.ist/spike/pilot/role",
    "spiffe://spike.ist/spike/pilot/role/superuser2",
    "spiffe://spike.ist.evil/spike/nexus",
    "spiffe://notspike.ist/spike/nexus",
    "spiffe://spike.ist",
  ];
  for (const id of others) assert.deepEqual(rolesOf(parseSpiffeId(id), DEFAULT_TRUST_ROOTS), []);
});

Deno.test("each family of roles has its own roots, several of them, with or without a path", () => {
  const roots: TrustRoots = {
    ...DEFAULT_TRUST_ROOTS,
    keeper: ["a.test", "b.test/tenant/x"],
    pilot: [],
  };
  const id = (text: string) => parseSpiffeId(`spiffe://${text}`);
  assert(hasRole(id("a.test/spike/keeper"), "keeper", roots));
  assert(hasRole(id("b.test/tenant/x/spike/keeper/2"), "keeper", roots));
  assert(!hasRole(id("b.test/spike/keeper"), "keeper", roots));
  assert(!hasRole(id("b.test/tenant/spike/keeper"), "keeper", roots));
  assert(!hasRole(id("spike.ist/spike/keeper"), "keeper", roots));
  assert(!hasRole(id("a.test/spike/nexus"), "nexus", roots));
  assert(!hasRole(id("spike.ist/spike/pilot/role/superuser"), "superuser", roots));
});

Deno.test("an empty root is refused when it is met and when roots are checked", () => {
  const roots = { ...DEFAULT_TRUST_ROOTS, nexus: ["a.test", ""] };
  const refused = { code: "config_invalid" };
  assert.throws(() => hasRole(parseSpiffeId("spiffe://x/y"), "nexus", roots), refused);
  assert.throws(() => checkTrustRoots(roots), refused);
});

Deno.test("checkTrustRoots refuses what cannot begin a SPIFFE ID and names it", () => {
  checkTrustRoots(DEFAULT_TRUST_ROOTS);
  checkTrustRoots({ ...DEFAULT_TRUST_ROOTS, pilot: ["example.org/tenant/a"] });
  for (const root of ["spiffe://a.test", "a.test/", "A.test", "a.test ", "/a"]) {
    assert.throws(() => checkTrustRoots({ ...DEFAULT_TRUST_ROOTS, pilot: [root] }), {
      code: "config_invalid",
      message: new RegExp(`^Trust root ${JSON.stringify(root)} of pilot`),
    });
  }
});
