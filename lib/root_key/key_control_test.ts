import assert from "node:assert/strict";
import { candidatesOf, sampleId, sampleKey, sampleSet, sampleShards } from "../recovery/_sample.ts";
import type { Candidate, ShardSet, StampedShard } from "../recovery/mod.ts";
import { matchesStoreCheck } from "../recovery/mod.ts";
import { deriveVerifyKey, makeProbe, ordinarySlots, osRandom } from "../seal/mod.ts";
import { openMemory, type Store } from "../store/mod.ts";
import { keepLines } from "../telemetry/_sink.ts";
import { KeyControl, type KeyControlOptions } from "./key_control.ts";
import { KEK_SLOTS, ROOT_SLOTS, SharedPage } from "../shared_page/page.ts";

const KEY = sampleKey();
const OTHER_KEY = sampleKey(7);
const OTHER_STORE = sampleId(2);

function build(options: Partial<KeyControlOptions> = {}) {
  const store = options.store ?? openMemory();
  const page = new SharedPage();
  const rootSlots = ordinarySlots(ROOT_SLOTS);
  const kekSlots = ordinarySlots(KEK_SLOTS);
  const cipherSlots = ordinarySlots(2);
  const { log, lines, events } = keepLines();
  const control = new KeyControl({
    store,
    page,
    rootSlots,
    kekSlots,
    cipherSlots,
    threshold: 2,
    shares: 3,
    scheme: "gf256",
    acceptEmptyStore: false,
    random: osRandom,
    clock: () => 0,
    log,
    ...options,
  });
  const prove = async (key: Uint8Array, set: ShardSet = sampleSet()) => {
    const probe = makeProbe(deriveVerifyKey(key, set.setId), osRandom);
    return await control.prove(probe.nonce, probe.ciphertext) === probe.expectedHash;
  };
  const proveAsOriginal = async (key: Uint8Array) => {
    const probe = makeProbe(key, osRandom);
    return await control.prove(probe.nonce, probe.ciphertext) === probe.expectedHash;
  };
  const named = () =>
    lines.filter(({ event }) => event === "keeper_shard_wrong")
      .map(({ fields }) => `${fields["keeper"]} ${fields["reason"]}`);
  const isEmpty = () =>
    rootSlots.slot(0).every((byte) => byte === 0) &&
    page.cipherVersion === 0 && cipherSlots.slot(0).every((byte) => byte === 0) &&
    Array.from({ length: KEK_SLOTS }, (_, i) => kekSlots.slot(i))
      .every((slot) => slot.every((byte) => byte === 0));
  return {
    store,
    page,
    rootSlots,
    cipherSlots,
    control,
    lines,
    events,
    prove,
    proveAsOriginal,
    named,
    isEmpty,
  };
}

function stamped(shards: readonly StampedShard[] = sampleShards()): Candidate[] {
  return candidatesOf(shards);
}

function bare(shards: readonly StampedShard[] = sampleShards()): Candidate[] {
  return candidatesOf(shards, { isStamped: false });
}

function spoilt(candidate: Candidate): Candidate {
  return { ...candidate, bytes: candidate.bytes.with(0, (candidate.bytes[0] ?? 0) ^ 0x55) };
}

/** A store that belongs to `KEY`, as a first start leaves it, and the shards that were pushed. */
async function started(): Promise<{ store: Store; shards: StampedShard[] }> {
  const { store, control, prove } = build();
  await control.offer(stamped());
  await prove(KEY);
  const shards = control.shards().map(({ bytes, stamp }) => ({ bytes: bytes.slice(), stamp }));
  control.wipe();
  return { store, shards };
}

Deno.test("first start: a stamped set is provisional until bootstrap's proof, then the store is made", async () => {
  const { control, page, store, prove, rootSlots, events } = build();
  assert.equal(await control.offer(stamped().slice(1)), true);
  assert.equal(page.state, "provisional");
  assert.equal(await store.meta(), undefined);
  assert.throws(() => control.shards(), { code: "root_key_missing" });
  assert.throws(() => control.keyring, { code: "root_key_missing" });
  assert.equal(await prove(KEY), true);
  assert.equal(page.state, "ready");
  const meta = await store.meta();
  assert.ok(meta);
  const { commitments, ...rest } = meta.shardSet;
  const checked = { storeId: meta.storeId, set: { ...rest, scheme: meta.scheme }, commitments };
  assert.ok(matchesStoreCheck(KEY, checked, meta.keyCheck));
  assert.deepEqual(rootSlots.slot(0), KEY);
  assert.equal(control.keyring.currentKek, 1);
  assert.deepEqual(page.layout(), control.keyring.layout());
  assert.deepEqual(events(), ["root_key_provisional", "store_created"]);
});

