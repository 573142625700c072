import assert from "node:assert/strict";
import fc from "fast-check";
import { sampleCompiled } from "../../../lib/policy/_sample.ts";
import { createPolicySet, type Sight, sightOf } from "../../../lib/policy/mod.ts";
import { type AppWorld, idOf, startApps } from "./_app_fixture.ts";
import {
  listEverything,
  listVisible,
  MAX_LISTED,
  type PageRequest,
  type PathSource,
} from "./listing.ts";

const ADMIN = idOf("superuser");
const WEB = "spiffe://example.org/acme/web";

/** What somebody sees who may list what matches. */
function sightFor(...patterns: string[]): Sight {
  const policies = patterns.map((pathPattern, i) =>
    sampleCompiled({ name: `p${i}`, pathPattern, permissions: ["list"] })
  );
  const sight = sightOf(createPolicySet(policies), WEB);
  assert.ok(sight);
  return sight;
}

/** A store of paths that counts what it is asked. */
function sourceOf(paths: readonly string[]) {
  const sorted = [...paths].sort();
  let asked = 0;
  let given = 0;
  const source: PathSource = {
    entries: ({ prefix, after, limit }) => {
      asked++;
      const page = sorted
        .filter((path) => path.startsWith(prefix) && (after === undefined || path > after))
        .slice(0, limit);
      given += page.length;
      return Promise.resolve(page.map((path) => ({ path, isExpired: path.endsWith("!") })));
    },
  };
  return { source, counts: () => ({ asked, given }) };
}

const still = () => Promise.resolve();
const WHOLE: PageRequest = { prefix: "", after: "" };

Deno.test("a page looks only where something may be seen", async () => {
  const paths = Array.from({ length: 50_000 }, (_, i) => `tenants/${i % 50}/${i}`);
  const { source, counts } = sourceOf(paths);
  const page = await listVisible(
    source,
    sightFor("^tenants/7/.*$", "^tenants/9/1.*$"),
    WHOLE,
    still,
  );
  assert.equal(page.stoppedAt, undefined);
  const expected = paths.filter((path) => /^tenants\/(7\/.*|9\/1.*)$/.test(path)).sort();
  assert.deepEqual(page.keys, expected);
  assert.ok(counts().given < 2_000, JSON.stringify(counts()));
});

Deno.test("a page goes past any number of hidden paths, and gives way to others meanwhile", async () => {
  const paths = Array.from({ length: 25_000 }, (_, i) => `p/${String(i).padStart(5, "0")}`);
  const { source } = sourceOf(paths);
  let pauses = 0;
  const pause = () => Promise.resolve(void pauses++);
  const page = await listVisible(source, sightFor("24999$"), WHOLE, pause);
  assert.deepEqual(page, { keys: ["p/24999"], expired: [] });
  assert.ok(pauses >= 10, String(pauses));
});

Deno.test("looking in many places that hold nothing gives way, too", async () => {
  const gone = Array.from({ length: 25_000 }, (_, i) => `gone/${String(i).padStart(5, "0")}/x`);
  // A sight of so many policies, without compiling each.
  const sight = { prefixes: [...gone, "last"], sees: (path: string) => path === "last" };
  const { source, counts } = sourceOf(["last"]);
  let pauses = 0;
  const pause = () => Promise.resolve(void pauses++);
  assert.deepEqual((await listVisible(source, sight, WHOLE, pause)).keys, ["last"]);
  assert.ok(counts().asked < 26_000);
  assert.ok(pauses >= 10, String(pauses));
});

Deno.test("a page for which nobody waits any more is given up at the next pause", async () => {
  const { source, counts } = sourceOf(Array.from({ length: 50_000 }, (_, i) => `p/${i}`));
  const left = () => Promise.reject(new Error("left"));
  await assert.rejects(listVisible(source, sightFor("nothing$"), WHOLE, left), /^Error: left$/);
  assert.ok(counts().given < 4_000, JSON.stringify(counts()));
});

