import assert from "node:assert/strict";
import { constantTimeEqual } from "../bytes/mod.ts";
import { keyCheckValue, matchesKeyCheck } from "../seal/mod.ts";
import { formatShard, shardCommitment } from "../shamir/mod.ts";
import { candidatesOf, sampleId, sampleKey, sampleSet, sampleShards } from "./_sample.ts";
import {
  agree,
  type Candidate,
  type Complaint,
  rebuild,
  type RebuildOptions,
  type Rebuilt,
} from "./rebuild.ts";

const KEY = sampleKey();
const isKey = (key: Uint8Array) => constantTimeEqual(key, KEY);

function assertRebuilt(candidates: readonly Candidate[], options: Partial<RebuildOptions> = {}) {
  const result = rebuild(candidates, { threshold: 2, isKey, ...options });
  if (result.kind !== "rebuilt") assert.fail(`${result.kind}, most ${result.most}`);
  assert.deepEqual(result.key, KEY);
  return result;
}

/** A candidate whose shard has another last byte. */
function spoilt(candidate: Candidate, by = 1): Candidate {
  return { ...candidate, bytes: candidate.bytes.with(31, (candidate.bytes[31] ?? 0) ^ by) };
}

function named({ complaints }: { complaints: readonly Complaint[] }): string[] {
  return complaints.map(({ keeper, reason }) => `${keeper} ${reason}`).toSorted();
}

function* subsetsOf<T>(items: readonly T[]): Generator<T[]> {
  for (let mask = 0; mask < 1 << items.length; mask++) {
    yield items.filter((_, i) => mask & (1 << i));
  }
}

for (const isStamped of [true, false]) {
  const how = isStamped ? "stamped" : "unstamped";
  Deno.test(`every subset of ${how} shards rebuilds the key from t on, for all t of n up to 5`, () => {
    for (let shares = 1; shares <= 5; shares++) {
      for (let threshold = 1; threshold <= shares; threshold++) {
        const all = candidatesOf(sampleShards({ set: sampleSet({ threshold, shares }) }), {
          isStamped,
        });
        for (const some of subsetsOf(all)) {
          const result = rebuild(some, { threshold, isKey });
          const expected = some.length < threshold ? "too-few" : "rebuilt";
          assert.equal(result.kind, expected, `${some.length} of ${threshold} of ${shares}`);
          if (result.kind === "rebuilt") {
            assert.deepEqual(result.key, KEY);
            assert.equal(result.usedKeepers.length, threshold);
            assert.deepEqual(result.complaints, []);
          } else assert.equal(result.most, some.length);
        }
      }
    }
  });
}

Deno.test("a wrong shard at any place is named, and the others rebuild the key", () => {
  for (let wrong = 0; wrong < 3; wrong++) {
    const given = candidatesOf(sampleShards(), { isStamped: false })
      .map((candidate, i) => i === wrong ? spoilt(candidate) : candidate);
    assert.deepEqual(named(assertRebuilt(given)), [`${wrong + 1} differs`]);
  }
});

Deno.test("two wrong shards of five are named as long as t good ones are left", () => {
  const all = candidatesOf(sampleShards({ set: sampleSet({ threshold: 3, shares: 5 }) }), {
    isStamped: false,
  });
  for (let a = 0; a < 5; a++) {
    for (let b = a + 1; b < 5; b++) {
      const given = all.map((one, i) => i === a || i === b ? spoilt(one, i + 1) : one);
      const result = assertRebuilt(given, { threshold: 3 });
      assert.deepEqual(named(result), [`${a + 1} differs`, `${b + 1} differs`]);
    }
  }
});

Deno.test("wrong shards that cancel out in the key are named by the stamp, not good ones in their place", () => {
  // The weights of x = 1, 2, 3 at 0 are all 1 in GF(256), so one and the same error in two of them is no error.
  const all = candidatesOf(sampleShards({ set: sampleSet({ threshold: 3, shares: 5 }) }));
  const given = all.map((candidate) => {
    if (candidate.keeper > 2 || !candidate.stamp) return candidate;
    const { bytes } = spoilt(candidate);
    const commitment = shardCommitment(candidate.stamp.setId, candidate.keeper, bytes);
    return { ...candidate, bytes, stamp: { ...candidate.stamp, commitment } };
  });
  const result = assertRebuilt(given, { threshold: 3 });
  assert.deepEqual(result.usedKeepers, [1, 2, 3]);
  assert.deepEqual(named(result), ["1 differs", "2 differs"]);
});

