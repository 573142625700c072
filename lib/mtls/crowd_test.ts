import assert from "node:assert/strict";
import { Crowd } from "./crowd.ts";

function crowd(limit: number) {
  const ended: string[] = [];
  const busy = new Set<string>();
  const guests = new Map<string, { name: string; destroy(): void }>();
  const inside = new Crowd<{ name: string; destroy(): void }>(limit, ({ name }) => !busy.has(name));
  const guest = (name: string) => {
    const one = { name, destroy: () => void ended.push(name) };
    guests.set(name, one);
    return one;
  };
  return {
    ended,
    busy,
    join: (name: string) => inside.join(name.charAt(0), guest(name)),
    touch: (name: string) => inside.touch(name.charAt(0), guests.get(name) ?? assert.fail(name)),
    makeRoom: () => inside.makeRoom(),
    leave: (name: string) => inside.leave(name.charAt(0), guests.get(name) ?? assert.fail(name)),
  };
}

Deno.test("an identity with too many connections loses the one that it has not used for longest", () => {
  const { join, touch, ended } = crowd(2);
  for (const name of ["a1", "a2", "b1"]) assert.ok(join(name));
  touch("a1");
  assert.ok(join("a3"));
  assert.deepEqual(ended, ["a2"]);
  assert.ok(join("a4"));
  assert.deepEqual(ended, ["a2", "a1"]);
});

Deno.test("busy connections are left alone, and if all are there is no room", () => {
  const { join, busy, ended } = crowd(2);
  join("a1");
  join("a2");
  busy.add("a1");
  assert.ok(join("a3"));
  assert.deepEqual(ended, ["a2"]);
  busy.add("a3");
  assert.equal(join("a4"), false);
  assert.ok(join("b1"));
});

Deno.test("what has gone makes room", () => {
  const { join, leave, ended } = crowd(1);
  for (let i = 0; i < 3; i++) {
    assert.ok(join(`a${i}`));
    leave(`a${i}`);
  }
  assert.deepEqual(ended, []);
});

Deno.test("room is made by the identity with most connections, from what it has not used for longest", () => {
  const { join, touch, makeRoom, ended } = crowd(9);
  for (const name of ["a1", "b1", "b2", "b3"]) join(name);
  touch("b1");
  assert.ok(makeRoom());
  assert.deepEqual(ended, ["b2"]);
});

Deno.test("room is made by another identity if all of the largest are busy, and by none if all are", () => {
  const { join, busy, makeRoom, ended } = crowd(9);
  for (const name of ["a1", "b1", "b2"]) join(name);
  busy.add("b1").add("b2");
  assert.ok(makeRoom());
  assert.deepEqual(ended, ["a1"]);
  assert.equal(makeRoom(), false);
});
