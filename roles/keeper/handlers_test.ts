import assert from "node:assert/strict";
import { createApp } from "../../lib/http/app.ts";
import { authorizeByRole } from "../../lib/access/authorize.ts";
import { SpikeError } from "../../lib/error/error.ts";
import { decodeRequest } from "../../lib/api/mod.ts";
import type { Peer } from "../../lib/mtls/mod.ts";
import { sampleId, sampleKey, sampleSet, sampleShards } from "../../lib/recovery/_sample.ts";
import { encodeContribution, type StampedShard } from "../../lib/recovery/mod.ts";
import { ordinarySlots } from "../../lib/seal/mod.ts";
import { DEFAULT_TRUST_ROOTS, parseSpiffeId } from "../../lib/spiffe/mod.ts";
import { createHandlers } from "./handlers.ts";
import { ShardSlots } from "./slots.ts";

const STORE = sampleId(1);
const [BOOT] = sampleShards() as [StampedShard];
const [MINE] = sampleShards({ storeId: STORE }) as [StampedShard];
const NEXT_SET = sampleSet({ generation: 2, setId: sampleId(4) });
const [NEXT] = sampleShards({ storeId: STORE, set: NEXT_SET }) as [StampedShard];
const OTHER = sampleShards({ storeId: sampleId(2) })[0] as StampedShard;
const ACCEPT = { accept: ["gf256"] };

type Caller = "nexus" | "bootstrap" | "keeper" | "pilot/role/superuser" | "other";

function peerOf(caller: Caller): Peer {
  return { ok: true, id: parseSpiffeId(`spiffe://spike.ist/spike/${caller}`) } as Peer;
}

/** A keeper without TLS: its slots, what it logs, and a way to ask it. */
function startKeeper() {
  const memory = ordinarySlots(2);
  const slots = new ShardSlots(memory);
  const lines: string[] = [];
  const line = (event: string, fields?: unknown) =>
    void lines.push(JSON.stringify([event, fields]));
  const log = { debug: line, info: line, warn: line, error: line };
  const fetch = createApp({
    server: "keeper",
    handlers: createHandlers(slots, DEFAULT_TRUST_ROOTS, log),
    assertReady: () => {},
    authorize: ({ id }, { want }) => authorizeByRole(id, want, DEFAULT_TRUST_ROOTS),
    audit: () => Promise.resolve(),
    log,
  });
  const ask = async (caller: Caller, path: string, body: unknown, method = "POST") => {
    const bytes = typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(new Request(`https://keeper${path}`, { method }), {
      peer: peerOf(caller),
      readBody: (limit) => {
        const read = new TextEncoder().encode(bytes);
        if (read.length <= limit) return Promise.resolve(read);
        return Promise.reject(new SpikeError("api_bad_request", `longer than ${limit}`));
      },
    });
    const text = await response.text();
    assert.equal(
      response.headers.get("content-length"),
      String(new TextEncoder().encode(text).length),
    );
    return { status: response.status, text, headers: response.headers };
  };
  const give = async (caller: Caller, body: unknown) => {
    const { status, text } = await ask(caller, "/v1/store/contribute", body);
    return `${status} ${text}`;
  };
  const shard = async (body: unknown = ACCEPT, caller: Caller = "nexus") => {
    const { status, text } = await ask(caller, "/v1/store/shard", body);
    return { status, text, body: JSON.parse(text) };
  };
  return { memory, slots, lines, ask, give, shard };
}

const EMPTY = '{"shard":null,"Err":"api_bad_request"}';
const BAD = '400 {"err":"api_bad_request"}';

Deno.test("a contribution is answered {} with the headers of every answer", async () => {
  const { ask } = startKeeper();
  const answer = await ask("bootstrap", "/v1/store/contribute", encodeContribution(BOOT, {}));
  assert.equal(answer.status, 200);
  assert.equal(answer.text, "{}");
  assert.equal(answer.headers.get("content-type"), "application/json");
  assert.equal(answer.headers.get("cache-control"), "no-store, no-cache, must-revalidate, private");
});

