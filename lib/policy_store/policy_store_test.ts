import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { samplePolicy } from "../policy/_sample.ts";
import { decide } from "../policy/mod.ts";
import { osRandom } from "../seal/mod.ts";
import { createSealBudget } from "../secret/mod.ts";
import { AUTHOR, inWorld, type Kind, KINDS, type World } from "../secret/secret_fixture.ts";
import { createPolicyReader, type PolicyReader } from "./reader.ts";
import { createPolicyWriter, type PolicyWriter } from "./writer.ts";

const OTHER = "spiffe://example.org/admin";

interface PolicyWorld extends World {
  readonly policies: PolicyWriter;
  /** A reader that is told of every change. */
  readonly policyReader: PolicyReader;
  /** Messages of damage, as they came. */
  readonly damage: string[];
  /** How often all policies were read. */
  readonly reads: () => number;
  /** What the reader takes for the revision. */
  readonly page: { revision: number };
}

function inPolicyWorld(kind: Kind, body: (world: PolicyWorld) => Promise<void>): Promise<void> {
  return inWorld(kind, async (world) => {
    const { store, keyring, clock } = world;
    const damage: string[] = [];
    const page = { revision: 0 };
    let reads = 0;
    const counting = { ...store, policies: () => (reads++, store.policies()) };
    const writer = createPolicyWriter({
      store,
      keyring,
      clock,
      random: osRandom,
      budget: createSealBudget({ store, keyring }),
    });
    const told = async <T>(change: Promise<T>) => {
      const answer = await change;
      page.revision++;
      return answer;
    };
    await body({
      ...world,
      policies: {
        put: (policy) => told(writer.put(policy)),
        delete: (name) => told(writer.delete(name)),
      },
      policyReader: createPolicyReader({
        store: counting,
        keyring,
        revision: () => page.revision,
        onDamage: ({ message }) => void damage.push(message),
      }),
      damage,
      reads: () => reads,
      page,
    });
  });
}

async function mayRead(reader: PolicyReader, path = "tenants/a"): Promise<boolean> {
  const question = { id: AUTHOR, path, wanted: ["read"] } as const;
  return decide(await reader.set(), question).allowed;
}

const WEB = { ...samplePolicy({ name: "web" }), author: AUTHOR };

