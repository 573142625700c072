/** Who may do what: every route, asked by every kind of caller, over mutual TLS. */
import assert from "node:assert/strict";
import { type Operation, type Route, routeOf, ROUTES } from "../../lib/api/mod.ts";
import { type Caller, CALLER_NAMES } from "./identity.ts";
import { send } from "./pair.ts";
import { targetOf } from "./rule_pairs.ts";
import { WORKERS } from "../e2e/harness.ts";
import { type Scene, startScene } from "./scene.ts";
import { ask, ConnectionEnded } from "./wire.ts";

/** One row of the table: a harmless request, and who is not denied it. */
interface Row {
  readonly body: unknown;
  /** What it comes to for those who may; anything but a denial. */
  readonly status: 200 | 400 | 404 | 409;
  readonly may: readonly Caller[];
}

const PATH = "table/a";
const POLICY = {
  name: "sample",
  spiffeidPattern: "^spiffe://spike\\.ist/nobody$",
  pathPattern: "^nothing$",
  permissions: ["read"],
};
const ASKED = { spiffeid: "spiffe://spike.ist/nobody", path: PATH, permissions: ["read"] };
const SECRETS: readonly Caller[] = ["superuser", "operator", "tenant"];
/** They are let in, and are then told of each path whether they may. */
const BY_POLICY: readonly Caller[] = ["admin", "workload", "delegate", "foreigner"];
const POLICIES: readonly Caller[] = ["superuser", "admin", "delegate"];
const CIPHER: readonly Caller[] = ["superuser", "lite", "delegate"];
const KEY = "table-key";
const KEYS: readonly Caller[] = ["superuser", "delegate"];

const TABLE: Readonly<Record<Operation, Row>> = {
  "secret.put": { body: { path: PATH, values: {} }, status: 200, may: SECRETS },
  "secret.get": { body: { path: PATH }, status: 200, may: SECRETS },
  "secret.delete": { body: { path: PATH, versions: [99] }, status: 200, may: SECRETS },
  "secret.undelete": { body: { path: PATH, versions: [99] }, status: 404, may: SECRETS },
  "secret.list": { body: {}, status: 200, may: [...SECRETS, "delegate"] },
  "secret.batch": { body: { paths: [PATH] }, status: 200, may: [...SECRETS, ...BY_POLICY] },
  "secret.destroy": { body: { path: PATH, versions: [99] }, status: 200, may: SECRETS },
  "secret.copy": { body: { from: PATH, to: PATH }, status: 200, may: SECRETS },
  "secret.move": { body: { from: PATH, to: PATH }, status: 400, may: SECRETS },
  "secret.purge": { body: { path: "table/none" }, status: 404, may: SECRETS },
  "secret.metadata": { body: { path: PATH }, status: 200, may: SECRETS },
  "secret.setMetadata": { body: { path: PATH, custom: {} }, status: 200, may: SECRETS },
  "policy.put": { body: POLICY, status: 200, may: POLICIES },
  "policy.get": { body: { id: POLICY.name }, status: 200, may: POLICIES },
  "policy.delete": { body: { id: "none" }, status: 404, may: POLICIES },
  "policy.list": { body: {}, status: 200, may: POLICIES },
  "policy.explain": { body: ASKED, status: 200, may: POLICIES },
  "policy.whoCan": { body: ASKED, status: 200, may: POLICIES },
  "cipher.encrypt": { body: { plaintext: "" }, status: 200, may: CIPHER },
  "cipher.decrypt": { body: { version: 9 }, status: 400, may: CIPHER },
  "cipher.key.create": { body: { key: KEY }, status: 409, may: KEYS },
  "cipher.key.rotate": { body: { key: KEY }, status: 200, may: KEYS },
  "cipher.key.set": { body: { key: KEY, minVersion: 1 }, status: 200, may: KEYS },
  "cipher.key.list": { body: {}, status: 200, may: KEYS },
  "cipher.key.rewrap": { body: { version: 9 }, status: 400, may: CIPHER },
  "status": {
    body: {},
    status: 200,
    may: ["nexus", "bootstrap", "superuser", "admin", "operator", "recover", "restore"],
  },
  "operator.kek.list": { body: {}, status: 200, may: ["superuser"] },
  "operator.kek.rotate": { body: {}, status: 200, may: ["superuser"] },
  "audit.tail": { body: {}, status: 200, may: POLICIES },
  "audit.export": { body: {}, status: 200, may: POLICIES },
  // It is answered as a stream only; see tests/system/backup_suite.ts.
  "operator.backup": { body: {}, status: 400, may: ["superuser"] },
  "operator.backup.confirm": { body: {}, status: 400, may: ["superuser"] },
  "operator.verify": { body: {}, status: 200, may: ["superuser"] },
  "operator.recover": { body: {}, status: 200, may: ["recover"] },
  "operator.restore": { body: {}, status: 400, may: ["restore"] },
  "operator.confirm": { body: {}, status: 400, may: ["recover"] },
  "operator.manifest": { body: {}, status: 200, may: ["superuser", "recover", "restore"] },
  "operator.seal": { body: {}, status: 400, may: ["superuser"] },
  "operator.unseal": { body: {}, status: 200, may: ["superuser"] },
  "operator.refresh": { body: {}, status: 400, may: ["superuser"] },
  "operator.reshare": { body: {}, status: 400, may: ["superuser"] },
  "operator.rotate-root": { body: {}, status: 400, may: ["superuser"] },
  "bootstrap.verify": { body: {}, status: 400, may: ["bootstrap"] },
  "keeper.contribute": { body: {}, status: 400, may: ["nexus", "bootstrap"] },
  "keeper.shard": { body: {}, status: 400, may: ["nexus"] },
};