Deno.test("the shards in force are bootstrap's own, now stamped with the store", async () => {
  const { shards, store } = await started();
  const storeId = (await store.meta())?.storeId;
  assert.ok(storeId);
  assert.deepEqual(shards, sampleShards({ storeId }));
  assert.deepEqual(
    (await store.meta())?.shardSet.commitments,
    shards.map((s) => s.stamp.commitment),
  );
});

Deno.test("too few shards, or shards of mixed sets, are no first key", async () => {
  const { control, page, isEmpty } = build();
  const other = sampleShards({ set: sampleSet({ setId: sampleId(5) }) });
  assert.equal(await control.offer([]), false);
  assert.equal(await control.offer(stamped().slice(0, 1)), false);
  assert.equal(
    await control.offer([...stamped().slice(0, 1), ...stamped(other).slice(1, 2)]),
    false,
  );
  assert.equal(page.state, "waiting");
  assert.equal(isEmpty(), true);
});

Deno.test("the proof of the original, under the root key itself, is taken too", async () => {
  const { control, page, proveAsOriginal } = build();
  await control.offer(stamped());
  assert.equal(await proveAsOriginal(KEY), true);
  assert.equal(page.state, "ready");
});

Deno.test("a proof of another key drops a provisional key and never a final one", async () => {
  const { control, page, prove, isEmpty, rootSlots } = build();
  await control.offer(stamped());
  await assert.rejects(prove(OTHER_KEY), { code: "crypto_decryption_failed" });
  assert.equal(page.state, "waiting");
  assert.equal(isEmpty(), true);
  await assert.rejects(prove(KEY), { code: "state_not_ready" });
  control.roundOver();
  await control.offer(stamped());
  await prove(KEY);
  await assert.rejects(prove(OTHER_KEY), { code: "crypto_decryption_failed" });
  assert.equal(page.state, "ready");
  assert.deepEqual(rootSlots.slot(0), KEY);
  assert.equal(await prove(KEY), true, "a second proof is answered and makes no second store");
});

Deno.test("a bootstrap that was killed before its proof gives way to the next one", async () => {
  const { control, page, prove, rootSlots } = build();
  await control.offer(stamped());
  const set = sampleSet({ setId: sampleId(5) });
  const next = stamped(sampleShards({ key: OTHER_KEY, set }));
  await assert.rejects(prove(OTHER_KEY, set), { code: "crypto_decryption_failed" });
  assert.equal(await control.offer(next), true);
  assert.equal(await prove(OTHER_KEY, set), true);
  assert.equal(page.state, "ready");
  assert.deepEqual(rootSlots.slot(0), OTHER_KEY);
});

Deno.test("of two half-finished bootstraps the complete set is taken, and its proof decides", async () => {
  const set = sampleSet({ setId: sampleId(5) });
  const [first] = stamped();
  const [, second, third] = stamped(sampleShards({ key: OTHER_KEY, set }));
  assert.ok(first && second && third);
  const { control, prove, named } = build();
  assert.equal(await control.offer([first, second]), false);
  assert.equal(await control.offer([first, second, third]), true);
  assert.deepEqual(named(), ["1 other-set"]);
  assert.equal(await prove(OTHER_KEY, set), true);
});

Deno.test("a key whose proof failed is set aside until all keepers were asked, then it may come again", async () => {
  const { control, prove, page } = build();
  const set = sampleSet({ shares: 3, setId: sampleId(5) });
  await control.offer(stamped());
  await assert.rejects(prove(OTHER_KEY, set));
  assert.equal(await control.offer(stamped()), false);
  control.roundOver();
  assert.equal(await control.offer(stamped()), true);
  assert.equal(page.state, "provisional");
});

Deno.test("unstamped shards are final when n is above t and all agree", async () => {
  const { control, page } = build();
  assert.equal(await control.offer(bare()), true);
  assert.equal(page.state, "ready");
  assert.equal(control.generation, 1);
});