for (const kind of KINDS) {
  Deno.test(`${kind}: a policy is read as it was put`, () =>
    inPolicyWorld(kind, async ({ policies, policyReader }) => {
      await policies.put({ ...WEB, permissions: ["write", "read"] });
      const record = await policyReader.get("web");
      const { createdMs = 0, revision, ...rest } = record ?? {};
      assert.deepEqual(rest, {
        ...samplePolicy({ name: "web", permissions: ["write", "read"] }),
        createdBy: AUTHOR,
        updatedMs: createdMs,
        updatedBy: AUTHOR,
      });
      assert.ok(createdMs > 0 && Number(revision) > 0);
      assert.equal(await policyReader.get("other"), undefined);
    }));

  Deno.test(`${kind}: a policy that is replaced keeps its creation`, () =>
    inPolicyWorld(kind, async ({ policies, policyReader }) => {
      await policies.put(WEB);
      const before = await policyReader.get("web");
      await policies.put({ ...WEB, author: OTHER, permissions: ["super"] });
      const after = await policyReader.get("web");
      assert.equal(after?.createdMs, before?.createdMs);
      assert.equal(after?.createdBy, AUTHOR);
      assert.ok(Number(after?.updatedMs) > Number(before?.updatedMs));
      assert.equal(after?.updatedBy, OTHER);
      assert.deepEqual(after?.permissions, ["super"]);
      assert.deepEqual(await policyReader.list(), ["web"]);
    }));

  Deno.test(`${kind}: a deleted policy is gone and grants nothing`, () =>
    inPolicyWorld(kind, async ({ policies, policyReader }) => {
      await policies.put(WEB);
      assert.equal(await mayRead(policyReader), true);
      assert.equal(await policies.delete("web"), true);
      assert.equal(await mayRead(policyReader), false);
      assert.equal(await policyReader.get("web"), undefined);
      assert.deepEqual(await policyReader.list(), []);
      assert.equal(await policies.delete("web"), false);
    }));

  Deno.test(`${kind}: names are listed in order, filters compare texts`, () =>
    inPolicyWorld(kind, async ({ policies, policyReader }) => {
      const [A, B] = ["^spiffe://a\\.org/x$", "^spiffe://b\\.org/x$"];
      await policies.put({ ...WEB, name: "b", spiffeidPattern: A, pathPattern: "^x$" });
      await policies.put({ ...WEB, name: "a", spiffeidPattern: B, pathPattern: "^x$" });
      await policies.put({ ...WEB, name: "C", spiffeidPattern: A, pathPattern: "^y$" });
      assert.deepEqual(await policyReader.list(), ["C", "a", "b"]);
      assert.deepEqual(await policyReader.list({ spiffeidPattern: "", pathPattern: "" }), [
        "C",
        "a",
        "b",
      ]);
      assert.deepEqual(await policyReader.list({ spiffeidPattern: A }), ["C", "b"]);
      assert.deepEqual(await policyReader.list({ pathPattern: "^x$" }), ["a", "b"]);
      assert.deepEqual(await policyReader.list({ pathPattern: ".*" }), []);
      // Of two filters the path's is not looked at.
      assert.deepEqual(await policyReader.list({ spiffeidPattern: B, pathPattern: "^y$" }), ["a"]);
    }));

  Deno.test(`${kind}: what cannot be a policy is refused and nothing is stored`, () =>
    inPolicyWorld(kind, async ({ policies, policyReader, store }) => {
      const refusal = { code: "api_bad_request" };
      await assert.rejects(policies.put({ ...WEB, name: "" }), refusal);
      await assert.rejects(policies.put({ ...WEB, pathPattern: "(" }), refusal);
      await assert.rejects(policies.put({ ...WEB, pathPattern: "acl" }), refusal);
      await assert.rejects(policies.delete("a/b"), refusal);
      await assert.rejects(policyReader.get("a/b"), refusal);
      assert.deepEqual(await policyReader.list(), []);
      assert.equal((await store.policies()).revision, 0);
    }));
}

Deno.test("the set is read once for each revision, however many ask", () =>
  inPolicyWorld("memory", async ({ policies, policyReader, reads }) => {
    await policies.put(WEB);
    await Promise.all(Array.from({ length: 50 }, () => mayRead(policyReader)));
    await mayRead(policyReader);
    assert.equal(reads(), 1);
    await policies.put({ ...WEB, name: "b" });
    await mayRead(policyReader);
    assert.equal(reads(), 2);
  }));

Deno.test("who asks after a change never gets a set that was being read before it", () =>
  inPolicyWorld("memory", async ({ store, keyring, policies, page }) => {
    await policies.put(WEB);
    const gate = Promise.withResolvers<void>();
    let reads = 0;
    const slow = {
      ...store,
      // The first reading takes the rows, and then hangs.
      policies: async () => {
        const rows = await store.policies();
        if (reads++ === 0) await gate.promise;
        return rows;
      },
    };
    const reader = createPolicyReader({
      store: slow,
      keyring,
      revision: () => page.revision,
      onDamage: assert.fail,
    });
    const early = mayRead(reader);
    await policies.delete("web");
    assert.equal(await mayRead(reader), false);
    gate.resolve();
    assert.equal(await early, true);
    assert.equal(await mayRead(reader), false);
  }));