/** Who gets a connection to a keeper at all. */
const KEEPER_CALLERS: readonly Caller[] = ["nexus", "bootstrap"];
const SYSTEM_PATHS = "^spike/system/(acl|secret|audit|cipher/exec|cipher/key/.*)$";

/** What the table counts on. The last three are for callers to whom no policy can grant anything. */
const POLICIES_OF_THE_TABLE = [
  POLICY,
  grant("tenant", "^spiffe://spike\\.ist/workload/tenant$", "^table/.*$"),
  grant("delegate", "^spiffe://spike\\.ist/workload/delegate$", SYSTEM_PATHS),
  grant("lite on paths", "^spiffe://spike\\.ist/spike/workload/role/lite/.*$", "^table/.*$"),
  grant("lite on the system", "^spiffe://spike\\.ist/spike/workload/role/lite/.*$", SYSTEM_PATHS),
  grant("underscored", "^spiffe://under.score\\.example/workload/tenant$", "^table/.*$"),
];

function grant(name: string, spiffeidPattern: string, pathPattern: string) {
  return { name, spiffeidPattern, pathPattern, permissions: ["super"] };
}

function expected({ server, operation }: Route, caller: Caller): number | "refused" {
  if (server === "keeper" && !KEEPER_CALLERS.includes(caller)) return "refused";
  const { may, status } = TABLE[operation];
  return may.includes(caller) ? status : 401;
}

async function actual(scene: Scene, route: Route, caller: Caller): Promise<number | "refused"> {
  const asked = { as: caller, server: route.server, at: targetOf(route) };
  return await outcomeOf(send(scene, { ...asked, body: TABLE[route.operation].body }));
}

async function outcomeOf(answer: Promise<{ status: number }>): Promise<number | "refused"> {
  try {
    return (await answer).status;
  } catch (error) {
    if (error instanceof ConnectionEnded) return "refused";
    throw error;
  }
}

Deno.test("every route has its row in the table, and every row its route", () => {
  const routes = ROUTES.map(({ operation }) => operation);
  assert.deepEqual(Object.keys(TABLE).toSorted(), routes.toSorted());
});

Deno.test(`each caller may do what the table says, on ${WORKERS} workers`, async (t) => {
  await using scene = await startScene(WORKERS);
  for (const body of POLICIES_OF_THE_TABLE) {
    const put = await send(scene, { as: "superuser", at: "/v1/acl/policy", body });
    assert.equal(put.status, 200, body.name);
  }
  const made = await send(scene, {
    as: "superuser",
    at: "/v1/cipher/keys?action=create",
    body: { key: KEY },
  });
  assert.equal(made.status, 200);
  await t.step("use of a named cipher key", async () => {
    for (const operation of ["cipher.encrypt", "cipher.decrypt", "cipher.key.rewrap"] as const) {
      const at = targetOf(routeOf(operation));
      for (const caller of CALLER_NAMES) {
        const body = { key: KEY, plaintext: "", ciphertext: "" };
        const status = await outcomeOf(send(scene, { as: caller, at, body }));
        const should = operation === "cipher.encrypt" ? 200 : 400;
        assert.equal(status, KEYS.includes(caller) ? should : 401, `${operation} ${caller}`);
      }
    }
  });
  for (const route of ROUTES) {
    await t.step(route.operation, async () => {
      const should = CALLER_NAMES.map((caller) => [caller, expected(route, caller)]);
      const does = [];
      for (const caller of CALLER_NAMES) {
        does.push([caller, await actual(scene, route, caller)]);
      }
      assert.deepEqual(Object.fromEntries(does), Object.fromEntries(should));
    });
  }
  await t.step("who is nobody is refused before a request is read", async () => {
    const forged = await scene.identities.issue({
      id: "spiffe://spike.ist/spike/nexus",
      signer: "other.example",
    });
    for (const server of ["nexus", "keeper"] as const) {
      for (const identity of [forged, undefined]) {
        const port = await scene.port(server);
        assert.equal(await outcomeOf(ask(port, identity, { target: "/v1/status" })), "refused");
      }
    }
  });
});
