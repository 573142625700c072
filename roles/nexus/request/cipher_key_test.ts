/** Named cipher keys over two sets of routes, as two request workers have them. */
import assert from "node:assert/strict";
import { RENEW_AT } from "../../../lib/seal/mod.ts";
import { keyRowName } from "../../../lib/cipher/mod.ts";
import { type AppWorld, idOf, type RouteName, startApps } from "./_app_fixture.ts";

const ADMIN = idOf("superuser");
const LITE = idOf("lite");
const USER = "spiffe://example.org/pay/till";
const MANAGER = "spiffe://example.org/pay/manager";
const HELLO = "aGVsbG8=";

type Members = Record<string, unknown>;

/** Asks, and expects success. */
async function ok(
  world: AppWorld,
  route: RouteName,
  body: Members,
  options: { id?: string; app?: number } = {},
): Promise<Members> {
  const answer = await world.ask(options.id ?? ADMIN, route, body, options.app);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body as Members;
}

async function refused(world: AppWorld, id: string, route: RouteName, body: Members) {
  const { status, body: told } = await world.ask(id, route, body);
  return [status, (told as Members)["err"]];
}

async function grant(world: AppWorld, name: string, id: string, path: string, permission: string) {
  await ok(world, "policy", {
    name,
    spiffeidPattern: `^${id.replaceAll(".", "\\.")}$`,
    pathPattern: path,
    permissions: [permission],
  });
}

Deno.test("a key is made, used, rotated and listed, with the JSON that is documented", async () => {
  await using world = await startApps();
  const made = await ok(world, "keys:create", { key: "pay" });
  const { createdTime, updatedTime, id, ...rest } = made;
  assert.deepEqual(rest, { key: "pay", version: 1, minVersion: 1, encryptions: 0 });
  assert.equal(createdTime, updatedTime);
  assert.match(String(id), /^[0-9a-f]{32}$/);
  const sealed = await ok(world, "encrypt", { plaintext: HELLO, key: "pay" });
  assert.deepEqual(Object.keys(sealed), ["version", "ciphertext"]);
  const blob = Uint8Array.fromBase64(String(sealed["ciphertext"]));
  assert.equal(blob.subarray(0, 25).toHex(), `0053504b01${id}00000001`);
  const { ciphertext } = sealed;
  assert.deepEqual(await ok(world, "decrypt", { key: "pay", ciphertext }), { plaintext: HELLO });
  assert.equal((await ok(world, "keys:rotate", { key: "pay" }))["version"], 2);
  const again = await ok(world, "keys:rewrap", { key: "pay", ciphertext });
  assert.equal(again["version"], 2);
  assert.deepEqual(await ok(world, "decrypt", { key: "pay", ciphertext: again["ciphertext"] }), {
    plaintext: HELLO,
  });
  const { keys } = await ok(world, "keys:list", {}) as { keys: Members[] };
  assert.deepEqual(keys.map(({ key, version }) => [key, version]), [["default", 1], ["pay", 2]]);
  const { keys: one } = await ok(world, "keys:list", { key: "pay" }) as { keys: Members[] };
  assert.deepEqual(one, [keys[1]]);
});

Deno.test("whoever was told of a change finds it so in every thread", async () => {
  await using world = await startApps();
  await ok(world, "keys:create", { key: "pay" });
  const use = (app: number) => ok(world, "encrypt", { plaintext: HELLO, key: "pay" }, { app });
  const olds = [await use(0), await use(1)];
  await ok(world, "keys:rotate", { key: "pay" }, { app: 0 });
  assert.deepEqual([(await use(0))["version"], (await use(1))["version"]], [2, 2]);
  await ok(world, "keys:set", { key: "pay", minVersion: 2 }, { app: 1 });
  for (const app of [0, 1]) {
    const { ciphertext } = olds[app] ?? {};
    const { status, body } = await world.ask(ADMIN, "decrypt", { key: "pay", ciphertext }, app);
    assert.deepEqual([status, (body as Members)["err"]], [400, "crypto_unsupported_version"]);
  }
  await ok(world, "keys:set", { key: "pay", retired: true }, { app: 0 });
  for (const app of [0, 1]) {
    const { status, body } = await world.ask(
      ADMIN,
      "encrypt",
      { plaintext: HELLO, key: "pay" },
      app,
    );
    assert.deepEqual([status, (body as Members)["err"]], [400, "cipher_key_retired"]);
  }
  await ok(world, "keys:set", { key: "pay", retired: false }, { app: 1 });
  assert.equal((await use(0))["version"], 2);
});

