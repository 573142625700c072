/**
 * Freezes shards, coefficients, commitments and the text form: shards on paper and in keepers outlive every
 * version of this program.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { derivedCoefficients } from "./coefficients.ts";
import { combine } from "./combine.ts";
import { matchesCommitment, shardCommitment } from "./commitment.ts";
import { split } from "./split.ts";
import { formatShard, parseShard } from "./text.ts";

interface GoldenSet {
  root: string;
  setId: string;
  generation: number;
  threshold: number;
  shares: number;
  coefficients: string[];
  shards: { text: string; commitment: string }[];
}

const file = new URL("../../tests/golden/shamir.json", import.meta.url);
const { sets } = JSON.parse(readFileSync(file, "utf8")) as { sets: GoldenSet[] };

for (const set of sets) {
  const { generation, threshold, shares } = set;
  const root = Uint8Array.fromHex(set.root);
  const setId = Uint8Array.fromHex(set.setId);
  const name = `${threshold} of ${shares}, generation ${generation}`;

  Deno.test(`frozen shards rebuild the root key: ${name}`, () => {
    const shards = set.shards.map(({ text }) => parseShard(text));
    assert.deepEqual(combine(shards.slice(-threshold), threshold), root);
  });

  Deno.test(`derived coefficients and shards come out as frozen: ${name}`, () => {
    const scheme = "gf256";
    const source = derivedCoefficients(root, { scheme, setId, generation, threshold, shares });
    const rows = set.coefficients.map((_, i) => source(i + 1, root.length).toHex());
    assert.deepEqual(rows, set.coefficients);
    assert.equal(rows.length, threshold - 1);
    const options = { secret: root, threshold, shares, coefficients: source };
    const made = split({ ...options, allowThresholdOne: threshold === 1 }).map(formatShard);
    assert.deepEqual(made, set.shards.map(({ text }) => text));
  });

  Deno.test(`commitments come out as frozen: ${name}`, () => {
    for (const { text, commitment } of set.shards) {
      const { index, bytes } = parseShard(text);
      assert.equal(shardCommitment(setId, index, bytes).toHex(), commitment);
    }
  });
}

Deno.test("a commitment fits one shard of one set at one index", () => {
  const setId = new Uint8Array(16).fill(1);
  const shard = { index: 2, bytes: new Uint8Array(32).fill(5) };
  const commitment = shardCommitment(setId, shard.index, shard.bytes);
  assert.equal(matchesCommitment(setId, shard, commitment), true);
  assert.equal(matchesCommitment(setId.with(0, 2), shard, commitment), false);
  assert.equal(matchesCommitment(setId, { ...shard, index: 3 }, commitment), false);
  assert.equal(
    matchesCommitment(setId, { ...shard, bytes: shard.bytes.with(0, 4) }, commitment),
    false,
  );
  assert.equal(matchesCommitment(setId, shard, commitment.subarray(1)), false);
  assert.throws(() => shardCommitment(setId.subarray(1), 1, shard.bytes), TypeError);
});
