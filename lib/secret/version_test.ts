import assert from "node:assert/strict";
import fc from "fast-check";
import {
  addVersion,
  changeMetadata,
  deleteVersions,
  destroyVersions,
  findLive,
  type History,
  isOutOfReach,
  isPurged,
  purgedHistory,
  readableCurrent,
  undeleteVersions,
} from "./version.ts";

const info = (createdMs = 1) => ({ createdMs, author: "a", digest: new Uint8Array(32) });
const stamp = (atMs = 1) => ({ atMs, by: "d" });

function put(history: History | undefined, max = 10): History {
  return addVersion(history, info(), max).history;
}

function puts(count: number, max = 10): History {
  let history = put(undefined, max);
  for (let i = 1; i < count; i++) history = put(history, max);
  return history;
}

function remove(history: History, wanted: readonly number[], atMs = 1): History {
  return deleteVersions(history, wanted, stamp(atMs)).history;
}

function restore(history: History, wanted: readonly number[]): History {
  return undeleteVersions(history, wanted, 1).history;
}

/** current, oldest, live numbers, deleted numbers. */
function shape(history: History): [number, number, string, string] {
  const numbers = (isLive: boolean) =>
    history.versions.filter((v) => (v.deleted === null) === isLive).map((v) => v.number).join(" ");
  return [history.current, history.oldest, numbers(true), numbers(false)];
}

Deno.test("puts, deletes and undeletes lead through the worked example", () => {
  const steps: [(history: History) => History, ReturnType<typeof shape>][] = [
    [(h) => h, [1, 1, "1", ""]],
    [put, [2, 1, "1 2", ""]],
    [put, [3, 1, "1 2 3", ""]],
    [(h) => remove(h, [1]), [3, 2, "2 3", "1"]],
    [(h) => remove(h, []), [2, 2, "2", "1 3"]],
    [(h) => remove(h, [2]), [0, 0, "", "1 2 3"]],
    [(h) => restore(h, []), [3, 3, "3", "1 2"]],
    [(h) => restore(h, [1]), [3, 1, "1 3", "2"]],
    [put, [4, 1, "1 3 4", "2"]],
  ];
  let history = put(undefined);
  for (const [step, expected] of steps) {
    history = step(history);
    assert.deepEqual(shape(history), expected);
  }
});

Deno.test("a number is not given again after its version was deleted", () => {
  const history = put(remove(puts(3), []));
  assert.deepEqual(shape(history), [4, 1, "1 2 4", "3"]);
  assert.equal(put(remove(puts(3), [1, 2, 3])).current, 4);
});

Deno.test("a path that is written again after all was deleted has an oldest version", () => {
  assert.deepEqual(shape(put(remove(puts(2), [1, 2]))), [3, 3, "3", "1 2"]);
});

Deno.test("what does not fit any more is named for removal, lowest first, deleted ones counted", () => {
  const change = addVersion(remove(puts(3, 3), [2]), info(), 99);
  assert.deepEqual(change.affected, [1]);
  assert.deepEqual(shape(change.history), [4, 2, "3 4", "2"]);
  assert.equal(change.history.maxVersions, 3);
  assert.deepEqual(addVersion(puts(1, 1), info(), 1).affected, [1]);
});

Deno.test("a pruned version does not come back when the rest is deleted", () => {
  const history = remove(puts(4, 3), [2, 3, 4]);
  assert.deepEqual(shape(history), [0, 0, "", "2 3 4"]);
  assert.equal(findLive(history, 1, 0), "version");
  assert.equal(findLive(history, 0, 0), "deleted");
});

Deno.test("deleting again stamps again, deleting what is not there changes nothing", () => {
  const history = remove(puts(2), [1], 5);
  assert.equal(remove(history, [1], 6).versions[0]?.deleted?.atMs, 6);
  const change = deleteVersions(history, [7, -1, 1.5], stamp());
  assert.equal(change.history, history);
  assert.deepEqual(change.affected, []);
});

Deno.test("deleting the current version when there is none is nothing to do", () => {
  const history = remove(puts(1), []);
  assert.equal(deleteVersions(history, [], stamp()).history, history);
  assert.equal(deleteVersions(history, [0], stamp()).history, history);
});

Deno.test("0 and a number in one list are both deleted", () => {
  assert.deepEqual(shape(remove(puts(3), [1, 0])), [2, 2, "2", "1 3"]);
});

