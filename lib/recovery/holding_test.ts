import assert from "node:assert/strict";
import fc from "fast-check";
import { SpikeError } from "../error/error.ts";
import { sampleId, sampleKey, sampleSet, sampleShards } from "./_sample.ts";
import {
  contribute,
  type Contribution,
  type HeldShard,
  type Holding,
  holdingState,
} from "./holding.ts";

const STORE = sampleId(1);
const OTHER_STORE = sampleId(2);

interface ShardOptions {
  generation?: number;
  storeId?: Uint8Array | undefined;
  key?: number;
}

function shardOf({ generation = 1, storeId, key = 1 }: ShardOptions = {}) {
  const set = sampleSet({ generation, setId: sampleId(10 + generation) });
  const options = { set, key: sampleKey(key), ...(storeId ? { storeId } : {}) };
  const [shard] = sampleShards(options);
  assert.ok(shard);
  return shard;
}

function offer(
  from: Contribution["from"],
  options: ShardOptions & { isStamped?: boolean } & Partial<Contribution> = {},
): Contribution {
  const { generation, storeId, key, isStamped = true, ...rest } = options;
  const { bytes, stamp } = shardOf({
    ...(generation === undefined ? {} : { generation }),
    ...(key === undefined ? {} : { key }),
    storeId,
  });
  return {
    from,
    bytes,
    stage: "current",
    isForced: false,
    ...(isStamped ? { stamp } : {}),
    ...rest,
  };
}

/** What a keeper holds after these contributions. */
function after(...offers: Contribution[]): Holding {
  return offers.reduce<Holding>((holding, offered) => contribute(holding, offered), {});
}

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof SpikeError) return error.code;
    throw error;
  }
  return "taken";
}

const BOOTSTRAPPED = after(offer("bootstrap"));
const CONFIRMED = after(offer("nexus", { storeId: STORE, generation: 3 }));
const UNSTAMPED = after(offer("nexus", { isStamped: false }));
const PREPARED = after(offer("nexus", { storeId: STORE, generation: 3, stage: "pending" }));