Deno.test("with too few good shards nothing is rebuilt", () => {
  const [one, two, three] = candidatesOf(sampleShards(), { isStamped: false });
  assert.ok(one && two && three);
  const result = rebuild([spoilt(one), spoilt(two), three], { threshold: 2, isKey });
  assert.equal(result.kind, "no-match");
});

Deno.test("a shard that fails its commitment is never tried", () => {
  const [one, two, three] = candidatesOf(sampleShards());
  assert.ok(one && two && three);
  const result = assertRebuilt([spoilt(one), two, three]);
  assert.deepEqual(named(result), ["1 wrong-commitment"]);
  assert.deepEqual(result.usedKeepers, [2, 3]);
  const tooFew = rebuild([spoilt(one), two], { threshold: 2, isKey });
  assert.equal(tooFew.kind, "too-few");
  assert.deepEqual(named(tooFew), ["1 wrong-commitment"]);
});

Deno.test("a keeper that gives another keeper's shard is named, and the other's own counts first", () => {
  const [one, two, three] = candidatesOf(sampleShards());
  assert.ok(one && two && three);
  const result = assertRebuilt([{ ...two, keeper: 1 }, two, three]);
  assert.deepEqual(named(result), ["1 wrong-index"]);
  assert.deepEqual(result.usedKeepers, [2, 3]);
});

Deno.test("keepers in another order are named, and their shards count for the places they were made for", () => {
  const [one, two, three] = candidatesOf(sampleShards());
  assert.ok(one && two && three);
  const orders = [[two, one, three], [three, one, two], [three, two, one]];
  for (const order of orders) {
    const moved = order.map((candidate, i) => ({ ...candidate, keeper: i + 1 }));
    const result = assertRebuilt(moved);
    const wrong = moved.filter(({ keeper, stamp }) => stamp?.index !== keeper);
    assert.deepEqual(named(result), wrong.map(({ keeper }) => `${keeper} wrong-index`).toSorted());
  }
});

Deno.test("who claims the place of another cannot stand in for it", () => {
  const [one, two, three] = candidatesOf(sampleShards());
  const set = one?.stamp;
  assert.ok(one && two && three && set);
  const bytes = new Uint8Array(32).fill(7);
  const commitment = shardCommitment(set.setId, 2, bytes);
  const claim = { keeper: 1, bytes, stamp: { ...set, index: 2, commitment } };
  const result = assertRebuilt([claim, two, three]);
  assert.deepEqual(result.usedKeepers, [2, 3]);
  assert.ok(named(result).includes("1 wrong-index"));
});

Deno.test("sets are never mixed: one shard of each of two sets of one key is too few", () => {
  const [old] = candidatesOf(sampleShards({ set: sampleSet({ generation: 1 }) }));
  const [, young] = candidatesOf(
    sampleShards({ set: sampleSet({ generation: 2, setId: sampleId(4) }) }),
  );
  assert.ok(old && young);
  const result = rebuild([old, young], { threshold: 2, isKey });
  assert.equal(result.kind, "too-few");
  assert.equal((result as { most: number }).most, 1);
});

Deno.test("same set id, other generation, threshold, shares, scheme or check: another set", () => {
  const [one, two] = candidatesOf(sampleShards());
  assert.ok(one && two?.stamp);
  for (
    const change of [
      { generation: 2 },
      { threshold: 1 },
      { shares: 4 },
      { scheme: "p256" as const },
      { check: sampleKey(5) },
    ]
  ) {
    const other = { ...two, stamp: { ...two.stamp, ...change } };
    const result = rebuild([one, other], { threshold: 2, isKey });
    assert.notEqual(result.kind, "rebuilt", JSON.stringify(Object.keys(change)));
  }
});

Deno.test("of two complete sets of one key the newer generation is used, and the others are named", () => {
  const old = candidatesOf(sampleShards({ set: sampleSet({ shares: 5 }) }));
  const set = sampleSet({ shares: 5, generation: 2, setId: sampleId(4) });
  const young = candidatesOf(sampleShards({ set }));
  const result = assertRebuilt([...old.slice(0, 3), ...young.slice(3)]);
  assert.equal(result.stamp?.generation, 2);
  assert.deepEqual(named(result), ["1 other-set", "2 other-set", "3 other-set"]);
});

Deno.test("of two slots one may be of another set: the key check decides which counts", () => {
  const current = candidatesOf(sampleShards());
  const other = { key: sampleKey(2), set: sampleSet({ generation: 2, setId: sampleId(4) }) };
  const pending = candidatesOf(sampleShards(other));
  const given = [0, 1, 2].flatMap((i) => [current[i], pending[i]].filter((c) => c !== undefined));
  const before = assertRebuilt(given);
  assert.equal(before.stamp?.generation, 1);
  assert.deepEqual(before.complaints, []);
  const after = rebuild(given, { threshold: 2, isKey: (key) => constantTimeEqual(key, other.key) });
  assert.equal((after as Rebuilt).stamp?.generation, 2);
  assert.deepEqual(after.complaints, []);
});