Deno.test("the time of update moves only when the current version does", () => {
  const history = puts(3);
  assert.equal(remove(history, [1], 9).updatedMs, 1);
  assert.equal(remove(history, [3], 9).updatedMs, 9);
  const deleted = remove(history, [1, 3], 9);
  assert.equal(undeleteVersions(deleted, [1], 20).history.updatedMs, 9);
  assert.equal(undeleteVersions(deleted, [3], 20).history.updatedMs, 20);
});

Deno.test("undelete without numbers, or with 0, takes back the newest deleted version", () => {
  const history = remove(puts(3), [1, 3]);
  assert.deepEqual(shape(restore(history, [])), [3, 2, "2 3", "1"]);
  assert.deepEqual(shape(restore(history, [0])), [3, 2, "2 3", "1"]);
  assert.deepEqual(shape(restore(history, [0, 1])), [3, 1, "1 2 3", ""]);
  assert.deepEqual(shape(restore(remove(puts(3), [1]), [0])), [3, 1, "1 2 3", ""]);
});

Deno.test("undelete of live and unknown versions changes nothing", () => {
  const history = puts(2);
  assert.deepEqual(undeleteVersions(history, [], 1), { history, affected: [] });
  assert.deepEqual(undeleteVersions(history, [0, 1, 2, 9], 1), { history, affected: [] });
});

Deno.test("findLive() answers a live version or why there is none", () => {
  const history = remove(puts(3), [3]);
  const numberOf = (number: number) => {
    const found = findLive(history, number, 0);
    return typeof found === "string" ? found : found.number;
  };
  assert.deepEqual([0, 1, 2, 3, 4, -1].map(numberOf), [2, 1, 2, "deleted", "version", "version"]);
});

function destroy(history: History, wanted: readonly number[], atMs = 1): History {
  return destroyVersions(history, wanted, stamp(atMs)).history;
}

Deno.test("a destroyed version keeps its number, and nothing brings it back", () => {
  const history = destroy(puts(3), [3, 1]);
  assert.deepEqual(shape(history), [2, 2, "2", "1 3"]);
  assert.equal(findLive(history, 3, 0), "destroyed");
  assert.deepEqual(undeleteVersions(history, [0, 1, 3], 1), { history, affected: [] });
  assert.deepEqual(shape(put(history)), [4, 2, "2 4", "1 3"]);
});

Deno.test("destroying a deleted version leaves the time of its deletion; deleting it again changes nothing", () => {
  const history = destroy(remove(puts(2), [1], 5), [1], 6);
  assert.deepEqual(history.versions[0]?.deleted, stamp(5));
  assert.deepEqual(history.versions[0]?.destroyed, stamp(6));
  assert.deepEqual(deleteVersions(history, [1], stamp(7)), { history, affected: [] });
  assert.deepEqual(destroyVersions(history, [1, 9], stamp(7)), { history, affected: [] });
});

Deno.test("destroying without numbers, or 0, is about the current version", () => {
  assert.deepEqual(shape(destroy(puts(2), [])), [1, 1, "1", "2"]);
  assert.deepEqual(shape(destroy(puts(2), [0])), [1, 1, "1", "2"]);
  const none = destroy(puts(1), []);
  assert.deepEqual(destroyVersions(none, [], stamp()), { history: none, affected: [] });
});

Deno.test("a purge leaves the highest number only, and the next put goes on from it as a first one", () => {
  const custom = { owner: "web" };
  const history = purgedHistory(changeMetadata(puts(3), { custom, expiresMs: 9 }, 1));
  assert.ok(isPurged(history));
  assert.deepEqual(history, {
    current: 0,
    oldest: 0,
    highest: 3,
    maxVersions: 0,
    createdMs: 0,
    updatedMs: 0,
    expiresMs: null,
    custom: {},
    versions: [],
  });
  const next = addVersion(history, info(7), 5).history;
  assert.deepEqual(shape(next), [4, 4, "4", ""]);
  assert.deepEqual([next.createdMs, next.maxVersions, next.custom], [7, 5, {}]);
});