Deno.test("unstamped shards of t keepers are provisional, and final once the last one agrees", async () => {
  const { control, page, rootSlots } = build();
  await control.offer(bare().slice(0, 2));
  assert.equal(page.state, "provisional");
  assert.equal(control.awaitsEvidence, true);
  assert.equal(await control.offer(bare().slice(0, 2)), false);
  control.roundOver();
  assert.equal(page.state, "provisional");
  assert.equal(await control.offer(bare()), true);
  assert.equal(page.state, "ready");
  assert.deepEqual(rootSlots.slot(0), KEY);
  assert.equal(control.awaitsEvidence, false);
});

Deno.test("a stamped provisional key awaits a proof and no further shards", async () => {
  const { control, page } = build();
  await control.offer(stamped());
  assert.equal(control.awaitsEvidence, false);
  assert.equal(await control.offer(bare()), false);
  assert.equal(page.state, "provisional");
});

Deno.test("with one wrong unstamped shard among three every proof brings the right key nearer", async () => {
  const [one, two, three] = bare();
  assert.ok(one && two && three);
  const given = [spoilt(one), two, three];
  const { control, page, proveAsOriginal, rootSlots } = build();
  let proofs = 0;
  while (page.state !== "ready") {
    assert.ok(++proofs <= 3, "there are three pairs of three");
    await control.offer(given);
    assert.equal(page.state, "provisional");
    await proveAsOriginal(KEY).catch(() => {});
  }
  assert.equal(proofs, 3);
  assert.deepEqual(rootSlots.slot(0), KEY);
});

Deno.test("a keeper that forges a set of one, or of more shares, is not believed", async () => {
  for (const change of [{ threshold: 1, generation: 9 }, { shares: 4, generation: 9 }]) {
    const forged = stamped(sampleShards({ key: OTHER_KEY, set: sampleSet(change) })).slice(0, 2);
    const [, two, three] = stamped();
    assert.ok(two && three);
    const { control, page, prove } = build();
    assert.equal(await control.offer(forged), false);
    assert.equal(await control.offer([...forged.slice(0, 1), two, three]), true);
    assert.equal(await prove(KEY), true);
    assert.equal(page.state, "ready");
  }
});

Deno.test("a store that exists opens with its own key, from any t shards", async () => {
  for (const [a, b] of [[0, 1], [0, 2], [1, 2], [2, 0]] as const) {
    const { store, shards } = await started();
    const { control, page, events, rootSlots } = build({ store });
    const given = candidatesOf(shards);
    assert.equal(await control.offer([given[a], given[b]].filter((c) => c !== undefined)), true);
    assert.equal(page.state, "ready");
    assert.deepEqual(rootSlots.slot(0), KEY);
    assert.deepEqual(events(), ["root_key_rebuilt"]);
    assert.deepEqual(control.shards(), shards);
  }
});

Deno.test("a store that exists opens with unstamped shards too", async () => {
  const { store } = await started();
  const { control, page } = build({ store });
  assert.equal(await control.offer(bare().slice(0, 2)), true);
  assert.equal(page.state, "ready");
});

Deno.test("a wrong key is never installed in a store that exists", async () => {
  const { store } = await started();
  const storeId = (await store.meta())?.storeId;
  assert.ok(storeId);
  const { control, page, isEmpty, events } = build({ store });
  const wrong = sampleShards({ key: OTHER_KEY, storeId });
  for (const given of [stamped(wrong), bare(wrong), bare().slice(0, 1)]) {
    assert.equal(await control.offer(given), false);
  }
  assert.equal(page.state, "waiting");
  assert.equal(isEmpty(), true);
  assert.deepEqual(events().includes("root_key_rebuilt"), false);
});

Deno.test("a store whose account of its shard set was edited gets no key, and the log says why", async () => {
  const { store, shards } = await started();
  const meta = await store.meta();
  assert.ok(meta);
  await store.write((tx) =>
    tx.changeMeta({ shardSet: { ...meta.shardSet, threshold: 1 }, keyCheck: meta.keyCheck })
  );
  const { control, page, events, isEmpty } = build({ store });
  assert.equal(await control.offer(stamped(shards)), false);
  assert.equal(await control.offer(stamped(shards)), false);
  assert.equal(page.state, "waiting");
  assert.ok(isEmpty());
  assert.throws(() => control.shards(), { code: "root_key_missing" });
  assert.deepEqual(events(), ["store_meta_damaged"]);
});

