import assert from "node:assert/strict";
import { SpikeError } from "../error/error.ts";
import type { Keyring } from "../seal/mod.ts";
import type { SecretValues } from "./name.ts";
import { createSecretReader } from "./reader.ts";
import { AUTHOR, inWorld, type Kind, KINDS, START_MS, type World } from "./secret_fixture.ts";

const PATH = "tenants/acme/db/creds";

function onEach(
  sentence: string,
  body: (world: World, kind: Kind) => Promise<void>,
  options: Parameters<typeof inWorld>[2] = {},
): void {
  for (const kind of KINDS) {
    Deno.test(`${kind}: ${sentence}`, () => inWorld(kind, (world) => body(world, kind), options));
  }
}

function put({ writer }: World, values: SecretValues, cas?: number) {
  const request = { path: PATH, values, author: AUTHOR };
  return writer.put(cas === undefined ? request : { ...request, cas });
}

function remove({ writer }: World, versions: readonly number[]) {
  return writer.delete({ path: PATH, versions, author: AUTHOR });
}

function restore({ writer }: World, versions: readonly number[]) {
  return writer.undelete({ path: PATH, versions, author: AUTHOR });
}

async function valueOf({ reader }: World, version = 0): Promise<string> {
  const answer = await reader.get({ path: PATH, version });
  return answer.found ? `${answer.version}:${answer.values?.v}` : answer.reason;
}

onEach("what was put is read back, with its number", async (world) => {
  const values = { username: "admin", password: "s3cr3t \u{1f511}", "": "" };
  await assert.rejects(put(world, values), { code: "api_bad_request" });
  const good = { username: "admin", password: "s3cr3t \u{1f511}\0\ud800", empty: "" };
  const first = await put(world, good);
  assert.equal(first.version, 1);
  const answer = await world.reader.get({ path: PATH });
  assert.deepEqual(answer.found && [answer.values, answer.version], [good, 1]);
});

onEach("null, no pairs and awkward keys are kept apart", async (world) => {
  const awkward = JSON.parse('{"__proto__":"x","constructor":"y","1":"z"}');
  for (const values of [null, {}, awkward]) {
    await put(world, values);
    const answer = await world.reader.get({ path: PATH });
    assert.equal(JSON.stringify(answer.found && answer.values), JSON.stringify(values));
  }
});

onEach("a value as large as allowed is read back, cold and warm", async (world) => {
  const values = { v: "é".repeat(512 * 1024) };
  await put(world, values);
  for (let i = 0; i < 2; i++) {
    const answer = await world.reader.get({ path: PATH });
    assert.ok(answer.found && answer.values?.v === values.v);
  }
});

onEach("the worked example reads as it should at every step", async (world) => {
  for (const v of ["a", "b", "c"]) await put(world, { v });
  await remove(world, [1]);
  assert.deepEqual([await valueOf(world), await valueOf(world, 1)], ["3:c", "deleted"]);
  await remove(world, []);
  assert.equal(await valueOf(world), "2:b");
  await remove(world, [2]);
  assert.equal(await valueOf(world), "deleted");
  await restore(world, []);
  assert.equal(await valueOf(world), "3:c");
  await restore(world, [1]);
  assert.deepEqual([await valueOf(world), await valueOf(world, 1)], ["3:c", "1:a"]);
  assert.equal((await put(world, { v: "d" })).version, 4);
  assert.deepEqual([await valueOf(world), await valueOf(world, 2)], ["4:d", "deleted"]);
});

onEach("metadata tells all versions, their authors and their times", async (world) => {
  await put(world, { v: "a" });
  await put(world, { v: "b" });
  await remove(world, [1]);
  const answer = await world.reader.metadata({ path: PATH });
  assert.ok(answer.found);
  const { head } = answer;
  assert.deepEqual([head.current, head.oldest, head.maxVersions], [2, 2, 10]);
  assert.deepEqual([head.createdMs, head.updatedMs], [START_MS + 1000, START_MS + 2000]);
  assert.deepEqual(
    head.versions.map(({ number, createdMs, author, deleted }) => [
      number,
      createdMs,
      author,
      deleted?.atMs,
      deleted?.by,
    ]),
    [
      [1, START_MS + 1000, AUTHOR, START_MS + 3000, AUTHOR],
      [2, START_MS + 2000, AUTHOR, undefined, undefined],
    ],
  );
});

onEach("metadata is found exactly when a get would be", async (world) => {
  assert.deepEqual(await world.reader.metadata({ path: PATH }), { found: false, reason: "path" });
  await put(world, { v: "a" });
  const missing = await world.reader.metadata({ path: PATH, version: 2 });
  assert.deepEqual(missing, { found: false, reason: "version" });
  await remove(world, []);
  const deleted = await world.reader.metadata({ path: PATH });
  assert.deepEqual(deleted, { found: false, reason: "deleted" });
});

