import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import {
  consistencyProof,
  Frontier,
  inclusionProof,
  leafHash,
  rangeHashOf,
  verifyConsistency,
  verifyInclusion,
} from "./merkle.ts";

const encoder = new TextEncoder();

/** RFC 9162 section 2.1.1, word for word, on another implementation of SHA-256. */
function mth(records: readonly Uint8Array[]): Uint8Array {
  const hash = (...parts: (number | Uint8Array)[]) => {
    const digest = createHash("sha256");
    for (const part of parts) digest.update(typeof part === "number" ? Uint8Array.of(part) : part);
    return new Uint8Array(digest.digest());
  };
  if (records.length === 0) return hash();
  if (records.length === 1) return hash(0, records[0] as Uint8Array);
  let k = 1;
  while (k * 2 < records.length) k *= 2;
  return hash(1, mth(records.slice(0, k)), mth(records.slice(k)));
}

const recordsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => encoder.encode(`record ${i}`));

function treeOf(records: readonly Uint8Array[]) {
  const leaves = records.map((record) => leafHash(record));
  const range = rangeHashOf(leaves);
  return { leaves, range, head: (size: number) => ({ size, root: range(0, size) }) };
}

/** Inputs and roots that implementations of Certificate Transparency test themselves with. */
const PUBLISHED = {
  records: [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
  ],
  roots: [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  ],
};

Deno.test("the published roots of Certificate Transparency come out", () => {
  const frontier = new Frontier();
  assert.equal(
    frontier.root().toHex(),
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  );
  PUBLISHED.records.forEach((record, i) => {
    frontier.append(leafHash(Uint8Array.fromHex(record)));
    assert.equal(frontier.root().toHex(), PUBLISHED.roots[i]);
  });
});

Deno.test("roots are those of the definition, for every size up to 70, however they are computed", () => {
  const frontier = new Frontier();
  const records = recordsOf(70);
  const { range } = treeOf(records);
  for (let size = 0; size <= records.length; size++) {
    const expected = mth(records.slice(0, size)).toHex();
    assert.equal(frontier.root().toHex(), expected);
    assert.equal(range(0, size).toHex(), expected);
    assert.equal(new Frontier(size, frontier.roots).root().toHex(), expected);
    if (size < records.length) frontier.append(leafHash(records[size] as Uint8Array));
  }
});

Deno.test("every inclusion proof of every tree of up to 33 leaves holds, and for no other leaf or place", () => {
  const { leaves, range, head } = treeOf(recordsOf(33));
  for (let size = 1; size <= 33; size++) {
    for (let index = 0; index < size; index++) {
      const proof = inclusionProof(index, size, range);
      for (let other = 0; other < size; other++) {
        const leaf = leaves[other] as Uint8Array;
        assert.equal(verifyInclusion(leaf, index, head(size), proof), other === index);
      }
      const own = leaves[index] as Uint8Array;
      for (let place = 0; place < size; place++) {
        assert.equal(verifyInclusion(own, place, head(size), proof), place === index);
      }
      assert.equal(verifyInclusion(own, size, head(size), proof), false);
      assert.equal(verifyInclusion(own, index, head(size), [...proof, own]), false);
      if (proof.length > 0) {
        assert.equal(verifyInclusion(own, index, head(size), proof.slice(1)), false);
      }
    }
  }
});

Deno.test("every consistency proof of every pair of up to 33 leaves holds, and for no other pair", () => {
  const { range, head } = treeOf(recordsOf(33));
  for (let second = 1; second <= 33; second++) {
    for (let first = 1; first <= second; first++) {
      const proof = consistencyProof(first, second, range);
      assert.ok(verifyConsistency(head(first), head(second), proof));
      const forged = { size: first, root: leafHash(encoder.encode("forged")) };
      assert.equal(verifyConsistency(forged, head(second), proof), false);
      assert.equal(verifyConsistency(head(first), { ...forged, size: second }, proof), false);
      assert.equal(
        verifyConsistency(head(second + 1 - first), head(second), proof),
        first * 2 === second + 1,
      );
      if (first < second) {
        assert.equal(verifyConsistency(head(first), head(second), proof.slice(1)), false);
      }
    }
  }
});

Deno.test("a proof over a tree with one record changed holds for no root of the original", () => {
  fc.assert(fc.property(
    fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 2, maxLength: 60 }),
    fc.nat(),
    fc.nat(),
    (records, a, b) => {
      const changed = records.map((record) => record.slice());
      const at = a % records.length;
      changed[at] = Uint8Array.of(...(records[at] as Uint8Array), 1);
      const [before, after] = [treeOf(records), treeOf(changed)];
      const size = at + 1 + b % (records.length - at);
      assert.notDeepEqual(before.head(size).root, after.head(size).root);
      const proof = inclusionProof(at, size, after.range);
      assert.equal(
        verifyInclusion(after.leaves[at] as Uint8Array, at, before.head(size), proof),
        false,
      );
    },
  ));
});

Deno.test("what is no tree, no leaf of it or no beginning of it is refused", () => {
  assert.throws(() => new Frontier(3, [leafHash(new Uint8Array())]), RangeError);
  assert.throws(() => new Frontier(-1), RangeError);
  const { range } = treeOf(recordsOf(4));
  assert.throws(() => inclusionProof(4, 4, range), RangeError);
  assert.throws(() => consistencyProof(0, 4, range), RangeError);
  assert.throws(() => consistencyProof(5, 4, range), RangeError);
});
