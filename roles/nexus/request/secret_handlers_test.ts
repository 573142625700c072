import assert from "node:assert/strict";
import type { PermissionWord } from "../../../lib/policy/mod.ts";
import { type AppWorld, idOf, startApps } from "./_app_fixture.ts";

const ADMIN = idOf("superuser");
const WEB = "spiffe://example.org/acme/web";
const OTHER = "spiffe://example.org/acme/other";

/** Who may do what where, as lines of `id path permissions`. */
async function worldWith(...grants: [string, string, PermissionWord[]][]): Promise<AppWorld> {
  const world = await startApps();
  for (const path of ["read/s", "write/s", "both/s", "none/s"]) {
    await world.ask(ADMIN, "secret", { path, values: { at: path } });
  }
  for (const [i, [id, pathPattern, permissions]] of grants.entries()) {
    const spiffeidPattern = `^${id.replaceAll(".", "\\.")}$`;
    const policy = { name: `p${i}`, spiffeidPattern, pathPattern, permissions };
    assert.equal((await world.ask(ADMIN, "policy", policy)).status, 200);
  }
  return world;
}

/** WEB reads below read/, writes below write/ and drop/, and does both below both/. */
const worldOfWeb = () =>
  worldWith(
    [WEB, "^read/.*$", ["read"]],
    [WEB, "^(write|drop)/.*$", ["write"]],
    [WEB, "^both/.*$", ["read", "write"]],
  );

Deno.test("a copy needs read on where it comes from and write on where it goes, a move write on both", async () => {
  await using world = await worldOfWeb();
  const table: [action: "copy" | "move", from: string, to: string, status: number][] = [
    ["copy", "read/s", "both/t", 200],
    ["copy", "read/s", "write/t", 200],
    ["copy", "both/s", "write/t", 200],
    ["copy", "read/s", "read/t", 401],
    ["copy", "read/s", "none/t", 401],
    ["move", "read/s", "both/t", 401],
    ["move", "both/s", "write/t", 200],
    ["move", "both/t", "both/s", 200],
  ];
  for (const [action, from, to, status] of table) {
    const answer = await world.ask(WEB, `secret:${action}`, { from, to });
    assert.equal(answer.status, status, `${action} ${from} ${to}`);
  }
});

Deno.test("who may read neither may copy from where it writes to where it writes, and that is told", async () => {
  await using world = await worldOfWeb();
  const request = { from: "write/s", to: "drop/s" };
  const answer = await world.ask(WEB, "secret:copy", request);
  assert.deepEqual([answer.status, answer.body], [200, { version: 1, blind: true }]);
  assert.deepEqual(world.entries.at(-1)?.subject.names, { ...request, blind: "true" });
  const copied = await world.ask(ADMIN, "secret:get", { path: "drop/s" });
  assert.deepEqual(copied.body, { data: { at: "write/s" }, version: 1 });
  assert.equal((await world.ask(WEB, "secret:move", request)).status, 200);
  assert.equal((await world.ask(ADMIN, "secret:get", { path: "write/s" })).status, 404);
});

Deno.test("blind copying is no way to read: nothing leads from what one may not read to what one may", async () => {
  await using world = await worldOfWeb();
  const readable = ["read/x", "both/s", "both/x"];
  const hidden = ["write/s", "none/s", "drop/a", "none/nothing"];
  // First spread it as far as one may, then try to bring it home from everywhere.
  for (const to of ["write/a", "drop/a", "drop/b"]) {
    for (const from of hidden) await world.ask(WEB, "secret:copy", { from, to });
  }
  for (const from of [...hidden, "write/a", "drop/b"]) {
    for (const to of readable) {
      for (const action of ["copy", "move"] as const) {
        const answer = await world.ask(WEB, `secret:${action}`, { from, to });
        assert.equal(answer.status, 401, `${action} ${from} ${to}`);
        assert.deepEqual(answer.body, { err: "access_unauthorized" });
      }
    }
  }
  const { body } = await world.ask(WEB, "secret:batch", { paths: [...readable, ...hidden] });
  const { secrets } = body as { secrets: { path: string; data: { at: string } | null }[] };
  const seen = secrets.filter(({ data }) => data !== null);
  assert.deepEqual(seen, [{ path: "both/s", data: { at: "both/s" }, version: 1 }]);
});

Deno.test("who may write somewhere cannot carry there what it has no right to, for others to read", async () => {
  await using world = await worldWith(
    [WEB, "^drop/.*$", ["write"]],
    [OTHER, "^drop/.*$", ["read"]],
  );
  for (const action of ["copy", "move"] as const) {
    for (const from of ["none/s", "none/nothing"]) {
      const answer = await world.ask(WEB, `secret:${action}`, { from, to: "drop/s" });
      assert.equal(answer.status, 401, `${action} ${from}`);
    }
  }
  assert.equal((await world.ask(OTHER, "secret:get", { path: "drop/s" })).status, 404);
});

Deno.test("a batch reads what a get would read, and its record names what it refused", async () => {
  await using world = await worldOfWeb();
  const { status, body } = await world.ask(WEB, "secret:batch", {
    paths: ["read/s", "write/s", "none/s", "read/none"],
  });
  assert.equal(status, 200);
  assert.deepEqual(body, {
    secrets: [
      { path: "read/s", data: { at: "read/s" }, version: 1 },
      { path: "write/s", data: null, err: "access_unauthorized" },
      { path: "none/s", data: null, err: "access_unauthorized" },
      { path: "read/none", data: null, err: "api_not_found" },
    ],
  });
  assert.deepEqual(world.entries.at(-1)?.subject.names?.["refused"], [
    "write/s",
    "none/s",
    "read/none",
  ]);
  const denied = world.lines.filter(({ event }) => event === "access_denied");
  assert.deepEqual(denied.map(({ fields }) => [fields["count"], fields["paths"]]), [
    [2, '["write/s","none/s"]'],
  ]);
});