Deno.test("an original contribution of nothing but 32 numbers is taken and given back", async () => {
  const { give, shard } = startKeeper();
  const numbers = [...BOOT.bytes];
  assert.equal(await give("bootstrap", { shard: numbers }), "200 {}");
  const { status, text } = await shard({});
  assert.equal(status, 200);
  assert.equal(text, JSON.stringify({ shard: numbers, Err: "" }));
});

Deno.test("a keeper that holds nothing answers 400 with the capital member", async () => {
  const { shard } = startKeeper();
  for (const request of [ACCEPT, {}]) {
    const { status, text } = await shard(request);
    assert.equal(`${status} ${text}`, `400 ${EMPTY}`);
  }
});

Deno.test("a stamped shard of the own scheme is given only to who accepts it", async () => {
  const { give, shard } = startKeeper();
  await give("nexus", encodeContribution(MINE, {}));
  assert.equal((await shard({})).text, EMPTY);
  assert.equal((await shard({ accept: ["p256"] })).text, EMPTY);
  const { status, body } = await shard();
  assert.equal(status, 200);
  assert.deepEqual(body.shard, [...MINE.bytes]);
  assert.equal(body.Err, "");
  assert.equal(body.setId, MINE.stamp.setId.toBase64());
  assert.equal("pending" in body, false);
});

Deno.test("both slots are given, and promotion leaves one", async () => {
  const { give, shard } = startKeeper();
  await give("nexus", encodeContribution(MINE, {}));
  assert.equal(await give("nexus", encodeContribution(NEXT, { stage: "pending" })), "200 {}");
  const both = (await shard()).body;
  assert.deepEqual([both.shard, both.pending.shard], [[...MINE.bytes], [...NEXT.bytes]]);
  assert.equal(both.pending.generation, 2);
  assert.equal(await give("nexus", encodeContribution(MINE, {})), "200 {}");
  assert.equal((await shard()).body.pending.generation, 2, "a push of the set in force keeps it");
  assert.equal(await give("nexus", encodeContribution(NEXT, {})), "200 {}");
  const promoted = (await shard()).body;
  assert.deepEqual([promoted.shard, promoted.pending], [[...NEXT.bytes], undefined]);
});

Deno.test("a pending shard that is alone is given, too, and only to who accepts it", async () => {
  const { give, shard } = startKeeper();
  await give("nexus", encodeContribution(NEXT, { stage: "pending" }));
  const { status, body } = await shard();
  assert.equal(status, 200);
  assert.deepEqual([body.shard, body.generation, body.pending], [[...NEXT.bytes], 2, undefined]);
  assert.equal((await shard({})).text, EMPTY);
});

Deno.test("an unstamped shard beside a pending one of the own scheme is kept from who does not accept it", async () => {
  const { give, shard } = startKeeper();
  await give("nexus", { shard: [...MINE.bytes] });
  await give("nexus", encodeContribution(NEXT, { stage: "pending" }));
  assert.equal((await shard({})).status, 400);
  assert.equal((await shard()).status, 200);
});

Deno.test("refusals to give up a shard are 409 with their code, and change nothing", async () => {
  const { give, shard } = startKeeper();
  await give("nexus", encodeContribution(NEXT, {}));
  const stale = await give("nexus", encodeContribution(MINE, {}));
  assert.equal(stale, '409 {"err":"shard_generation_stale"}');
  assert.equal(await give("nexus", encodeContribution(OTHER, {})), '409 {"err":"shard_held"}');
  assert.equal(await give("bootstrap", encodeContribution(BOOT, {})), '409 {"err":"shard_held"}');
  assert.deepEqual((await shard()).body.shard, [...NEXT.bytes]);
  const replaces = { replaces: STORE };
  assert.equal(await give("nexus", encodeContribution(OTHER, replaces)), "200 {}");
  const forced = encodeContribution(BOOT, { isForced: true });
  assert.equal(await give("bootstrap", forced), "200 {}");
  assert.deepEqual((await shard()).body.shard, [...BOOT.bytes]);
});

