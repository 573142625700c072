import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { SpikeError } from "../error/error.ts";
import { sampleId, sampleSet, sampleShards } from "./_sample.ts";
import {
  decodeProbe,
  decodeShardAnswer,
  decodeStamp,
  encodeContribution,
  encodeProbe,
  encodeShardAnswer,
  encodeStamp,
} from "./message.ts";
import { type HeldShard } from "./holding.ts";
import { type StampedShard } from "./shard_set.ts";

const golden = JSON.parse(
  readFileSync(new URL("../../tests/golden/keeper_protocol.json", import.meta.url), "utf8"),
) as Record<"contributions" | "answers" | "probes", Record<string, Record<string, unknown>>>;

const STORE = sampleId(1);
const [BOOT] = sampleShards() as [StampedShard];
const [, MINE] = sampleShards({ storeId: STORE }) as [unknown, StampedShard];
const NEXT_SET = sampleSet({ generation: 2, setId: sampleId(4) });
const [, NEXT] = sampleShards({ storeId: STORE, set: NEXT_SET }) as [unknown, StampedShard];

function held({ bytes, stamp }: StampedShard, from: HeldShard["from"] = "nexus"): HeldShard {
  return { bytes, stamp, from };
}

function bodyOf(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

Deno.test("contributions are written as frozen", () => {
  assert.deepEqual(golden.contributions, {
    bootstrap: encodeContribution(BOOT, {}),
    forced: encodeContribution(BOOT, { isForced: true }),
    nexus: encodeContribution(MINE, {}),
    pending: encodeContribution(NEXT, { stage: "pending" }),
    replacing: encodeContribution(MINE, { replaces: sampleId(2) }),
  });
});

Deno.test("shard answers and probes are written as frozen", () => {
  const bare: HeldShard = { bytes: MINE.bytes, from: "nexus" };
  assert.deepEqual(golden.answers, {
    current: encodeShardAnswer(held(MINE)),
    both: encodeShardAnswer(held(MINE), held(NEXT)),
    unstamped: encodeShardAnswer(bare),
  });
  assert.deepEqual(golden.probes, {
    empty: encodeProbe({}),
    unconfirmed: encodeProbe({ current: held(BOOT, "bootstrap") }),
    confirmed: encodeProbe({ current: held(MINE) }),
    both: encodeProbe({ current: held(MINE), pending: held(NEXT) }),
    unstamped: encodeProbe({ current: bare }),
  });
});

Deno.test("frozen answers are read: stamps, both slots, and none where there is none", () => {
  const { current, both, unstamped } = golden.answers;
  const mine = { keeper: 2, bytes: MINE.bytes, stamp: MINE.stamp };
  assert.deepEqual(decodeShardAnswer(bodyOf(current), 2), [mine]);
  const next = { keeper: 2, bytes: NEXT.bytes, stamp: NEXT.stamp };
  assert.deepEqual(decodeShardAnswer(bodyOf(both), 2), [mine, next]);
  assert.deepEqual(decodeShardAnswer(bodyOf(unstamped), 2), [{ keeper: 2, bytes: MINE.bytes }]);
});

Deno.test("frozen contributions carry a stamp that is read back", () => {
  for (const [name, { stamp }] of Object.entries({ bootstrap: BOOT, nexus: MINE, pending: NEXT })) {
    assert.deepEqual(decodeStamp(golden.contributions[name] ?? {}), stamp, name);
  }
});

Deno.test("frozen probes are read", () => {
  for (const probe of Object.values(golden.probes)) {
    assert.deepEqual(decodeProbe(bodyOf(probe)), probe);
  }
});

Deno.test("an answer of an original keeper is a shard without a stamp", () => {
  const text = `{"shard":[${[...MINE.bytes].join()}],"Err":""}`;
  const answer = decodeShardAnswer(new TextEncoder().encode(text), 3);
  assert.deepEqual(answer, [{ keeper: 3, bytes: MINE.bytes }]);
});

Deno.test("a stamp is whole or absent: every member that is missing is told", () => {
  const whole = { ...encodeStamp(MINE.stamp) } as Record<string, unknown>;
  assert.deepEqual(decodeStamp(whole), MINE.stamp);
  assert.equal(decodeStamp({}), undefined);
  for (const name of Object.keys(whole)) {
    const { [name]: _, ...rest } = whole;
    if (name === "storeId" || name === "check") {
      assert.equal(name in (decodeStamp(rest) ?? {}), false);
      continue;
    }
    assert.throws(() => decodeStamp(rest), { code: "api_bad_request" }, name);
    const alone = { [name]: whole[name] };
    assert.throws(() => decodeStamp(alone), { code: "api_bad_request" }, `${name} alone`);
  }
  assert.throws(() => decodeStamp({ storeId: STORE.toBase64() }), { code: "api_bad_request" });
});

Deno.test("stamps that cannot be are refused", () => {
  const whole = encodeStamp(MINE.stamp);
  const changes: Record<string, unknown>[] = [
    { scheme: "gf65536" },
    { generation: 0 },
    { generation: 1.5 },
    { generation: "1" },
    { generation: 2 ** 53 },
    { threshold: 0 },
    { threshold: 4 },
    { shares: 256 },
    { index: 4 },
    { index: -1 },
    { setId: "" },
    { setId: 7 },
    { setId: sampleId().toBase64() + "=" },
    { setId: new Uint8Array(15).toBase64() },
    { commitment: new Uint8Array(31).toBase64() },
    { storeId: "not base64!" },
    { check: null },
  ];
  for (const change of changes) {
    const stamp = { ...whole, ...change };
    assert.throws(() => decodeStamp(stamp), { code: "api_bad_request" }, JSON.stringify(change));
  }
});

const SHARD = [...MINE.bytes];
/** What no conversion makes a text or a number of. */
const STUBBORN = { toString: 1, valueOf: 2 };
const HOSTILE: [string, unknown][] = [
  ["no object", [SHARD]],
  ["null", null],
  ["no shard", { Err: "" }],
  ["a null shard", { shard: null }],
  ["an all-zero shard", { shard: SHARD.map(() => 0) }],
  ["a short shard", { shard: SHARD.slice(1) }],
  ["a long shard", { shard: [...SHARD, 1] }],
  ["a byte above 255", { shard: SHARD.with(3, 256) }],
  ["a negative byte", { shard: SHARD.with(3, -1) }],
  ["half a byte", { shard: SHARD.with(3, 0.5) }],
  ["bytes as text", { shard: SHARD.map(String) }],
  ["a shard as text", { shard: MINE.bytes.toBase64() }],
  ["half a stamp", { shard: SHARD, setId: sampleId().toBase64() }],
  ["an impossible stamp", { shard: SHARD, ...encodeStamp(MINE.stamp), index: 9 }],
  ["objects for numbers", { shard: SHARD, ...encodeStamp(MINE.stamp), index: STUBBORN }],
  [
    "objects for all of it",
    Object.fromEntries(
      Object.keys(encodeStamp(MINE.stamp)).map((name) => [name, STUBBORN]),
    ),
  ],
  ["more members than a message has", {
    shard: SHARD,
    ...Object.fromEntries(Array.from({ length: 1_100 }, (_, i) => [(4_000 + i) * 2 ** 18, 0])),
  }],
  ["a lone surrogate", { shard: SHARD, scheme: "\ud800" }],
  ["nesting without end", { shard: SHARD, x: JSON.parse("[".repeat(99) + "]".repeat(99)) }],
  ["a bad pending slot", { shard: SHARD, pending: { shard: [1, 2, 3] } }],
];

for (const [what, answer] of HOSTILE) {
  Deno.test(`an answer with ${what} is refused without being quoted`, () => {
    assertUnquoted(() => decodeShardAnswer(bodyOf(answer), 1));
  });
}

Deno.test("an answer that is no JSON or no UTF-8 is refused without being quoted", () => {
  for (
    const bytes of [
      bodyOf({ shard: SHARD }).subarray(1),
      Uint8Array.of(0xff, 0xfe),
      new Uint8Array(),
    ]
  ) {
    assertUnquoted(() => decodeShardAnswer(bytes, 1));
    assertUnquoted(() => decodeProbe(bytes));
  }
});

function assertUnquoted(act: () => unknown): void {
  assert.throws(act, (error: unknown) => {
    assert.ok(error instanceof SpikeError);
    assert.equal(error.code, "data_unmarshal_failure");
    assert.equal(error.message, "The keeper's answer does not follow the protocol");
    assert.equal(error.cause, undefined);
    return true;
  });
}

Deno.test("a probe's answer whose members are of another type is refused", () => {
  for (const name of ["storeId", "setId", "commitment", "generation", "index"]) {
    for (const value of [STUBBORN, [], true, null]) {
      assertUnquoted(() => decodeProbe(bodyOf({ state: "confirmed", [name]: value })));
    }
  }
  assert.equal(decodeProbe(bodyOf({ state: STUBBORN })), undefined);
});

Deno.test("what is no answer to a probe is none", () => {
  for (const answer of [{}, { state: "fine" }, { state: null }, { err: "api_bad_request" }]) {
    assert.equal(decodeProbe(bodyOf(answer)), undefined);
  }
});
