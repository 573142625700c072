import assert from "node:assert/strict";
import { FairTurns, overloadedResponse, type TurnLimits } from "./fair_turns.ts";

/** Turns and time that are taken by hand. The first letter of a request is whose it is. */
function turns(limits: Partial<TurnLimits> = {}) {
  const planned: (() => void)[] = [];
  const begun: string[] = [];
  const leaving = new Map<string, () => void>();
  let nowMs = 0;
  const fair = new FairTurns(
    { perIdentity: 100, perTurn: 2, shared: 3, alone: 1000, ...limits },
    { nextTurn: (begin) => planned.push(begin), clock: () => nowMs },
  );
  return {
    begun,
    wait: (ms: number) => nowMs += ms,
    enter: async (name: string) => {
      const visit = fair.arrive(name.charAt(0));
      if (!visit) return false;
      leaving.set(name, visit.leave);
      void visit.turn().then((mayBegin) => mayBegin && begun.push(name));
      await settled();
      return true;
    },
    leave: (...names: string[]) => names.forEach((name) => leaving.get(name)?.()),
    /** Runs the next turn; false when none is planned. */
    turn: async () => {
      const next = planned.shift();
      next?.();
      await settled();
      return next !== undefined;
    },
  };
}

/** Promises that are decided have been told. */
async function settled(): Promise<void> {
  for (let i = 0; i < 3; i++) await Promise.resolve();
}

Deno.test("while there is no crowd, nobody waits", async () => {
  const { enter, leave, begun, turn } = turns();
  for (let i = 0; i < 5; i++) {
    assert.ok(await enter(`a${i}`));
    assert.equal(begun.length, i + 1);
    leave(`a${i}`);
    assert.ok(await turn());
  }
});

Deno.test("who is alone begins as much as it asks for, up to a limit", async () => {
  const { enter, leave, begun, turn } = turns({ alone: 5 });
  for (let i = 0; i < 8; i++) await enter(`a${i}`);
  assert.equal(begun.length, 5);
  leave("a0");
  while (await turn());
  assert.equal(begun.length, 6);
});

Deno.test("in a crowd each identity gets its turn, however much another one asks", async () => {
  const { enter, leave, begun, turn } = turns({ shared: 100 });
  await enter("c0");
  leave("c0");
  for (let i = 0; i < 5; i++) await enter(`a${i}`);
  assert.deepEqual(begun.slice(1), ["a0"], "two in a turn");
  await turn();
  assert.deepEqual(begun.slice(2), ["a1", "a2"]);
  await enter("b0");
  await enter("c1");
  assert.deepEqual(begun.slice(4), ["b0", "c1"], "each the first of its own in this turn");
  await turn();
  assert.deepEqual(begun.slice(6), ["a3", "a4"]);
});

Deno.test("while several ask, none has more than its share under way", async () => {
  const { enter, leave, begun, turn } = turns();
  await enter("b0");
  leave("b0");
  for (let i = 0; i < 10; i++) await enter(`a${i}`);
  while (await turn());
  assert.deepEqual(begun, ["b0", "a0", "a1", "a2"]);
  await enter("b1");
  await turn();
  assert.deepEqual(begun.slice(4), ["b1"], "others have their own");
  leave("a1");
  while (await turn());
  assert.deepEqual(begun.slice(5), ["a3"]);
});

Deno.test("who has had nothing in a turn does not wait for those who have used it up", async () => {
  const { enter, begun } = turns();
  await enter("b0");
  for (const name of ["a0", "a1", "a2"]) await enter(name);
  assert.deepEqual(begun, ["b0", "a0"], "two in a turn");
  await enter("c0");
  assert.deepEqual(begun, ["b0", "a0", "c0"]);
});

Deno.test("requests that take long are begun one at a time, and more again when they do not", async () => {
  const { enter, leave, begun, turn, wait } = turns({ perTurn: 8, shared: 8 });
  await enter("b0");
  leave("b0");
  for (let i = 0; i < 40; i++) await enter(`a${i}`);
  const perTurn: number[] = [];
  const next = async (tookMs: number) => {
    leave(...begun.filter((name) => name.startsWith("a")));
    wait(tookMs);
    const before = begun.length;
    await turn();
    perTurn.push(begun.length - before);
    // What is left lets the others move up; the crowd stays one.
    await enter(`b${perTurn.length}`);
    leave(`b${perTurn.length}`);
  };
  for (const tookMs of [50, 50, 50, 50, 1, 1, 1]) await next(tookMs);
  assert.deepEqual(perTurn, [4, 2, 1, 1, 2, 3, 4]);
});

Deno.test("whoever is alone again may have more under way", async () => {
  const { enter, leave, begun, turn, wait } = turns();
  await enter("b0");
  leave("b0");
  for (let i = 0; i < 5; i++) await enter(`a${i}`);
  while (await turn());
  assert.equal(begun.length, 4);
  wait(1_000);
  await enter("a5");
  while (await turn());
  assert.equal(begun.length, 4, "the other asked in the second before");
  wait(2_500);
  await enter("a6");
  while (await turn());
  assert.equal(begun.length, 8);
});

Deno.test("what one identity has sent is begun in its order, and all of it", async () => {
  const { enter, leave, begun, turn } = turns();
  const sent = Array.from({ length: 20 }, (_, i) => `${i % 3 === 0 ? "a" : "b"}${i}`);
  for (const name of sent) await enter(name);
  for (let i = 0; await turn() || i < begun.length; i++) leave(begun[i] ?? "");
  for (const one of ["a", "b"]) {
    const mine = (name: string) => name.startsWith(one);
    assert.deepEqual(begun.filter(mine), sent.filter(mine));
  }
});

Deno.test("an identity with too much under way is refused at once, others are not", async () => {
  const { enter, leave, turn } = turns({ perIdentity: 3 });
  assert.deepEqual(await Promise.all(["a1", "a2", "a3", "a4", "b1"].map(enter)), [
    true,
    true,
    true,
    false,
    true,
  ]);
  while (await turn());
  assert.equal(await enter("a5"), false, "those that have begun count, too");
  leave("a1");
  assert.equal(await enter("a6"), true);
  assert.equal(await enter("a7"), false);
});

Deno.test("what was given up while it waited is never begun, and makes room", async () => {
  const { enter, leave, begun, turn } = turns({ perIdentity: 4 });
  for (const name of ["b0", "a0", "a1", "a2", "a3"]) await enter(name);
  leave("a3", "a3");
  assert.ok(await enter("a4"));
  assert.ok(!await enter("a5"));
  leave("a0", "a1", "a2");
  while (await turn());
  assert.ok(!begun.includes("a3") && begun.includes("a4"));
});

Deno.test("the refusal says when to come back", async () => {
  const response = overloadedResponse();
  assert.equal(response.status, 429);
  assert.equal(response.headers.get("retry-after"), "1");
  const text = await response.text();
  assert.equal(text, '{"err":"overloaded"}');
  assert.equal(response.headers.get("content-length"), String(text.length));
});