/** Every row: what is held, what is offered, what the keeper says. */
const TABLE: [string, Holding, Contribution, string][] = [
  ["empty takes bootstrap's stamped shard", {}, offer("bootstrap"), "taken"],
  [
    "empty takes bootstrap's unstamped shard",
    {},
    offer("bootstrap", { isStamped: false }),
    "taken",
  ],
  ["empty takes a stamped shard of nexus", {}, offer("nexus", { storeId: STORE }), "taken"],
  ["empty takes an unstamped shard of nexus", {}, offer("nexus", { isStamped: false }), "taken"],
  ["empty takes a pending shard of nexus", {}, offer("nexus", { stage: "pending" }), "taken"],
  ["unconfirmed takes bootstrap again", BOOTSTRAPPED, offer("bootstrap", { key: 2 }), "taken"],
  ["unconfirmed takes nexus", BOOTSTRAPPED, offer("nexus", { storeId: STORE }), "taken"],
  [
    "unconfirmed takes unstamped nexus",
    BOOTSTRAPPED,
    offer("nexus", { isStamped: false }),
    "taken",
  ],
  [
    "confirmed keeps from bootstrap",
    CONFIRMED,
    offer("bootstrap", { generation: 9 }),
    "shard_held",
  ],
  [
    "confirmed keeps from unstamped bootstrap, in a code that it knows",
    CONFIRMED,
    offer("bootstrap", { isStamped: false }),
    "api_bad_request",
  ],
  [
    "confirmed gives way to a forced bootstrap",
    CONFIRMED,
    offer("bootstrap", { isForced: true }),
    "taken",
  ],
  ["unstamped confirmed keeps from bootstrap", UNSTAMPED, offer("bootstrap"), "shard_held"],
  ["unstamped confirmed takes any nexus", UNSTAMPED, offer("nexus", { storeId: STORE }), "taken"],
  ["confirmed takes unstamped nexus", CONFIRMED, offer("nexus", { isStamped: false }), "taken"],
  [
    "confirmed takes its own generation again",
    CONFIRMED,
    offer("nexus", { storeId: STORE, generation: 3 }),
    "taken",
  ],
  [
    "confirmed takes a later generation",
    CONFIRMED,
    offer("nexus", { storeId: STORE, generation: 4 }),
    "taken",
  ],
  [
    "confirmed refuses an earlier generation",
    CONFIRMED,
    offer("nexus", { storeId: STORE, generation: 2 }),
    "shard_generation_stale",
  ],
  [
    "confirmed refuses another store",
    CONFIRMED,
    offer("nexus", { storeId: OTHER_STORE, generation: 9 }),
    "shard_held",
  ],
  [
    "confirmed refuses a stamp without a store",
    CONFIRMED,
    offer("nexus", { generation: 9 }),
    "shard_held",
  ],
  [
    "another store may replace the store it names",
    CONFIRMED,
    offer("nexus", { storeId: OTHER_STORE, replaces: STORE }),
    "taken",
  ],
  [
    "naming a third store replaces nothing",
    CONFIRMED,
    offer("nexus", { storeId: OTHER_STORE, replaces: sampleId(7) }),
    "shard_held",
  ],
  [
    "force of a nexus means nothing",
    CONFIRMED,
    offer("nexus", { storeId: OTHER_STORE, isForced: true }),
    "shard_held",
  ],
  [
    "a pending shard must be of a later generation",
    CONFIRMED,
    offer("nexus", { storeId: STORE, generation: 3, stage: "pending" }),
    "shard_generation_stale",
  ],
  [
    "a later generation may be prepared",
    CONFIRMED,
    offer("nexus", { storeId: STORE, generation: 4, stage: "pending" }),
    "taken",
  ],
  [
    "another store cannot prepare",
    CONFIRMED,
    offer("nexus", { storeId: OTHER_STORE, generation: 4, stage: "pending" }),
    "shard_held",
  ],
  [
    "another store cannot prepare, whatever it names",
    CONFIRMED,
    offer("nexus", { storeId: OTHER_STORE, generation: 4, stage: "pending", replaces: STORE }),
    "shard_held",
  ],
  ["bootstrap cannot prepare", {}, offer("bootstrap", { stage: "pending" }), "api_bad_request"],
  [
    "forced bootstrap cannot prepare",
    CONFIRMED,
    offer("bootstrap", { stage: "pending", isForced: true }),
    "api_bad_request",
  ],
  [
    "a pending shard needs a stamp",
    CONFIRMED,
    offer("nexus", { isStamped: false, stage: "pending" }),
    "api_bad_request",
  ],
  [
    "who holds only a pending shard keeps from bootstrap",
    PREPARED,
    offer("bootstrap"),
    "shard_held",
  ],
  [
    "who holds only a pending shard keeps from another store",
    PREPARED,
    offer("nexus", { storeId: OTHER_STORE }),
    "shard_held",
  ],
  [
    "who holds only a pending shard takes the set in force",
    PREPARED,
    offer("nexus", { storeId: STORE, generation: 2 }),
    "taken",
  ],
  [
    "a pending shard may be prepared again",
    PREPARED,
    offer("nexus", { storeId: STORE, generation: 3, stage: "pending" }),
    "taken",
  ],
];

for (const [sentence, holding, offered, verdict] of TABLE) {
  Deno.test(`a keeper's rule: ${sentence}`, () => {
    assert.equal(codeOf(() => contribute(holding, offered)), verdict);
  });
}

Deno.test("a keeper's state is empty, unconfirmed until a nexus pushed, then confirmed", () => {
  assert.equal(holdingState({}), "empty");
  assert.equal(holdingState(BOOTSTRAPPED), "unconfirmed");
  assert.equal(holdingState(CONFIRMED), "confirmed");
  assert.equal(holdingState(PREPARED), "confirmed");
  assert.equal(
    holdingState(contribute(CONFIRMED, offer("bootstrap", { isForced: true }))),
    "unconfirmed",
  );
});

Deno.test("a shard that is not the one its stamp was made for is refused, whoever brings it", () => {
  const offered = offer("nexus", { storeId: STORE });
  for (const from of ["nexus", "bootstrap"] as const) {
    const wrong = { ...offered, from, bytes: offered.bytes.with(31, 1 + (offered.bytes[31] ?? 0)) };
    assert.throws(() => contribute({}, wrong), { code: "api_bad_request", message: /commitment/ });
  }
});

Deno.test("a refusal of another store names the store that is held and never the shard", () => {
  const offered = offer("nexus", { storeId: OTHER_STORE });
  assert.throws(() => contribute(CONFIRMED, offered), (error: SpikeError) => {
    assert.match(error.hint ?? "", new RegExp(STORE.toHex()));
    assert.equal(`${error.message}${error.hint}`.includes(offered.bytes.toHex()), false);
    return true;
  });
});