onEach("delete and undelete say when there is nothing", async (world) => {
  assert.deepEqual(await remove(world, [1]), { found: false, reason: "path" });
  assert.deepEqual(await restore(world, [1]), { found: false, reason: "path" });
  await put(world, { v: "a" });
  assert.deepEqual(await restore(world, []), { found: false, reason: "version" });
  const change = await remove(world, [5, 1, 9, 5, 0]);
  assert.deepEqual(change.found && [change.affected, change.missing], [[1], [5, 9]]);
  const again = await restore(world, [1]);
  assert.deepEqual(again.found && [again.affected, again.missing], [[1], undefined]);
});

onEach("a pruned version is gone, from reading and from the store", async (world) => {
  for (const v of ["a", "b", "c", "d"]) await put(world, { v });
  assert.equal(await valueOf(world, 1), "version");
  assert.equal((await world.store.secret(PATH, 1))?.version, undefined);
  await remove(world, [2, 3, 4]);
  assert.equal(await valueOf(world), "deleted");
  assert.equal((await put(world, { v: "e" })).version, 5);
}, { maxVersions: 3 });

onEach("cas holds against the current version, and 0 asks for none", async (world) => {
  const conflict = { code: "entity_conflict" };
  await assert.rejects(put(world, { v: "a" }, 1), conflict);
  assert.equal((await put(world, { v: "a" }, 0)).version, 1);
  await assert.rejects(put(world, { v: "x" }, 0), conflict);
  assert.equal((await put(world, { v: "b" }, 1)).version, 2);
  await assert.rejects(put(world, { v: "x" }, 1), conflict);
  await assert.rejects(put(world, { v: "x" }, -1), { code: "api_bad_request" });
  const versions = { path: PATH, versions: [], author: AUTHOR };
  await assert.rejects(world.writer.delete({ ...versions, cas: 1 }), conflict);
  await world.writer.delete({ ...versions, versions: [1, 2], cas: 2 });
  await assert.rejects(world.writer.undelete({ ...versions, cas: 2 }), conflict);
  assert.equal((await put(world, { v: "c" }, 0)).version, 3);
});

onEach("of many puts with one expectation exactly one wins", async (world) => {
  await put(world, { v: "0" });
  const puts = Array.from({ length: 20 }, (_, i) => put(world, { v: `${i}` }, 1));
  const outcomes = await Promise.allSettled(puts);
  assert.equal(outcomes.filter((o) => o.status === "fulfilled").length, 1);
});

onEach("64 puts at once make 64 versions", async (world) => {
  const puts = Array.from({ length: 64 }, (_, i) => put(world, { v: `${i}` }));
  const numbers = (await Promise.all(puts)).map((change) => change.version);
  assert.deepEqual(numbers.toSorted((a, b) => a - b), Array.from({ length: 64 }, (_, i) => i + 1));
  for (const [i, number] of numbers.entries()) {
    assert.equal(await valueOf(world, number), `${number}:${i}`);
  }
}, { maxVersions: 100 });

onEach("nothing is written below the system's own paths", async ({ writer, reader }) => {
  const request = { path: "spike/system/acl", versions: [], values: {}, author: AUTHOR };
  const refusal = { code: "api_bad_request" };
  await assert.rejects(writer.put(request), refusal);
  await assert.rejects(writer.delete(request), refusal);
  await assert.rejects(writer.undelete(request), refusal);
  await assert.rejects(reader.get({ path: "a b" }), refusal);
  assert.deepEqual(await reader.list(), []);
});

onEach("list tells paths with deleted versions too, and pages", async ({ writer, reader }) => {
  for (const path of ["b", "a/2", "a/1", "A"]) {
    await writer.put({ path, values: null, author: AUTHOR });
  }
  await writer.delete({ path: "b", versions: [], author: AUTHOR });
  assert.deepEqual(await reader.list(), ["A", "a/1", "a/2", "b"]);
  assert.deepEqual(await reader.list({ prefix: "a/" }), ["a/1", "a/2"]);
  assert.deepEqual(await reader.list({ after: "A", limit: 2 }), ["a/1", "a/2"]);
});

onEach("a forgotten cache is filled again", async (world) => {
  await put(world, { v: "a" });
  await valueOf(world);
  world.reader.clear();
  world.writer.clear();
  assert.equal(await valueOf(world), "1:a");
  assert.equal((await put(world, { v: "b" })).version, 2);
  assert.equal(await valueOf(world, 1), "1:a");
}, { cacheLimit: 1 });

Deno.test("without keys nothing is served, however warm the caches are", () =>
  inWorld("memory", async (world) => {
    await put(world, { v: "a" });
    let isSealed = false;
    const keyring: Keyring = {
      ...world.keyring,
      kek(generation) {
        if (isSealed) throw new SpikeError("root_key_missing", "There is no key");
        return world.keyring.kek(generation);
      },
    };
    const reader = createSecretReader({ store: world.store, keyring });
    assert.equal((await reader.get({ path: PATH })).found, true);
    isSealed = true;
    await assert.rejects(reader.get({ path: PATH }), { code: "root_key_missing" });
    await assert.rejects(reader.metadata({ path: PATH }), { code: "root_key_missing" });
    reader.clear();
    await assert.rejects(reader.get({ path: PATH }), { code: "root_key_missing" });
  }));