Deno.test("one wrong keeper is named once, and the others rebuild the key", async () => {
  const { store, shards } = await started();
  const [one, two, three] = candidatesOf(shards);
  assert.ok(one && two && three);
  const stampedWrong = build({ store });
  for (const given of [[spoilt(one)], [spoilt(one), two], [spoilt(one), two, three]]) {
    await stampedWrong.control.offer(given);
  }
  assert.equal(stampedWrong.page.state, "ready");
  assert.deepEqual(stampedWrong.named(), ["1 wrong-commitment"]);
  const [a, b, c] = bare();
  assert.ok(a && b && c);
  const bareWrong = build({ store });
  assert.equal(await bareWrong.control.offer([a, spoilt(b), c]), true);
  assert.deepEqual(bareWrong.named(), ["2 differs"]);
});

Deno.test("why there is no key is told once a round and only when it changes", async () => {
  const { store, shards } = await started();
  const { control, lines } = build({ store });
  const [one] = candidatesOf(shards);
  assert.ok(one);
  for (let round = 0; round < 3; round++) {
    await control.offer([one]);
    control.roundOver();
  }
  assert.deepEqual(lines.map(({ event, fields }) => [event, fields]), [
    ["root_key_not_rebuilt", { reason: "too-few", shards: 1, needed: 2 }],
  ]);
});

Deno.test("keepers of a store that is not here mean a lost database, said once until they are gone", async () => {
  const { control, page, lines, isEmpty } = build();
  const foreign = stamped(sampleShards({ storeId: OTHER_STORE }));
  for (let round = 0; round < 2; round++) {
    for (const given of [bare().slice(0, 1), [...bare().slice(0, 1), ...foreign.slice(1)]]) {
      assert.equal(await control.offer(given), false);
    }
    control.roundOver();
    assert.equal(page.state, "database_lost");
  }
  assert.equal(isEmpty(), true);
  assert.deepEqual(lines.map(({ event }) => event).filter((e) => e === "database_lost").length, 1);
  assert.equal(lines[0]?.fields["store"], OTHER_STORE.toHex());
  control.roundOver();
  assert.equal(page.state, "waiting");
  assert.equal(await control.offer(stamped()), true, "a forced bootstrap has gone over them");
  assert.equal(page.state, "provisional");
});

Deno.test("an accepted empty store takes the keepers' key for good and replaces their store", async () => {
  const { control, page, store, events } = build({ acceptEmptyStore: true });
  const foreign = stamped(
    sampleShards({ storeId: OTHER_STORE, set: sampleSet({ generation: 4 }) }),
  );
  assert.equal(await control.offer(foreign.slice(0, 2)), true);
  assert.equal(page.state, "ready");
  assert.deepEqual(control.replaces, OTHER_STORE);
  assert.deepEqual(events(), ["database_given_up", "store_created"]);
  const storeId = (await store.meta())?.storeId;
  assert.ok(storeId && storeId.toHex() !== OTHER_STORE.toHex());
  const set = sampleSet({ generation: 4 });
  assert.deepEqual(control.shards(), sampleShards({ storeId, set }));
});

Deno.test("a set that some keepers have from bootstrap and some from the lost store is that store's", async () => {
  const { control, page } = build({ acceptEmptyStore: true });
  const [one] = stamped();
  const [, two] = stamped(sampleShards({ storeId: OTHER_STORE }));
  assert.ok(one && two);
  assert.equal(await control.offer([one, two]), true);
  assert.equal(page.state, "ready");
  assert.deepEqual(control.replaces, OTHER_STORE);
});

Deno.test("another store's keeper beside a fresh set is no proof of the fresh set", async () => {
  const { control, page, prove } = build({ acceptEmptyStore: true });
  const [one, two] = stamped();
  const [, , three] = stamped(
    sampleShards({ key: OTHER_KEY, storeId: OTHER_STORE, set: sampleSet({ setId: sampleId(6) }) }),
  );
  assert.ok(one && two && three);
  assert.equal(await control.offer([three, one, two]), true);
  assert.equal(page.state, "provisional");
  assert.deepEqual(control.replaces, OTHER_STORE);
  assert.equal(await prove(KEY), true);
  assert.equal(page.state, "ready");
});

