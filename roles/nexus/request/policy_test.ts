import assert from "node:assert/strict";
import { type AppWorld, idOf, type RouteName, startApps } from "./_app_fixture.ts";

const ADMIN = idOf("superuser");
const WEB = "spiffe://example.org/acme/web";
const POLICY = {
  name: "acme-web",
  spiffeidPattern: "^spiffe://example\\.org/acme/web$",
  pathPattern: "^tenants/acme/.*$",
  permissions: ["read", "list"],
};
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;

/** A Nexus with one secret and the policies given. */
async function worldWith(...policies: Partial<typeof POLICY>[]): Promise<AppWorld> {
  const world = await startApps();
  const put = { path: "tenants/acme/db", values: { user: "app" } };
  assert.equal((await world.ask(ADMIN, "secret", put)).status, 200);
  for (const [i, policy] of policies.entries()) {
    const { status, body } = await world.ask(ADMIN, "policy", {
      ...POLICY,
      name: `p${i}`,
      ...policy,
    });
    assert.equal(status, 200, JSON.stringify(body));
  }
  return world;
}

async function statusOf(world: AppWorld, id: string, route: RouteName, body: unknown) {
  return (await world.ask(id, route, body)).status;
}

const GET = { path: "tenants/acme/db" };

Deno.test("a policy is put, got, listed and deleted, with the JSON that clients know", async () => {
  await using world = await startApps();
  assert.deepEqual(await world.ask(ADMIN, "policy", POLICY), {
    status: 200,
    body: { id: "acme-web" },
  });
  const { status, body } = await world.ask(ADMIN, "policy:get", { id: "acme-web" });
  const { createdAt, updatedAt, ...rest } = body as Record<string, string>;
  assert.equal(status, 200);
  assert.deepEqual(rest, {
    id: "acme-web",
    name: "acme-web",
    spiffiedPattern: POLICY.spiffeidPattern,
    spiffeidPattern: POLICY.spiffeidPattern,
    pathPattern: POLICY.pathPattern,
    permissions: ["read", "list"],
  });
  assert.match(createdAt ?? "", RFC_3339);
  assert.equal(updatedAt, createdAt);
  assert.deepEqual(await world.ask(ADMIN, "policy:list", {}), {
    status: 200,
    body: { policies: [{ id: "acme-web", name: "acme-web" }] },
  });
  const name = { id: "acme-web" };
  assert.deepEqual(await world.ask(ADMIN, "policy:delete", name), { status: 200, body: {} });
  assert.deepEqual(await world.ask(ADMIN, "policy:list", {}), {
    status: 200,
    body: { policies: [] },
  });
});

Deno.test("an unknown policy is 404 with the zero answer of its route", async () => {
  await using world = await startApps();
  const zeroTime = "0001-01-01T00:00:00Z";
  assert.deepEqual(await world.ask(ADMIN, "policy:get", { id: "none" }), {
    status: 404,
    body: {
      id: "",
      name: "",
      spiffiedPattern: "",
      spiffeidPattern: "",
      pathPattern: "",
      permissions: null,
      createdAt: zeroTime,
      updatedAt: zeroTime,
      err: "api_not_found",
    },
  });
  assert.deepEqual(await world.ask(ADMIN, "policy:delete", { id: "none" }), {
    status: 404,
    body: { err: "api_not_found" },
  });
});

Deno.test("what cannot be a policy is 400 and stored nowhere", async () => {
  await using world = await startApps();
  const wrong = [
    { name: "" },
    { name: "a/b" },
    { name: "a".repeat(251) },
    { name: 7 },
    { spiffeidPattern: "" },
    { spiffeidPattern: ".*" },
    { spiffeidPattern: "spiffe://a/[b" },
    { pathPattern: "" },
    { pathPattern: "a b" },
    { pathPattern: "(" },
    { pathPattern: "a".repeat(501) },
    { pathPattern: "a{1000}b{1000}" },
    { pathPattern: "acl" },
    { pathPattern: ".*", spiffeidPattern: "spiffe://example.org" },
    { permissions: [] },
    { permissions: null },
    { permissions: "read" },
    { permissions: ["READ"] },
    { permissions: [1] },
  ];
  for (const members of wrong) {
    const { status, body } = await world.ask(ADMIN, "policy", { ...POLICY, ...members });
    assert.deepEqual([status, body], [400, { err: "api_bad_request" }], JSON.stringify(members));
  }
  for (const id of ["", "a/b", 7, "a".repeat(251), null]) {
    assert.equal(await statusOf(world, ADMIN, "policy:get", { id }), 400);
    assert.equal(await statusOf(world, ADMIN, "policy:delete", { id }), 400);
  }
  assert.equal(await statusOf(world, ADMIN, "policy:rename", POLICY), 400);
  assert.equal(await statusOf(world, ADMIN, "policy:list", { pathPattern: [] }), 400);
  assert.equal((await world.store.policies()).rows.length, 0);
});

