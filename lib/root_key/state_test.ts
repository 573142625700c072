import assert from "node:assert/strict";
import fc from "fast-check";
import { sampleId, sampleSet } from "../recovery/_sample.ts";
import { follow, heldSet, mayStandBack, type RootKeyEvent, type RootKeyState } from "./state.ts";

const SET = sampleSet();
const LATER = sampleSet({ generation: 2 });
const STORE = sampleId(1);

const WAITING = { kind: "waiting" } as const;
const LOST = { kind: "lost" } as const;
const SEALED = { kind: "sealed" } as const;
const PROVISIONAL = { kind: "provisional", set: SET, isUnstamped: true } as const;
const READY = { kind: "ready", set: SET, storeId: STORE, isByHand: false } as const;
const STATES: readonly RootKeyState[] = [WAITING, LOST, SEALED, PROVISIONAL, READY];

const EVENTS: readonly RootKeyEvent[] = [
  { kind: "provisional", set: SET, isUnstamped: true },
  { kind: "installed", set: SET, storeId: STORE, isByHand: false },
  { kind: "set-committed", set: LATER },
  { kind: "dropped" },
  { kind: "sealed" },
  { kind: "unsealed" },
  { kind: "owner-seen" },
  { kind: "round-over", hasSeenOwner: false },
  { kind: "round-over", hasSeenOwner: true },
];

/** Names of the states that follow, by state and in the order of `EVENTS`. */
const TABLE: Readonly<Record<RootKeyState["kind"], string>> = {
  waiting: "provisional ready waiting waiting sealed waiting lost waiting waiting",
  lost: "provisional ready lost waiting sealed lost lost waiting lost",
  sealed: "provisional ready sealed sealed sealed waiting sealed sealed sealed",
  provisional:
    "provisional ready provisional waiting sealed provisional provisional provisional provisional",
  ready: "provisional ready ready waiting sealed ready ready ready ready",
};

Deno.test("every event in every state leads where the table says", () => {
  for (const state of STATES) {
    const found = EVENTS.map((event) => follow(state, event).kind).join(" ");
    assert.equal(found, TABLE[state.kind], state.kind);
  }
});

Deno.test("an event that keeps the kind of state keeps all of it", () => {
  for (const state of STATES) {
    for (const event of EVENTS) {
      const next = follow(state, event);
      if (next.kind !== state.kind || event.kind === "set-committed") continue;
      if (["provisional", "installed", "sealed"].includes(event.kind)) continue;
      assert.deepEqual(next, state, `${state.kind} ${event.kind}`);
    }
  }
});

Deno.test("a committed set takes the place of the one before, and nothing else changes", () => {
  assert.deepEqual(follow(READY, { kind: "set-committed", set: LATER }), { ...READY, set: LATER });
});

Deno.test("a seal ends by an unseal or a key that is brought, whatever else happens", () => {
  const others = EVENTS.filter(({ kind }) =>
    kind !== "unsealed" && kind !== "installed" && kind !== "provisional"
  );
  fc.assert(fc.property(fc.array(fc.constantFrom(...others)), (events) => {
    const end = events.reduce<RootKeyState>(follow, SEALED);
    assert.equal(end.kind, "sealed");
  }));
});

Deno.test("a set is held exactly while there is a key", () => {
  const held = STATES.filter((state) => heldSet(state) !== undefined).map(({ kind }) => kind);
  assert.deepEqual(held, ["provisional", "ready"]);
});

Deno.test("only a key from keepers stands back, and only from the generation in force", () => {
  assert(mayStandBack(READY, SET.generation));
  assert(!mayStandBack(READY, SET.generation + 1));
  assert(!mayStandBack({ ...READY, isByHand: true }, SET.generation));
  for (const state of [WAITING, LOST, SEALED, PROVISIONAL]) {
    assert(!mayStandBack(state, SET.generation));
  }
});