Deno.test("with a store of its own a Nexus replaces nobody", async () => {
  const { store, shards } = await started();
  const { control } = build({ store, acceptEmptyStore: true });
  await control.offer(candidatesOf(shards));
  assert.equal(control.replaces, undefined);
});

Deno.test("a wiped control serves nothing and can be recovered", async () => {
  const { store, shards } = await started();
  const { control, page, isEmpty, prove } = build({ store });
  await control.offer(candidatesOf(shards));
  const ring = control.keyring;
  control.wipe();
  assert.equal(page.state, "waiting");
  assert.equal(isEmpty(), true);
  assert.throws(() => control.keyring, { code: "root_key_missing" });
  assert.throws(() => control.shards(), { code: "root_key_missing" });
  assert.throws(() => ring.currentKek, { code: "root_key_missing" });
  await assert.rejects(prove(KEY), { code: "state_not_ready" });
  assert.equal(control.generation, undefined);
  assert.equal(await control.offer(candidatesOf(shards)), true);
  assert.equal(page.state, "ready");
});

Deno.test("a newer generation drops the key once, late and repeated news change nothing", async () => {
  const { store, shards } = await started();
  const { control, page, isEmpty } = build({ store });
  control.standBack(1);
  await control.offer(candidatesOf(shards));
  control.standBack(7);
  assert.equal(page.state, "ready", "of a generation that is not in force");
  control.standBack(1);
  assert.equal(page.state, "waiting");
  assert.equal(isEmpty(), true);
  await control.offer(candidatesOf(shards));
  control.standBack(1);
  assert.equal(page.state, "ready", "the store has been asked, and it names generation 1");
});

Deno.test("a key that people handed in is not dropped for a newer generation that keepers hold", async () => {
  const { store, shards } = await started();
  const { control, page } = build({ store });
  await control.offer(candidatesOf(shards), { isByHand: true });
  control.standBack(1);
  assert.equal(page.state, "ready");
  control.wipe();
  await control.offer(candidatesOf(shards));
  control.standBack(1);
  assert.equal(page.state, "waiting", "what keepers brought they can bring again");
});

Deno.test("a store from before a root rotation says which generation it needs, once", async () => {
  const { store } = await started();
  const storeId = (await store.meta())?.storeId;
  assert.ok(storeId);
  const later = { set: sampleSet({ setId: sampleId(4), generation: 2 }), storeId };
  const { control, page, events, lines } = build({ store });
  const rotated = stamped(sampleShards({ key: OTHER_KEY, ...later }));
  assert.equal(await control.offer(rotated.slice(0, 1)), false);
  assert.deepEqual(events(), [], "one shard is no evidence");
  assert.equal(await control.offer(rotated), false);
  assert.equal(await control.offer(rotated), false);
  assert.equal(page.state, "waiting");
  assert.deepEqual(events(), ["keepers_of_later_root"]);
  assert.match(String(lines[0]?.fields["hint"]), /2 recovery shards of that generation/);
  // After a mere refresh the later shards give the key of the store.
  assert.equal(await control.offer(stamped(sampleShards({ key: KEY, ...later }))), true);
});

Deno.test("a provisional key is not dropped by news of generations", async () => {
  const { control, page } = build();
  await control.offer(stamped());
  control.standBack(1);
  assert.equal(page.state, "provisional");
});

Deno.test("an ephemeral start makes keys of its own and is ready at once", async () => {
  const drawn: Uint8Array[] = [];
  const { control, page, rootSlots } = build({
    random: (length) => {
      const bytes = osRandom(length);
      if (length === 32) drawn.push(bytes);
      return bytes;
    },
  });
  await control.startEphemeral();
  assert.equal(page.state, "ready");
  assert.ok(rootSlots.slot(0).some((byte) => byte !== 0));
  assert.ok(drawn.every((bytes) => bytes.every((byte) => byte === 0)), "drawn copies are zeroed");
});