Deno.test("execute uses a key, write manages it, list shows it; none gives another", async () => {
  await using world = await startApps();
  for (const key of ["pay", "mail"]) await ok(world, "keys:create", { key });
  const key = "spike/system/cipher/key";
  await grant(world, "use", USER, `^${key}/pay$`, "execute");
  await grant(world, "manage", MANAGER, `^${key}/pay$`, "write");
  const { ciphertext } = await ok(world, "encrypt", { plaintext: HELLO, key: "pay" }, { id: USER });
  await ok(world, "decrypt", { ciphertext, key: "pay" }, { id: USER });
  await ok(world, "keys:rewrap", { ciphertext, key: "pay" }, { id: USER });
  await ok(world, "keys:rotate", { key: "pay" }, { id: MANAGER });
  await ok(world, "keys:set", { key: "pay", minVersion: 1 }, { id: MANAGER });
  const denied = [401, "access_unauthorized"];
  const body = { plaintext: HELLO, ciphertext };
  for (const route of ["encrypt", "decrypt", "keys:rewrap"] as const) {
    for (const named of ["mail", "nowhere", "", "default"]) {
      assert.deepEqual(await refused(world, USER, route, { ...body, key: named }), denied, named);
    }
    assert.deepEqual(await refused(world, MANAGER, route, { ...body, key: "pay" }), denied);
  }
  for (const route of ["keys:create", "keys:rotate", "keys:set", "keys:list"] as const) {
    assert.deepEqual(await refused(world, USER, route, { key: "pay" }), denied, route);
    assert.deepEqual(await refused(world, MANAGER, route, { key: "mail" }), denied, route);
    assert.deepEqual(await refused(world, MANAGER, route, { key: "" }), denied, route);
  }
  await grant(world, "see", USER, `^${key}/.*$`, "list");
  const { keys } = await ok(world, "keys:list", {}, { id: USER }) as { keys: Members[] };
  assert.deepEqual(keys.map((each) => each["key"]), ["default", "mail", "pay"]);
});

Deno.test("a permission on all of tenants, or an admin's, reaches no key", async () => {
  await using world = await startApps();
  await ok(world, "keys:create", { key: "pay" });
  await grant(world, "all", USER, "^.*$", "admin");
  const denied = [401, "access_unauthorized"];
  for (const id of [USER, idOf("admin"), idOf("operator")]) {
    assert.deepEqual(await refused(world, id, "encrypt", { key: "pay" }), denied);
    assert.deepEqual(await refused(world, id, "keys:rotate", { key: "pay" }), denied);
  }
});

Deno.test("a lite workload has the default key alone, to rewrap too", async () => {
  await using world = await startApps();
  await ok(world, "keys:create", { key: "pay" });
  const id = LITE;
  const sealed = await ok(world, "encrypt", { plaintext: HELLO }, { id });
  await ok(world, "keys:rotate", { key: "default" });
  const again = await ok(world, "keys:rewrap", sealed, { id });
  assert.equal(again["version"], 2);
  for (const each of [sealed, again]) {
    assert.deepEqual(await ok(world, "decrypt", each, { id }), { plaintext: HELLO });
  }
  for (const route of ["encrypt", "decrypt", "keys:rewrap", "keys:list", "keys:rotate"] as const) {
    assert.deepEqual(await refused(world, id, route, { key: "pay" }), [401, "access_unauthorized"]);
  }
});