Deno.test("shards without stamps help a stamped set, and those that do not fit are named", () => {
  const [one, two, three] = candidatesOf(sampleShards());
  assert.ok(one && two && three);
  const bare = ({ keeper, bytes }: Candidate): Candidate => ({ keeper, bytes });
  const result = assertRebuilt([one, bare(two), bare(spoilt(three))]);
  assert.equal(result.stamp?.index, 1);
  assert.deepEqual(named(result), ["3 differs"]);
});

Deno.test("a keeper that gives one set twice does no harm", () => {
  const [one, two] = candidatesOf(sampleShards());
  assert.ok(one && two);
  assert.equal(rebuild([one, one], { threshold: 2, isKey }).kind, "too-few");
  assertRebuilt([one, one, two]);
  const bare = candidatesOf(sampleShards(), { isStamped: false });
  assert.ok(bare[0] && bare[1]);
  assert.equal(rebuild([bare[0], spoilt(bare[0])], { threshold: 2, isKey }).kind, "too-few");
  assertRebuilt([bare[0], spoilt(bare[0]), bare[1]]);
});

Deno.test("a keeper that forges the check value of its set does not speak for the others", () => {
  const [one, two, three] = candidatesOf(sampleShards());
  assert.ok(one?.stamp && two && three);
  const forged = {
    ...one,
    stamp: { ...one.stamp, check: keyCheckValue(sampleKey(8), sampleId(9)) },
  };
  const result = rebuild([forged, two, three], {
    threshold: 2,
    isKey: (key, stamp) => !!stamp?.check && matchesKeyCheck(key, stamp.setId, stamp.check),
  });
  assert.equal(result.kind, "rebuilt");
  assert.deepEqual((result as Rebuilt).usedKeepers, [2, 3]);
});

Deno.test("no shards at all are too few", () => {
  assert.deepEqual(rebuild([], { threshold: 2, isKey }), {
    kind: "too-few",
    most: 0,
    complaints: [],
  });
});

Deno.test("at most 10,000 subsets are tried, and that does not take long", () => {
  const set = sampleSet({ threshold: 8, shares: 20 });
  const given = candidatesOf(sampleShards({ set }), { isStamped: false });
  let tries = 0;
  const startMs = performance.now();
  const result = rebuild(given, { threshold: 8, isKey: () => (tries++, false) });
  assert.equal(result.kind, "too-many-subsets");
  assert.equal(tries, 10_000);
  assert.ok(performance.now() - startMs < 10_000);
});

Deno.test("a key that is not recognised is zeroed, also when recognising it fails", () => {
  const seen: Uint8Array[] = [];
  const given = candidatesOf(sampleShards(), { isStamped: false });
  rebuild(given, { threshold: 2, isKey: (key) => (seen.push(key), false) });
  assert.equal(seen.length, 3);
  const broken = () =>
    rebuild(given, {
      threshold: 2,
      isKey: (key) => {
        seen.push(key);
        throw new Error("broken");
      },
    });
  assert.throws(broken, /broken/);
  assert.equal(seen.length, 4);
  for (const key of seen) assert.ok(key.every((byte) => byte === 0));
});

Deno.test("rebuilding changes no candidate", () => {
  const given = candidatesOf(sampleShards());
  const texts = given.map(({ keeper, bytes }) => formatShard({ index: keeper, bytes }));
  assertRebuilt(given);
  assert.deepEqual(given.map(({ keeper, bytes }) => formatShard({ index: keeper, bytes })), texts);
});

Deno.test("unstamped shards agree when all n are there, n is above t, and one polynomial has them all", () => {
  const all = candidatesOf(sampleShards(), { isStamped: false });
  const [one, two, three] = all;
  assert.ok(one && two && three);
  assert.equal(agree(all, 2, 3), true);
  assert.equal(agree([one, two], 2, 3), false, "one is missing");
  assert.equal(agree([one, two, two], 2, 3), false, "one is there twice");
  assert.equal(agree([one, two, spoilt(three)], 2, 3), false, "one is wrong");
  assert.equal(agree(all, 3, 3), false, "any three shards lie on a parabola");
  assert.equal(agree([one, two], 2, 2), false, "any two shards lie on a line");
  assert.equal(agree(candidatesOf(sampleShards()), 2, 3), false, "stamps speak for themselves");
});