Deno.test("putting a name again replaces the policy", async () => {
  await using world = await worldWith({ name: "web" });
  assert.equal(await statusOf(world, WEB, "secret:get", GET), 200);
  await world.ask(ADMIN, "policy", { ...POLICY, name: "web", permissions: ["write"] });
  assert.equal(await statusOf(world, WEB, "secret:get", GET), 401);
  const { body } = await world.ask(ADMIN, "policy:list", {});
  assert.deepEqual(body, { policies: [{ id: "web", name: "web" }] });
});

Deno.test("filters are compared as texts, and only the first of two counts", async () => {
  const other = "^spiffe://example\\.org/x$";
  await using world = await worldWith({ name: "b" }, { name: "a", spiffeidPattern: other });
  const listed = async (filter: unknown) => {
    const { body } = await world.ask(ADMIN, "policy:list", filter);
    return (body as { policies: { name: string }[] }).policies.map(({ name }) => name);
  };
  assert.deepEqual(await listed({ spiffeidPattern: "", pathPattern: "" }), ["a", "b"]);
  assert.deepEqual(await listed({ spiffeidPattern: other }), ["a"]);
  assert.deepEqual(await listed({ pathPattern: POLICY.pathPattern }), ["a", "b"]);
  assert.deepEqual(await listed({ pathPattern: "tenants" }), []);
  assert.deepEqual(await listed({ spiffeidPattern: other, pathPattern: "none" }), ["a"]);
});

Deno.test("a change counts in every thread for the first request after its answer", async () => {
  await using world = await worldWith();
  for (let round = 0; round < 20; round++) {
    assert.equal((await world.ask(ADMIN, "policy", POLICY, round % 2)).status, 200);
    for (const app of [0, 1]) {
      assert.equal((await world.ask(WEB, "secret:get", GET, app)).status, 200);
    }
    assert.equal(
      (await world.ask(ADMIN, "policy:delete", { id: POLICY.name }, round % 2)).status,
      200,
    );
    for (const app of [0, 1]) {
      assert.equal((await world.ask(WEB, "secret:get", GET, app)).status, 401);
    }
  }
});

Deno.test("patterns that find more than their author may mean are taken and told of", async () => {
  await using world = await startApps();
  const loose = { ...POLICY, spiffeidPattern: "spiffe://example.org", pathPattern: "^tenants" };
  assert.deepEqual((await world.ask(ADMIN, "policy", loose)).body, {
    id: "acme-web",
    warnings: ["spiffeidPattern is not anchored", "pathPattern is not anchored"],
  });
  assert.equal(await statusOf(world, "spiffe://example.org/any", "secret:get", GET), 404);
});

/** What each identity is answered on each route, with policies that grant everything to everybody. */
const MATRIX: Record<string, Record<string, number>> = {
  superuser: { "secret:get": 200, "policy:list": 200, encrypt: 200, status: 200 },
  admin: { "secret:get": 401, "policy:list": 200, encrypt: 401, status: 200 },
  operator: { "secret:get": 200, "policy:list": 401, encrypt: 401, status: 200 },
  lite: { "secret:get": 401, "policy:list": 401, encrypt: 200, status: 401 },
  recover: { "secret:get": 401, "policy:list": 401, encrypt: 401, status: 200 },
  restore: { "secret:get": 401, "policy:list": 401, encrypt: 401, status: 200 },
  bootstrap: { "secret:get": 401, "policy:list": 401, encrypt: 401, status: 200 },
  nexus: { "secret:get": 401, "policy:list": 401, encrypt: 401, status: 200 },
  keeper: { "secret:get": 401, "policy:list": 401, encrypt: 401, status: 401 },
};

for (const hasPolicies of [false, true]) {
  Deno.test(`roles grant what they grant, ${hasPolicies ? "whatever" : "without"} policies`, async () => {
    await using world = await worldWith(
      ...(hasPolicies ? ["lite", "recover", "restore", "bootstrap", "nexus", "keeper"] : []).map((
        role,
      ) => ({
        spiffeidPattern: `^${idOf(role).replaceAll(".", "\\.")}$`,
        pathPattern: ".*",
        permissions: ["super"],
      })),
    );
    for (const [role, expected] of Object.entries(MATRIX)) {
      for (const [route, status] of Object.entries(expected)) {
        const body = route === "secret:get" ? GET : { plaintext: "YQ==" };
        for (const id of [idOf(role), `${idOf(role)}/x`]) {
          assert.equal(
            await statusOf(world, id, route as RouteName, body),
            status,
            `${id} ${route}`,
          );
        }
      }
    }
  });
}