Deno.test("a page is full at its limit, be it followed by visible paths, hidden ones or none", async () => {
  for (const behind of [[], ["a/x"], ["b/1"], ["a/x", "b/1"]]) {
    const { source } = sourceOf(["a/1", "a/2", ...behind]);
    const request = { ...WHOLE, limit: 2 };
    const page = await listVisible(source, sightFor("[0-9]$"), request, still);
    assert.deepEqual(page, { keys: ["a/1", "a/2"], expired: [], stoppedAt: "a/2" }, `${behind}`);
  }
});

Deno.test("a page of one level has each folder once, and does not look into it further", async () => {
  const paths = Array.from({ length: 30_000 }, (_, i) => `t/${String(i % 3)}/${i}`);
  const { source, counts } = sourceOf([...paths, "t/a", "t/old!", "t/z/", "t//x"]);
  const page = await listEverything(source, { ...WHOLE, prefix: "t/", isOneLevel: true }, still);
  assert.deepEqual(page, {
    keys: ["t//", "t/0/", "t/1/", "t/2/", "t/a", "t/old!", "t/z/"],
    expired: ["t/old!"],
  });
  assert.ok(counts().given < 200, JSON.stringify(counts()));
});

Deno.test("a page of one level shows a folder only for what is visible in it", async () => {
  const paths = Array.from({ length: 25_000 }, (_, i) => `t/${i < 24_000 ? "big" : "x"}/${i}`);
  const { source } = sourceOf([...paths, "t/x/mine"]);
  let request: PageRequest = { prefix: "t/", after: "", isOneLevel: true };
  const pages = [];
  for (;;) {
    const { keys, stoppedAt } = await listVisible(source, sightFor("mine$"), request, still);
    pages.push(keys);
    if (stoppedAt === undefined) break;
    request = { ...request, after: stoppedAt };
  }
  assert.deepEqual(pages, [["t/x/"]]);
});

Deno.test("pages put together are what is visible, once each and in order", async () => {
  const path = fc.array(fc.constantFrom("a", "b", "/", "-"), { minLength: 1, maxLength: 5 })
    .map((parts) => parts.join(""));
  const pattern = fc.constantFrom("^a/.*$", "^a$", "^ab?/.*$", "b$", "^a/b", "^b/-/.*$", "^-.*$");
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(path, { maxLength: 30 }),
      fc.uniqueArray(pattern, { minLength: 1, maxLength: 3 }),
      fc.constantFrom("", "a", "a/", "ab", "b/-/a"),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      async (paths, patterns, prefix, limit, isOneLevel) => {
        const sight = sightFor(...patterns);
        const { source } = sourceOf(paths);
        const keys: string[] = [];
        let after: string | undefined = "";
        for (let pages = 0; after !== undefined; pages++) {
          assert.ok(pages < 100);
          const request = { prefix, after, limit, isOneLevel };
          const page = await listVisible(source, sight, request, still);
          assert.ok(page.keys.length <= limit);
          keys.push(...page.keys);
          after = page.stoppedAt;
        }
        const visible = paths.filter((one) =>
          one.startsWith(prefix) && patterns.some((text) => new RegExp(text).test(one))
        );
        const levels = visible.sort().map((one) => {
          const at = one.indexOf("/", prefix.length);
          return at < 0 ? one : one.slice(0, at + 1);
        });
        assert.deepEqual(keys, isOneLevel ? [...new Set(levels)] : visible);
      },
    ),
    { numRuns: 300 },
  );
});

async function worldWith(paths: readonly string[], ...policies: unknown[]): Promise<AppWorld> {
  const world = await startApps();
  for (const path of paths) await world.ask(ADMIN, "secret", { path, values: {} });
  for (const [i, policy] of policies.entries()) {
    const { status } = await world.ask(ADMIN, "policy", {
      name: `p${i}`,
      spiffeidPattern: "^spiffe://example\\.org/acme/web$",
      ...policy as object,
    });
    assert.equal(status, 200);
  }
  return world;
}

const PATHS = ["a/1", "a/2", "b/1", "b/2", "c/1"];