Deno.test("a reading that failed is tried again", () =>
  inPolicyWorld("memory", async ({ store, keyring, policies }) => {
    await policies.put(WEB);
    let isUp = false;
    const reader = createPolicyReader({
      store: {
        ...store,
        policies: () => isUp ? store.policies() : Promise.reject(new Error("down")),
      },
      keyring,
      revision: () => 1,
      onDamage: assert.fail,
    });
    await assert.rejects(mayRead(reader), /down/);
    isUp = true;
    assert.equal(await mayRead(reader), true);
  }));

function behindOurBack(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

const ATTACKS: Record<string, string> = {
  "an edited policy":
    "UPDATE policies SET sealed = CAST(sealed || x'00' AS BLOB) WHERE name = 'web'",
  "the policy of another name": `UPDATE policies SET sealed =
    (SELECT sealed FROM policies WHERE name = 'db') WHERE name = 'web'`,
  "two policies whose names were exchanged": `
    UPDATE policies SET name = 'x' WHERE name = 'web';
    UPDATE policies SET name = 'web' WHERE name = 'db'`,
  "an edited revision": "UPDATE policies SET revision = revision + 1 WHERE name = 'web'",
  "an edited key generation": "UPDATE policies SET kek_generation = 2 WHERE name = 'web'",
};

for (const [name, sql] of Object.entries(ATTACKS)) {
  for (const isWarm of [false, true]) {
    Deno.test(`${name} grants nothing, ${isWarm ? "warm" : "cold"}, and harms no other`, () =>
      inPolicyWorld("sqlite", async ({ policies, policyReader, path, page, damage }) => {
        await policies.put(WEB);
        await policies.put({ ...WEB, name: "db", pathPattern: "^db$" });
        await policies.put({ ...WEB, name: "other", pathPattern: "^other$" });
        if (isWarm) assert.equal(await mayRead(policyReader), true);
        behindOurBack(path, sql);
        page.revision++;
        assert.equal(await mayRead(policyReader), false);
        assert.equal(await mayRead(policyReader, "other"), true);
        assert.ok(damage.includes("Policy web is not what was stored"), damage.join());
        await assert.rejects(policyReader.get("web"), { code: "state_integrity_check" });
        assert.ok((await policyReader.list()).includes("web"));
        assert.ok(!(await policyReader.list({ pathPattern: WEB.pathPattern })).includes("web"));
        await assert.rejects(policies.put(WEB), { code: "state_integrity_check" });
        assert.equal(await policies.delete("web"), true);
        await policies.put(WEB);
        assert.equal(await mayRead(policyReader), true);
      }));
  }
}

Deno.test("damage is told once, not with every change", () =>
  inPolicyWorld("sqlite", async ({ policies, policyReader, path, damage, page }) => {
    await policies.put(WEB);
    behindOurBack(path, ATTACKS["an edited policy"] ?? "");
    page.revision++;
    await mayRead(policyReader);
    await policies.put({ ...WEB, name: "b" });
    await mayRead(policyReader);
    assert.equal(damage.length, 1);
  }));

Deno.test("a policy of a revision that the store has not come to is not replaced", () =>
  inPolicyWorld("sqlite", async ({ policies, path }) => {
    await policies.put(WEB);
    await policies.put({ ...WEB, name: "b" });
    behindOurBack(path, "UPDATE counter SET revision = 1");
    await assert.rejects(policies.put(WEB), {
      code: "state_integrity_check",
      message: /^Policy web has revision \d, but the store is at \d$/,
    });
  }));

Deno.test("nothing that a policy says stands in the file", () =>
  inPolicyWorld("sqlite", async ({ policies, store, path }) => {
    await policies.put({
      ...WEB,
      pathPattern: "^canary/.*$",
      spiffeidPattern: "^spiffe://canary/x$",
    });
    await store.forgetRemoved();
    const bytes = new TextDecoder("latin1").decode(await Deno.readFile(path));
    assert.ok(bytes.includes("web"));
    for (const text of ["canary", '"read"', AUTHOR]) assert.ok(!bytes.includes(text), text);
  }));