Deno.test("what is no contribution is 400 and changes nothing", async () => {
  const { give, shard } = startKeeper();
  const whole = encodeContribution(MINE, {}) as Record<string, unknown>;
  const bodies: unknown[] = [
    {},
    "null",
    "",
    "[]",
    "{",
    '{"shard":null}',
    { shard: new Array(32).fill(0) },
    { shard: [] },
    { shard: [256] },
    { shard: ["1"] },
    { shard: MINE.bytes.toBase64() },
    { ...whole, commitment: sampleKey(3).toBase64() },
    { ...whole, setId: undefined },
    { ...whole, generation: 0 },
    { ...whole, scheme: "other" },
    { ...whole, stage: "later" },
    { ...whole, replaces: "AAAA" },
    { shard: [...MINE.bytes], stage: "pending" },
    { ...whole, force: "yes" },
  ];
  for (const body of bodies) assert.equal(await give("nexus", body), BAD, JSON.stringify(body));
  const prepare = encodeContribution(MINE, { stage: "pending" });
  assert.equal(await give("bootstrap", prepare), BAD);
  assert.equal((await shard()).status, 400);
});

Deno.test("a shard is decoded as Go does: a short one is filled with zeros, a long one is cut", async () => {
  const { give, shard } = startKeeper();
  await give("bootstrap", { SHARD: [7] });
  assert.deepEqual((await shard({})).body.shard, [7, ...new Array(31).fill(0)]);
  await give("bootstrap", { shard: [...BOOT.bytes, 9, 9] });
  assert.deepEqual((await shard({})).body.shard, [...BOOT.bytes]);
});

Deno.test("a probe tells what is held and never the shard", async () => {
  const { ask, give } = startKeeper();
  const probe = async (caller: Caller) =>
    (await ask(caller, "/v1/store/contribute", { probe: true })).text;
  assert.equal(await probe("bootstrap"), '{"state":"empty"}');
  await give("bootstrap", encodeContribution(BOOT, {}));
  assert.equal(JSON.parse(await probe("bootstrap")).state, "unconfirmed");
  await give("nexus", encodeContribution(MINE, {}));
  const told = await probe("nexus");
  assert.deepEqual(JSON.parse(told), {
    state: "confirmed",
    storeId: STORE.toHex(),
    setId: MINE.stamp.setId.toHex(),
    generation: 1,
    index: 1,
    commitment: MINE.stamp.commitment.toHex(),
  });
  assert.equal(told.includes(MINE.bytes.toHex()), false);
});

Deno.test("only Nexus and Bootstrap contribute, only Nexus gets a shard, 401 for all others", async () => {
  const { ask, give } = startKeeper();
  await give("nexus", encodeContribution(MINE, {}));
  const DENIED = '{"err":"access_unauthorized"}';
  for (const caller of ["keeper", "pilot/role/superuser", "other"] as const) {
    for (const body of [encodeContribution(MINE, {}), { probe: true }, {}]) {
      assert.equal(await give(caller, body), `401 ${DENIED}`, caller);
    }
    const { status, text } = await ask(caller, "/v1/store/shard", ACCEPT);
    assert.equal(`${status} ${text}`, '401 {"shard":null,"Err":"access_unauthorized"}', caller);
  }
  const { status, text } = await ask("bootstrap", "/v1/store/shard", ACCEPT);
  assert.equal(`${status} ${text}`, '401 {"shard":null,"Err":"access_unauthorized"}');
});