Deno.test("who may list secrets of the system sees all, others what they may list or read", async () => {
  await using world = await worldWith(
    PATHS,
    { pathPattern: "^a/.*$", permissions: ["list"] },
    { pathPattern: "^b/2$", permissions: ["read"] },
    {
      pathPattern: "^spike/system/secret$",
      permissions: ["list"],
      spiffeidPattern: "^spiffe://example\\.org/all$",
    },
  );
  const keysOf = async (id: string) => (await world.ask(id, "secret:list", {})).body;
  assert.deepEqual(await keysOf(WEB), { keys: ["a/1", "a/2", "b/2"] });
  for (const id of ["spiffe://example.org/all", ADMIN, idOf("operator")]) {
    assert.deepEqual(await keysOf(id), { keys: PATHS }, id);
  }
});

Deno.test("who may list nothing is refused, even who may read all", async () => {
  await using world = await worldWith(PATHS, {
    pathPattern: "^[abc]/.*$",
    permissions: ["read", "write"],
  });
  for (
    const id of [WEB, "spiffe://example.org/other", idOf("admin"), idOf("lite"), idOf("recover")]
  ) {
    assert.deepEqual(await world.ask(id, "secret:list", {}), {
      status: 401,
      body: { keys: null, err: "access_unauthorized" },
    }, id);
  }
});

Deno.test("pages, prefixes and limits work alike for all who may list", async () => {
  await using world = await worldWith(PATHS, { pathPattern: "^[ab]/.*$", permissions: ["list"] });
  const ask = async (id: string, request: unknown) =>
    (await world.ask(id, "secret:list", request)).body;
  for (const id of [WEB, ADMIN]) {
    assert.deepEqual(await ask(id, { prefix: "b/" }), { keys: ["b/1", "b/2"] });
    assert.deepEqual(await ask(id, { limit: 2 }), { keys: ["a/1", "a/2"], next: "a/2" });
    assert.deepEqual(await ask(id, { limit: 1, after: "a/2" }), { keys: ["b/1"], next: "b/1" });
    assert.deepEqual(await ask(id, { prefix: "b/", after: "b/1", limit: 9 }), { keys: ["b/2"] });
    assert.deepEqual(await ask(id, { prefix: "x" }), { keys: [] });
    for (
      const request of [{ limit: -1 }, { limit: 1.5 }, { limit: "1" }, { after: "~1.AAAA" }, {
        after: "~",
      }]
    ) {
      assert.equal(
        (await world.ask(id, "secret:list", request)).status,
        400,
        JSON.stringify(request),
      );
    }
    assert.deepEqual(await ask(id, { limit: 0, prefix: "a" }), { keys: ["a/1", "a/2"] });
  }
});

Deno.test("hidden paths, however many, neither shorten a page nor are told", async () => {
  const hidden = Array.from({ length: MAX_LISTED + 5 }, (_, i) => `hidden/${100_000 + i}`);
  await using world = await startApps();
  await world.store.write(async (tx) => {
    for (const path of [...hidden, "z/mine"]) {
      const row = {
        path,
        revision: tx.revision,
        current: 0,
        isPurged: false,
        expiresMs: null,
        kekGeneration: 1,
      };
      await tx.putHead({ ...row, sealed: new Uint8Array(1) });
    }
  });
  await world.ask(ADMIN, "policy", {
    name: "mine",
    spiffeidPattern: "^spiffe://example\\.org/acme/web$",
    pathPattern: "mine$",
    permissions: ["list"],
  });
  assert.deepEqual((await world.ask(WEB, "secret:list", {})).body, { keys: ["z/mine"] });
});

Deno.test("where a page of one level stopped is sealed, and goes on in any thread", async () => {
  await using world = await worldWith(PATHS, { pathPattern: "^[abc]/.*$", permissions: ["list"] });
  const request = { recursive: false, limit: 1 };
  const first = (await world.ask(WEB, "secret:list", request)).body as { next: string };
  assert.match(first.next, /^~1\.[\w-]+$/);
  const second = await world.ask(WEB, "secret:list", { ...request, after: first.next }, 1);
  assert.deepEqual((second.body as { keys: unknown }).keys, ["b/"]);
  const [head = "", tail = ""] = [first.next.slice(0, 20), first.next.slice(20)];
  const after = head + (tail.startsWith("A") ? "B" : "A") + tail.slice(1);
  assert.equal((await world.ask(WEB, "secret:list", { after })).status, 400);
});
