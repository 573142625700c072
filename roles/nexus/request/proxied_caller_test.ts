import assert from "node:assert/strict";
import { ROUTES } from "../../../lib/api/mod.ts";
import { createJwtAuthority } from "../../../lib/authority/jwt_authority.ts";
import { JwtKeys } from "../../../lib/jwt_svid/mod.ts";
import { parseSpiffeId } from "../../../lib/spiffe/mod.ts";
import { type Answer, type AppWorld, idOf, startApps } from "./_app_fixture.ts";

const PROXY = "spiffe://spike.ist/edge/proxy";
const WEB = "spiffe://spike.ist/app/web";
const SUPERUSER = idOf("superuser");
const PATH = "app/db";
const authority = await createJwtAuthority();
const keys = new JwtKeys((reason) => assert.fail(reason));
keys.update({ form: "agent", byDomain: new Map([["spiffe://spike.ist", authority.jwks()]]) });

async function start(): Promise<AppWorld> {
  const world = await startApps({ jwt: { proxies: [parseSpiffeId(PROXY)] }, keys });
  await world.ask(SUPERUSER, "secret", { path: PATH, values: { user: "ada" } });
  await world.ask(SUPERUSER, "policy", {
    name: "web",
    spiffeidPattern: "^spiffe://spike\\.ist/app/web$",
    pathPattern: "^app/db$",
    permissions: ["read"],
  });
  return world;
}

async function tokenOf(id: string, audience = idOf("nexus")): Promise<string> {
  return await authority.issue({ id: parseSpiffeId(id), audience: [audience], ttlMs: 60_000 });
}

/** What somebody gets who sends a token over a connection of `id`. */
function get(world: AppWorld, id: string, authorization?: string): Promise<Answer> {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  return world.ask(id, "secret:get", { path: PATH }, 0, headers);
}

Deno.test("a proxy's caller is the subject of the token, recorded together with the proxy", async () => {
  await using world = await start();
  const { status, body } = await get(world, PROXY, `Bearer ${await tokenOf(WEB)}`);
  assert.deepEqual([status, body], [200, { data: { user: "ada" }, version: 1 }]);
  const { caller, grant } = world.entries.at(-1) ?? {};
  assert.deepEqual([caller?.id, caller?.via, grant?.name], [WEB, PROXY, "web"]);
  const other = await get(world, PROXY, `Bearer ${await tokenOf("spiffe://spike.ist/app/other")}`);
  assert.equal(other.status, 401);
  assert.equal((await get(world, PROXY, `bearer ${await tokenOf(WEB)}`)).status, 200);
});

Deno.test("on any other connection the header is not looked at", async () => {
  await using world = await start();
  const token = `Bearer ${await tokenOf(SUPERUSER)}`;
  for (
    const id of [`${PROXY}/below`, "spiffe://spike.ist/edge", "spiffe://acme.example/edge/proxy"]
  ) {
    assert.equal((await get(world, id, token)).status, 401, id);
    assert.equal(world.entries.at(-1)?.caller.id, id);
  }
  assert.equal((await get(world, WEB, "Bearer nonsense")).status, 200);
  assert.equal(world.entries.at(-1)?.caller.via, undefined);
});

Deno.test("a Nexus that names no proxy ignores the header of everybody", async () => {
  await using world = await startApps();
  assert.equal((await get(world, PROXY, `Bearer ${await tokenOf(SUPERUSER)}`)).status, 401);
  assert.equal(world.entries.at(-1)?.caller.id, PROXY);
});

Deno.test("a proxy never acts in its own name, and a token that does not hold is refused and told in the log", async () => {
  await using world = await start();
  await world.ask(SUPERUSER, "policy", {
    name: "proxy",
    spiffeidPattern: "^spiffe://spike\\.ist/edge/proxy$",
    pathPattern: ".*",
    permissions: ["read"],
  });
  const good = await tokenOf(WEB);
  const bad: [string, string | undefined][] = [
    ["no-token", undefined],
    ["no-token", ""],
    ["no-token", good],
    ["no-token", "Bearer "],
    ["no-token", `Basic ${good}`],
    ["no-token", `Bearer ${good}, Bearer ${good}`],
    ["no-token", `Bearer ${good} x`],
    ["no-token", `Bearer  ${good}`],
    ["malformed", "Bearer abc"],
    ["wrong-audience", `Bearer ${await tokenOf(WEB, "spiffe://spike.ist/spike/keeper/1")}`],
    ["no-bundle", `Bearer ${await tokenOf("spiffe://acme.example/app/web")}`],
    ["bad-signature", `Bearer ${good.slice(0, -4)}AAAA`],
    ["too-long", `Bearer ${"a".repeat(9_000)}`],
  ];
  for (const [reason, header] of bad) {
    const { status, body } = await get(world, PROXY, header);
    assert.deepEqual([status, body], [401, { data: null, err: "access_unauthorized" }], reason);
    assert.equal(world.entries.at(-1)?.caller.id, PROXY, "nobody else is blamed");
    const line = world.lines.findLast(({ event }) => event === "access_denied");
    assert.match(String(line?.fields["detail"]), new RegExp(`^Token refused, ${reason}: `));
  }
  assert(!JSON.stringify(world.lines).includes(good));
});

Deno.test("a token of whatever role does not reach what belongs to operators, Bootstrap or keepers", async () => {
  await using world = await start();
  const token = { authorization: `Bearer ${await tokenOf(idOf("bootstrap"))}` };
  assert.equal((await world.ask(PROXY, "verify", {}, 0, token)).status, 401);
  const itself = await world.ask(idOf("bootstrap"), "verify", {});
  assert.notEqual(itself.status, 401, "the role's own connection does");
  const headers = { authorization: `Bearer ${await tokenOf(SUPERUSER)}` };
  assert.equal((await world.ask(PROXY, "status", {}, 0, headers)).status, 200);
  assert.equal((await world.ask(PROXY, "policy:list", {}, 0, headers)).status, 200);
});

Deno.test("every route that is for roles alone is closed to tokens, but for the status", () => {
  const open = ROUTES.filter((route) => route.want.by === "role" && route.isOpenToTokens);
  assert.deepEqual(open.map(({ operation }) => operation), ["status"]);
  for (const { server, operation } of ROUTES.filter((route) => route.isOpenToTokens)) {
    assert(server === "nexus" && !/^(operator|bootstrap|keeper)\./.test(operation), operation);
  }
});