Deno.test("any method but POST, any other path and any action is 400", async () => {
  const { ask } = startKeeper();
  for (const method of ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    const contribute = await ask("nexus", "/v1/store/contribute", "", method);
    assert.equal(`${contribute.status} ${contribute.text}`, BAD, method);
    const shard = await ask("nexus", "/v1/store/shard", "", method);
    assert.equal(`${shard.status} ${shard.text}`, BAD, method);
  }
  const others = [
    "/",
    "/v1/store",
    "/v1/store/shard/",
    "/v1/store/shards",
    "/v1/store/contribute?action=get",
    "/v1/store/secrets",
    "/v1/status",
    "/v1/operator/restore",
  ];
  for (const path of others) {
    const { status, text } = await ask("nexus", path, {});
    assert.equal(`${status} ${text}`, BAD, path);
  }
  const empty = await ask("nexus", "/v1/store/shard?action=&action=get", ACCEPT);
  assert.equal(empty.status, 400, "an empty action is the default one, and nothing is held");
  assert.equal(empty.text, EMPTY);
});

Deno.test("a body past the limit of 65,536 bytes is 400", async () => {
  const { give } = startKeeper();
  const padded = (bytes: number) => ({ probe: true, pad: "x".repeat(bytes) });
  assert.equal(await give("nexus", padded(65_536)), '400 {"err":"api_bad_request"}');
  assert.equal(await give("nexus", padded(65_000)), '200 {"state":"empty"}');
});

Deno.test("the slots hold copies, and the request's bytes are zeroed whether it is taken or not", async () => {
  const { slots, memory } = startKeeper();
  const grant = { by: "role", name: "nexus" } as const;
  const CALL = { ...peerOf("nexus"), correlation: "1", operation: "keeper.contribute", grant };
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const handlers = createHandlers(slots, DEFAULT_TRUST_ROOTS, log);
  const requestOf = (body: unknown) =>
    decodeRequest("keeper.contribute", new TextEncoder().encode(JSON.stringify(body)));
  const taken = requestOf(encodeContribution(NEXT, {}));
  await handlers["keeper.contribute"](taken, CALL, { isKnown: () => false });
  assert.deepEqual(memory.slot(0), NEXT.bytes);
  assert.deepEqual(taken.shard, new Uint8Array(32));
  for (
    const body of [encodeContribution(MINE, {}), {
      ...encodeContribution(NEXT, {}) as object,
      check: "",
    }]
  ) {
    const refused = requestOf(body);
    assert.throws(() => handlers["keeper.contribute"](refused, CALL, { isKnown: () => false }));
    assert.deepEqual(refused.shard, new Uint8Array(32));
  }
  assert.deepEqual(memory.slot(0), NEXT.bytes);
});

Deno.test("nothing that is logged or refused holds a byte of a shard", async () => {
  const { give, lines, shard } = startKeeper();
  const texts = [
    await give("bootstrap", encodeContribution(BOOT, {})),
    await give("nexus", encodeContribution(NEXT, {})),
    await give("nexus", encodeContribution(MINE, {})),
    await give("nexus", `{"shard":[${[...MINE.bytes].join()}`),
    (await shard({})).text,
    ...lines,
  ];
  assert.ok(lines.length >= 2);
  for (const { bytes } of [BOOT, MINE, NEXT]) {
    for (const form of [bytes.toHex(), bytes.toBase64(), [...bytes].join()]) {
      for (const text of texts) assert.equal(text.includes(form), false);
    }
  }
});

Deno.test("a shard of the scheme that an original Nexus combines is given to whoever asks for it", async () => {
  const { give, shard } = startKeeper();
  const set = sampleSet({ scheme: "p256" });
  const [mine] = sampleShards({ storeId: STORE, set }) as [StampedShard];
  await give("nexus", encodeContribution(mine, {}));
  for (const body of [{}, ACCEPT, { accept: ["p256"] }]) {
    const answer = await shard(body);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body.shard, [...mine.bytes]);
  }
});