Deno.test("a stranger to decryption hears of nothing but that, whatever it sends", async () => {
  await using world = await startApps();
  const bodies = ["{", "[]", '{"key":5}', '{"key":""}', '{"key":"pay"}', '{"key":"../x"}', ""];
  for (const body of bodies) {
    assert.equal((await world.ask(USER, "decrypt", body)).status, 401, body);
  }
});

Deno.test("additional data bind ciphertexts of the default key and of named ones", async () => {
  await using world = await startApps();
  await ok(world, "keys:create", { key: "pay" });
  const aad = "aW52b2ljZQ==";
  for (const key of ["", "pay"]) {
    const sealed = await ok(world, "encrypt", { plaintext: HELLO, key, aad });
    assert.deepEqual(await ok(world, "decrypt", { ...sealed, key, aad }), { plaintext: HELLO });
    const expected = key === "" ? [500, "api_internal_error"] : [400, "cipher_not_authentic"];
    for (const other of ["", "aW52b2ljZWU="]) {
      assert.deepEqual(
        await refused(world, ADMIN, "decrypt", { ...sealed, key, aad: other }),
        expected,
      );
    }
  }
});

Deno.test("a key that was used enough gets a new version by itself, the default one too", async () => {
  await using world = await startApps();
  await ok(world, "keys:create", { key: "pay" });
  for (const [key, row] of [["pay", keyRowName("pay")], ["", "cipher/default"]] as const) {
    await world.store.write((tx) => tx.reserveKeySeals(row, 1, RENEW_AT));
    // The block that is taken for this one is what tells.
    assert.equal((await ok(world, "encrypt", { plaintext: HELLO, key }))["version"], 1);
    assert.equal((await ok(world, "encrypt", { plaintext: HELLO, key }))["version"], 2);
    assert.equal((await ok(world, "encrypt", { plaintext: HELLO, key }, { app: 1 }))["version"], 2);
  }
  const renewed = (await ok(world, "keys:list", {}))["keys"] as Members[];
  assert.deepEqual(renewed.map(({ version }) => version), [2, 2]);
});

Deno.test("wrong requests about keys are refused with their code", async () => {
  await using world = await startApps();
  await ok(world, "keys:create", { key: "pay" });
  const table: [RouteName, Members, number, string][] = [
    ["keys:create", { key: "pay" }, 409, "entity_conflict"],
    ["keys:create", {}, 400, "api_bad_request"],
    ["keys:create", { key: "default" }, 400, "api_bad_request"],
    ["keys:create", { key: "a/b" }, 400, "api_bad_request"],
    ["keys:rotate", { key: "none" }, 404, "api_not_found"],
    ["keys:set", { key: "pay" }, 400, "api_bad_request"],
    ["keys:set", { key: "pay", minVersion: 2 }, 400, "api_bad_request"],
    ["keys:set", { key: "pay", minVersion: 0 }, 400, "api_bad_request"],
    ["keys:set", { key: "default", minVersion: 1 }, 400, "api_bad_request"],
    ["keys:list", { key: "none" }, 404, "api_not_found"],
    ["encrypt", { key: "none", plaintext: HELLO }, 404, "api_not_found"],
    ["encrypt", { key: "default", plaintext: HELLO }, 400, "api_bad_request"],
    ["decrypt", { key: "pay" }, 400, "api_bad_request"],
    ["decrypt", { key: "pay", ciphertext: "AAAA" }, 400, "api_bad_request"],
    ["keys:rewrap", { key: "none", ciphertext: "AAAA" }, 404, "api_not_found"],
  ];
  for (const [route, body, status, code] of table) {
    const told = `${route} ${JSON.stringify(body)}`;
    assert.deepEqual(await refused(world, ADMIN, route, body), [status, code], told);
  }
});
