import assert from "node:assert/strict";
import { FairTurns, overloadedResponse } from "./fair_turns.ts";

/** Turns that are taken by hand. */
function turns(perIdentity: number, perTurn = 2) {
  const planned: (() => void)[] = [];
  const begun: string[] = [];
  const fair = new FairTurns({ perIdentity, perTurn }, (begin) => planned.push(begin));
  return {
    fair,
    begun,
    enter: (name: string) => fair.enter(name.charAt(0), () => begun.push(name)),
    /** Runs the next turn; false when none is planned. */
    turn: () => {
      const next = planned.shift();
      next?.();
      return next !== undefined;
    },
  };
}

Deno.test("while there is no crowd, nobody waits", () => {
  const { enter, begun, turn } = turns(10);
  for (let i = 0; i < 5; i++) {
    assert.ok(enter(`a${i}`));
    assert.equal(begun.length, i + 1);
    assert.ok(turn());
  }
});

Deno.test("in a crowd each identity gets its turn, however much another one asks", () => {
  const { enter, begun, turn } = turns(100);
  for (let i = 0; i < 6; i++) enter(`a${i}`);
  assert.deepEqual(begun, ["a0", "a1"]);
  turn();
  assert.deepEqual(begun, ["a0", "a1", "a2", "a3"]);
  enter("b0");
  enter("c0");
  turn();
  assert.deepEqual(begun.slice(4), ["a4", "b0"]);
  turn();
  assert.deepEqual(begun.slice(6), ["c0", "a5"]);
});

Deno.test("what one identity has sent is begun in its order, and all of it", () => {
  const { enter, begun, turn } = turns(100);
  const sent = Array.from({ length: 20 }, (_, i) => `${i % 3 === 0 ? "a" : "b"}${i}`);
  for (const name of sent) enter(name);
  while (turn());
  for (const one of ["a", "b"]) {
    const mine = (name: string) => name.startsWith(one);
    assert.deepEqual(begun.filter(mine), sent.filter(mine));
  }
});

Deno.test("an identity with too much under way is refused at once, others are not", () => {
  const { enter, fair, turn } = turns(3);
  assert.deepEqual(["a1", "a2", "a3", "a4", "b1"].map(enter), [true, true, true, false, true]);
  while (turn());
  assert.equal(enter("a5"), false, "those that have begun count, too");
  fair.leave("a");
  assert.equal(enter("a6"), true);
  assert.equal(enter("a7"), false);
});

Deno.test("what is over is forgotten", () => {
  const { enter, fair, turn } = turns(1);
  for (let i = 0; i < 100; i++) {
    assert.ok(enter("a"));
    fair.leave("a");
    turn();
  }
});

Deno.test("the refusal says when to come back", async () => {
  const response = overloadedResponse();
  assert.equal(response.status, 429);
  assert.equal(response.headers.get("retry-after"), "1");
  const text = await response.text();
  assert.equal(text, '{"err":"overloaded"}');
  assert.equal(response.headers.get("content-length"), String(text.length));
});