Deno.test("a stale push is told both generations", () => {
  assert.throws(() => contribute(CONFIRMED, offer("nexus", { storeId: STORE, generation: 2 })), {
    message: "Generation 2 was offered, generation 3 is held",
  });
});

Deno.test("preparing a successor leaves the shard in force, promoting it drops the old one", () => {
  const next = offer("nexus", { storeId: STORE, generation: 4, stage: "pending" });
  const prepared = contribute(CONFIRMED, next);
  assert.equal(prepared.current, CONFIRMED.current);
  assert.equal(prepared.pending?.stamp?.generation, 4);
  const promoted = contribute(prepared, { ...next, stage: "current" });
  assert.equal(promoted.current?.stamp?.generation, 4);
  assert.equal("pending" in promoted, false);
});

Deno.test("a pending shard survives a push of the set in force and ends with a later one", () => {
  const pending = offer("nexus", { storeId: STORE, generation: 5, stage: "pending" });
  const prepared = contribute(CONFIRMED, pending);
  const again = contribute(prepared, offer("nexus", { storeId: STORE, generation: 3 }));
  assert.equal(again.pending, prepared.pending);
  const between = contribute(prepared, offer("nexus", { storeId: STORE, generation: 4 }));
  assert.equal(between.pending, prepared.pending);
  const past = contribute(prepared, offer("nexus", { storeId: STORE, generation: 6 }));
  assert.equal("pending" in past, false);
});

Deno.test("a pending shard ends when its store gives way to another store or to a forced bootstrap", () => {
  const prepared = contribute(
    CONFIRMED,
    offer("nexus", { storeId: STORE, generation: 5, stage: "pending" }),
  );
  const given = contribute(prepared, offer("nexus", { storeId: OTHER_STORE, replaces: STORE }));
  assert.equal("pending" in given, false);
  const forced = contribute(prepared, offer("bootstrap", { isForced: true }));
  assert.equal("pending" in forced, false);
});

Deno.test("an unstamped push ends a pending shard: its pusher knows no generations", () => {
  const prepared = contribute(
    CONFIRMED,
    offer("nexus", { storeId: STORE, generation: 5, stage: "pending" }),
  );
  assert.equal("pending" in contribute(prepared, offer("nexus", { isStamped: false })), false);
});

const contributions = fc.record({
  from: fc.constantFrom("nexus" as const, "bootstrap" as const),
  stage: fc.constantFrom("current" as const, "pending" as const),
  isForced: fc.boolean(),
  isStamped: fc.boolean(),
  generation: fc.integer({ min: 1, max: 4 }),
  storeId: fc.constantFrom(STORE, OTHER_STORE, undefined),
  replaces: fc.constantFrom(STORE, undefined),
}).map(({ from, replaces, ...rest }) =>
  offer(from, { ...rest, ...(replaces ? { replaces } : {}) })
);

function storeOf(held: HeldShard | undefined): string | undefined {
  return held?.stamp?.storeId?.toHex();
}

Deno.test("whatever is offered: no generation of a store goes back, and no store gives way unasked", () => {
  fc.assert(
    fc.property(fc.array(contributions, { maxLength: 12 }), (offers) => {
      let holding: Holding = {};
      for (const offered of offers) {
        const before = holding;
        if (codeOf(() => holding = contribute(holding, offered)) !== "taken") {
          assert.equal(holding, before);
          continue;
        }
        const [was, is] = [before.current, holding.current];
        assert.equal(holding.current === was || is?.bytes === offered.bytes, true);
        if (was && offered.stage === "pending") assert.equal(is, was);
        if (offered.from === "bootstrap") {
          assert.ok(holdingState(before) !== "confirmed" || offered.isForced);
          continue;
        }
        if (!offered.stamp || !storeOf(was)) continue;
        if (storeOf(was) === storeOf(is)) {
          assert.ok((is?.stamp?.generation ?? 0) >= (was?.stamp?.generation ?? 0));
        } else assert.equal(storeOf(was), offered.replaces?.toHex());
      }
      if (holding.pending && holding.current?.stamp) {
        const { stamp } = holding.current;
        assert.ok((holding.pending.stamp?.generation ?? 0) > stamp.generation || !stamp.storeId);
      }
    }),
    { numRuns: 500 },
  );
});