Deno.test("a store that fails leaves no key behind after agreement, and a repeatable proof otherwise", async () => {
  const store = openMemory();
  let isBroken = true;
  const failing: Store = {
    ...store,
    write: (work) => isBroken ? Promise.reject(new Error("disk full")) : store.write(work),
  };
  const agreed = build({ store: failing });
  await assert.rejects(agreed.control.offer(bare()), /disk full/);
  assert.equal(agreed.page.state, "waiting");
  assert.equal(agreed.isEmpty(), true);
  const proven = build({ store: failing });
  await proven.control.offer(stamped());
  await assert.rejects(proven.prove(KEY), /disk full/);
  assert.equal(proven.page.state, "provisional");
  isBroken = false;
  assert.equal(await proven.prove(KEY), true);
  assert.equal(proven.page.state, "ready");
});

Deno.test("keys that cannot be read drop the root key again", async () => {
  const { store, shards } = await started();
  const broken: Store = { ...store, keks: () => Promise.reject(new Error("damaged")) };
  const { control, page, isEmpty } = build({ store: broken });
  await assert.rejects(control.offer(candidatesOf(shards)), /damaged/);
  assert.equal(page.state, "waiting");
  assert.equal(isEmpty(), true);
  assert.throws(() => control.shards(), { code: "root_key_missing" });
});

Deno.test("a shard given by hand is judged by the store's commitments", async () => {
  const { store, shards } = await started();
  const { control } = build({ store });
  const [one, two] = shards;
  assert.ok(one && two);
  const kindOf = async (index: number, bytes: Uint8Array) =>
    (await control.recognise(index, bytes)).kind;
  assert.equal(await kindOf(1, one.bytes), "right");
  assert.equal(await kindOf(2, one.bytes), "wrong");
  assert.equal(await kindOf(1, one.bytes.with(0, 1 ^ (one.bytes[0] ?? 0))), "wrong");
  assert.equal(await kindOf(4, one.bytes), "wrong");
  assert.equal((await build().control.recognise(1, one.bytes)).kind, "unknown");
});

Deno.test("no line holds a key or a shard", async () => {
  const { store, shards } = await started();
  const { control, lines } = build({ store });
  const [one, two, three] = candidatesOf(shards);
  assert.ok(one && two && three);
  await control.offer([spoilt(one), two, three]);
  const text = JSON.stringify(lines);
  for (const secret of [KEY, ...shards.map(({ bytes }) => bytes)]) {
    assert.equal(text.includes(secret.toHex()) || text.includes(secret.toBase64()), false);
    assert.equal(text.includes([...secret].join()), false);
  }
});

const P256 = sampleSet({ scheme: "p256" });

Deno.test("p256: shards of an original Bootstrap become ready by its proof, and the store keeps the scheme", async () => {
  const { control, page, store, proveAsOriginal } = build({ scheme: "p256" });
  const shards = sampleShards({ set: P256 });
  assert.equal(await control.offer(bare(shards).slice(0, 2)), true);
  assert.equal(page.state, "provisional");
  assert.equal(await proveAsOriginal(KEY), true);
  assert.equal(page.state, "ready");
  assert.equal((await store.meta())?.scheme, "p256");
  assert.deepEqual(control.shards().map(({ bytes }) => bytes), shards.map(({ bytes }) => bytes));
});

Deno.test("p256: original keepers that all agree need no proof", async () => {
  const { control, page } = build({ scheme: "p256" });
  assert.equal(await control.offer(bare(sampleShards({ set: P256 }))), true);
  assert.equal(page.state, "ready");
});

Deno.test("p256: shards of a keeper that drops stamps open the store again, whatever is configured now", async () => {
  const first = build({ scheme: "p256" });
  await first.control.offer(bare(sampleShards({ set: P256 })));
  const again = build({ store: first.store, scheme: "gf256" });
  assert.equal(await again.control.offer(bare(sampleShards({ set: P256 })).slice(1)), true);
  assert.equal(again.page.state, "ready");
  const line = again.lines.find(({ event }) => event === "shamir_scheme_ignored");
  assert.deepEqual([line?.fields["setting"], line?.fields["store"]], ["gf256", "p256"]);
  assert.equal(first.events().includes("shamir_scheme_ignored"), false);
});

Deno.test("a stamped set of another scheme than was configured is no first key", async () => {
  const { control, page } = build();
  assert.equal(await control.offer(stamped(sampleShards({ set: P256 }))), false);
  assert.equal(page.state, "waiting");
});
