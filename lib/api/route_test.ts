import assert from "node:assert/strict";
import { OPERATIONS } from "./operation/mod.ts";
import { routeOf, ROUTES, routeUrl } from "./route.ts";

Deno.test("every operation has exactly one route, and every route says who may call it", () => {
  assert.deepEqual(ROUTES.map(({ operation }) => operation).sort(), Object.keys(OPERATIONS).sort());
  const addresses = ROUTES.map(({ server, path, action }) => `${server}${path}?${action}`);
  assert.equal(new Set(addresses).size, ROUTES.length);
  for (const { want, operation } of ROUTES) {
    assert.ok(want.by === "permission" || want.roles.length > 0, operation);
  }
});

Deno.test("recover and restore belong to their own roles alone", () => {
  assert.deepEqual(routeOf("operator.recover").want, { by: "role", roles: ["recover"] });
  assert.deepEqual(routeOf("operator.restore").want, { by: "role", roles: ["restore"] });
  assert.deepEqual(routeOf("keeper.shard").want, { by: "role", roles: ["nexus"] });
});

Deno.test("before there is a root key only status and what operators do with the key are served", () => {
  const served = ROUTES.filter(({ servedIn }) => servedIn === "every-state");
  assert.deepEqual(served.map(({ operation }) => operation).sort(), [
    "operator.manifest",
    "operator.recover",
    "operator.restore",
    "operator.seal",
    "operator.unseal",
    "status",
  ]);
});

Deno.test("a URL keeps the base's path prefix", () => {
  assert.equal(
    routeUrl("https://nexus:8553", "secret.get"),
    "https://nexus:8553/v1/store/secrets?action=get",
  );
  assert.equal(routeUrl("https://gate/spike/", "status"), "https://gate/spike/v1/status");
});