Deno.test("operators and admins may be granted more by policies, as anybody else", async () => {
  await using world = await worldWith(
    {
      spiffeidPattern: `^${idOf("operator")}$`,
      pathPattern: "^spike/system/acl$",
      permissions: ["list"],
    },
    { spiffeidPattern: `^${idOf("admin")}$`, pathPattern: "^tenants/.*$", permissions: ["read"] },
  );
  assert.equal(await statusOf(world, idOf("operator"), "policy:list", {}), 200);
  assert.equal(await statusOf(world, idOf("operator"), "policy:get", { id: "p0" }), 401);
  assert.equal(await statusOf(world, idOf("admin"), "secret:get", GET), 200);
});

Deno.test("each route wants its own permission, and none implies another", async () => {
  const versions = { ...GET, versions: [1] };
  const put = { ...GET, values: {} };
  const onSecrets: [RouteName, unknown, string][] = [
    ["secret", put, "write"],
    ["secret:get", GET, "read"],
    ["metadata:get", GET, "read"],
    ["secret:delete", versions, "write"],
    ["secret:undelete", versions, "write"],
  ];
  const onReserved: [RouteName, unknown, string, string][] = [
    ["policy:get", { id: "p0" }, "acl", "read"],
    ["policy:list", {}, "acl", "list"],
    ["policy", { ...POLICY, name: "new" }, "acl", "write"],
    ["policy:delete", { id: "new" }, "acl", "write"],
    ["encrypt", { plaintext: "" }, "cipher/exec", "execute"],
  ];
  for (const permission of ["read", "write", "list", "execute", "admin", "super"]) {
    await using world = await worldWith({ pathPattern: "^tenants/.*$", permissions: [permission] });
    for (const [route, body, wanted] of onSecrets) {
      const isGranted = [wanted, "admin", "super"].includes(permission);
      const status = await statusOf(world, WEB, route, body);
      assert.equal(status === 401, !isGranted, `${route} with ${permission}: ${status}`);
    }
    for (const [route, body] of onReserved) {
      assert.equal(await statusOf(world, WEB, route, body), 401, `${route} with ${permission}`);
    }
  }
  for (const permission of ["read", "write", "list", "execute", "admin", "super"]) {
    for (const [route, body, path, wanted] of onReserved) {
      await using world = await worldWith({
        pathPattern: `^spike/system/${path}$`,
        permissions: [permission],
      });
      if (route === "policy:delete") await world.ask(ADMIN, "policy", { ...POLICY, name: "new" });
      const isGranted = permission === wanted || permission === "super";
      const expected = isGranted ? 200 : 401;
      assert.equal(
        await statusOf(world, WEB, route, body),
        expected,
        `${route} with ${permission}`,
      );
    }
  }
});

Deno.test("policies decide on the path as received, valid or not", async () => {
  await using world = await worldWith(
    { permissions: ["read"] },
    { pathPattern: "^any.*$", permissions: ["read"] },
  );
  assert.equal(await statusOf(world, WEB, "secret:get", { path: "not valid" }), 401);
  assert.equal(await statusOf(world, WEB, "secret:get", { path: "any thing" }), 400);
  assert.equal(await statusOf(world, WEB, "secret:get", {}), 401);
  assert.equal(await statusOf(world, WEB, "secret:get", { path: `any.${"x".repeat(600)}` }), 400);
  // Longer than what is looked at at all.
  assert.equal(
    await statusOf(world, WEB, "secret:get", { path: `any.${"x".repeat(60_000)}` }),
    401,
  );
  assert.equal(await statusOf(world, ADMIN, "secret:get", { path: "x".repeat(60_000) }), 400);
});

Deno.test("denial does not tell whether a secret exists", async () => {
  await using world = await worldWith();
  for (const path of [GET.path, "tenants/acme/none"]) {
    assert.deepEqual(await world.ask(WEB, "secret:get", { path }), {
      status: 401,
      body: { data: null, err: "access_unauthorized" },
    });
  }
});

Deno.test("a caller whose ID no rule is made for is refused, whatever grants it something", async () => {
  await using world = await worldWith({
    spiffeidPattern: "^spiffe://.*$",
    pathPattern: "^tenants/.*$",
  });
  assert.equal(await statusOf(world, "spiffe://my_domain/web", "secret:get", GET), 401);
  assert.equal(await statusOf(world, "spiffe://mydomain/we_b", "secret:get", GET), 200);
});

Deno.test("when the policies cannot be read, that is a failure and no grant", async () => {
  await using world = await worldWith({});
  const policies = world.store.policies;
  Object.assign(world.store, { policies: () => Promise.reject(new Error("disk")) });
  world.page.publishPolicies();
  assert.equal(await statusOf(world, WEB, "secret:get", GET), 500);
  assert.equal(await statusOf(world, ADMIN, "secret:get", GET), 200);
  Object.assign(world.store, { policies });
  assert.equal(await statusOf(world, WEB, "secret:get", GET), 200);
});