Deno.test("what has expired is not there until it is written anew, and then stays out of reach", () => {
  const history = changeMetadata(puts(2), { expiresMs: 10 }, 1);
  assert.equal(readableCurrent(history, 9), 2);
  assert.equal(readableCurrent(history, 10), 0);
  assert.deepEqual([0, 1, 5].map((n) => findLive(history, n, 10)), Array(3).fill("expired"));
  const early = addVersion(history, info(9), 9).history;
  assert.deepEqual([shape(early), early.expiresMs], [[3, 1, "1 2 3", ""], 10]);
  const late = addVersion(history, info(11), 9).history;
  assert.deepEqual([shape(late), late.expiresMs], [[3, 3, "3", "1 2"], null]);
  assert.deepEqual(late.versions[0]?.deleted, { atMs: 10, by: "a" });
});

Deno.test("nothing brings back what has expired, neither before nor after it is written anew", () => {
  const expired = changeMetadata(remove(puts(3), [2]), { expiresMs: 10 }, 1);
  for (const wanted of [[], [0], [2], [1, 2, 3]]) {
    assert.deepEqual(undeleteVersions(expired, wanted, 10).affected, [], `${wanted}`);
    assert.ok(isOutOfReach(expired, wanted, 10));
  }
  const late = addVersion(expired, info(11), 9).history;
  assert.equal(late.expiredUpTo, 3);
  for (const wanted of [[], [0], [1], [2], [1, 2, 3]]) {
    assert.deepEqual(undeleteVersions(late, wanted, 12).affected, [], `${wanted}`);
  }
  assert.deepEqual([1, 2, 3].map((n) => findLive(late, n, 12)), Array(3).fill("expired"));
  const deleted = remove(late, [0]);
  assert.equal(findLive(deleted, 0, 12), "deleted");
  assert.deepEqual(undeleteVersions(deleted, [1, 4], 12).affected, [4]);
  const described = changeMetadata(late, { expiresMs: 99 }, 12);
  assert.deepEqual(undeleteVersions(described, [3], 13).affected, []);
  assert.equal(addVersion(described, info(99), 9).history.expiredUpTo, 4);
  assert.equal(purgedHistory(late).expiredUpTo, undefined);
});

Deno.test("metadata that is not named stays, and fewer versions to keep count from the next put on", () => {
  const first = changeMetadata(puts(3), { custom: { a: "1", b: "2" }, expiresMs: 5 }, 7);
  assert.equal(first.updatedMs, 7);
  const second = changeMetadata(first, { custom: { b: "3", c: "4" }, unset: ["a", "x"] }, 8);
  assert.deepEqual([second.custom, second.expiresMs], [{ b: "3", c: "4" }, 5]);
  assert.deepEqual(changeMetadata(second, { custom: { a: "5" }, unset: ["a"] }, 8).custom, {
    b: "3",
    c: "4",
    a: "5",
  });
  const fewer = changeMetadata(second, { maxVersions: 1, expiresMs: null }, 8);
  assert.deepEqual(shape(fewer), [3, 1, "1 2 3", ""]);
  const change = addVersion(fewer, info(), 10);
  assert.deepEqual([change.affected, shape(change.history)], [[1, 2, 3], [4, 4, "4", ""]]);
});

const anyStep = fc.oneof(
  fc.constant({ kind: "put", wanted: [] }),
  fc.record({
    kind: fc.constantFrom("delete", "undelete", "destroy"),
    wanted: fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 4 }),
  }),
);

Deno.test("after any steps the numbers hold together", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(anyStep, { maxLength: 30 }),
      (max, steps) => {
        let history = put(undefined, max);
        let given = 1;
        for (const { kind, wanted } of steps) {
          if (kind === "put") history = put(history, max);
          else if (kind === "undelete") history = restore(history, wanted);
          else history = (kind === "delete" ? remove : destroy)(history, wanted);
          if (kind === "put") assert.equal(history.highest, ++given);
          const numbers = history.versions.map((v) => v.number);
          const live = history.versions.filter((v) => v.deleted === null).map((v) => v.number);
          assert.deepEqual(numbers, numbers.toSorted((a, b) => a - b));
          assert.equal(new Set(numbers).size, numbers.length);
          assert.ok(numbers.length <= max && (numbers.at(-1) ?? 0) <= history.highest);
          assert.equal(history.current, live.at(-1) ?? 0);
          assert.ok(history.oldest === 0 ? live.length === 0 : numbers.includes(history.oldest));
        }
      },
    ),
  );
});