Deno.test("a batch holds no more than fits one answer, and says of the rest that it was left out", async () => {
  await using world = await startApps();
  const binary = { v: new Uint8Array(1024 * 1024).toBase64() };
  for (let i = 0; i < 6; i++) {
    await world.ask(ADMIN, "secret", { path: `big/${i}`, values: {}, binary });
  }
  const paths = Array.from({ length: 6 }, (_, i) => `big/${i}`);
  const { body } = await world.ask(ADMIN, "secret:batch", { paths });
  const errors = (body as { secrets: { err?: string }[] }).secrets.map(({ err }) => err);
  assert.deepEqual(errors, [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    "overloaded",
  ]);
});

Deno.test("a value at its limit can be put and read, a longer one not", async () => {
  await using world = await startApps();
  const bytes = crypto.getRandomValues(new Uint8Array(65_536));
  const whole = new Uint8Array(1024 * 1024).map((_, i) => bytes[i % bytes.length] ?? 0);
  const put = {
    path: "a",
    values: { t: "x".repeat(1024 * 1024) },
    binary: { v: whole.toBase64() },
  };
  assert.equal((await world.ask(ADMIN, "secret", put)).status, 200);
  const { body } = await world.ask(ADMIN, "secret:get", { path: "a" });
  assert.deepEqual(body, { data: put.values, binary: put.binary, version: 1 });
  for (
    const more of [{ values: { t: "x".repeat(1024 * 1024 + 1) } }, {
      binary: { v: new Uint8Array(1024 * 1024 + 1).toBase64() },
    }]
  ) {
    assert.equal((await world.ask(ADMIN, "secret", { path: "a", ...more })).status, 400);
  }
  const keys = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, ""]));
  const most = { path: "b", values: keys(999), binary: { more: "" } };
  assert.equal((await world.ask(ADMIN, "secret", most)).status, 200);
  const tooMany = { path: "b", values: keys(1000), binary: { more: "" } };
  assert.equal((await world.ask(ADMIN, "secret", tooMany)).status, 400);
});

Deno.test("a read names the state of its path, and is not repeated for who knows it", async () => {
  await using world = await startApps();
  const get = (headers: Record<string, string> = {}, body: object = {}) =>
    world.ask(ADMIN, "secret:get", { path: "a", ...body }, 0, headers);
  const put = (values: object) => world.ask(ADMIN, "secret", { path: "a", values });
  await put({ v: "1" });
  const first = await get();
  assert.match(first.etag ?? "", /^"[0-9a-f]{24}"$/);
  const known = { "if-none-match": `"other", W/${first.etag}` };
  const again = await get(known);
  assert.deepEqual(again, { status: 304, body: undefined, etag: first.etag });
  assert.equal((await get({ "if-none-match": "*" })).status, 304);
  assert.equal((await get({ "if-none-match": '"other"' })).status, 200);
  const metadata = await world.ask(ADMIN, "metadata:get", { path: "a" }, 0, known);
  assert.equal(metadata.status, 304);
  await put({ v: "2" });
  const changed = await get(known);
  assert.equal(changed.status, 200);
  assert.notEqual(changed.etag, first.etag);
  // Who asks for a state that cannot be read any more is told so.
  const latest = { "if-none-match": changed.etag ?? "" };
  assert.equal((await get(latest, { version: 7 })).status, 404);
  await world.ask(ADMIN, "secret:delete", { path: "a", versions: [1, 2] });
  assert.equal((await get(latest)).status, 404);
  assert.equal((await get({ "if-none-match": "*" })).status, 404);
});

Deno.test("who may not read learns nothing from a condition", async () => {
  await using world = await worldOfWeb();
  const answer = await world.ask(WEB, "secret:get", { path: "none/s" }, 0, {
    "if-none-match": "*",
  });
  assert.equal(answer.status, 401);
});

Deno.test("of 64 puts that expect the same version exactly one is carried out", async () => {
  await using world = await startApps();
  const puts = Array.from(
    { length: 64 },
    (_, i) => world.ask(ADMIN, "secret", { path: "a", values: { v: `${i}` }, cas: 0 }, i % 2),
  );
  const statuses = (await Promise.all(puts)).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 200).length, 1);
  assert.equal(statuses.filter((status) => status === 409).length, 63);
  const { body } = await world.ask(ADMIN, "secret:get", { path: "a" });
  assert.equal((body as { data: { v: string } }).data.v, `${statuses.indexOf(200)}`);
});

Deno.test("what is destroyed through one thread is not served by another", async () => {
  await using world = await startApps();
  await world.ask(ADMIN, "secret", { path: "a", values: { v: "1" } });
  assert.equal((await world.ask(ADMIN, "secret:get", { path: "a" }, 1)).status, 200);
  const before = world.page.forgetRevision;
  await world.ask(ADMIN, "secret:destroy", { path: "a", versions: [] }, 0);
  assert.notEqual(world.page.forgetRevision, before);
  assert.equal((await world.ask(ADMIN, "secret:get", { path: "a" }, 1)).status, 404);
});
