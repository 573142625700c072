import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { combine, interpolateAt, liesOnOnePolynomial } from "./combine.ts";
import { firstScalars, splitP256 } from "./p256.ts";
import { isScalar, P256_ORDER, writeScalar } from "./scalar.ts";
import { isShare } from "./is_share.ts";
import type { Shard } from "./shard.ts";
import { formatShard, parseShard } from "./text.ts";

interface GoldenSet {
  root: string;
  rule: string;
  threshold: number;
  shares: number;
  shards: string[];
}

const file = new URL("../../tests/golden/shamir_p256.json", import.meta.url);
const { sets } = JSON.parse(readFileSync(file, "utf8")) as { sets: GoldenSet[] };
const refused = { name: "SpikeError", code: "data_invalid_input" };
const secrets = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter(isScalar);
const quorums = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 4 }))
  .map(([threshold, more]) => ({ threshold, shares: threshold + more }));

function split(secret: Uint8Array, threshold: number, shares: number): Shard[] {
  return splitP256({ secret, threshold, shares, allowThresholdOne: true });
}

/** All subsets of `items` with `size` members. */
function* subsets<T>(items: readonly T[], size: number): Generator<T[]> {
  if (size === 0) return yield [];
  for (let i = 0; i + size <= items.length; i++) {
    for (const rest of subsets(items.slice(i + 1), size - 1)) yield [items[i] as T, ...rest];
  }
}

for (const { root, rule, threshold, shares, shards: texts } of sets) {
  const secret = Uint8Array.fromHex(root);
  const name = `${threshold} of ${shares}, root ${root.slice(0, 4)}…, ${rule}`;

  Deno.test(`every ${threshold} shards of SPIKE in Go rebuild the root key: ${name}`, () => {
    for (const chosen of subsets(texts.map(parseShard), threshold)) {
      assert.deepEqual(combine(chosen, threshold, "p256"), secret);
      assert.deepEqual(combine(chosen.toReversed(), threshold, "p256"), secret);
    }
  });

  if (rule !== "circl >= 1.6.2") continue;
  Deno.test(`the shards come out as those of SPIKE in Go: ${name}`, () => {
    assert.deepEqual(split(secret, threshold, shares).map(formatShard), texts);
  });
}

Deno.test("shards of the two rules give another key, in silence", () => {
  const [present, former] = sets as [GoldenSet, GoldenSet];
  const mixed = [present.shards[0], former.shards[1]].map((text) => parseShard(text ?? ""));
  const key = combine(mixed, 2, "p256");
  assert.notEqual(key.toHex(), present.root);
  assert.equal(isScalar(key), true);
});

Deno.test("any t of n rebuild any secret, and tell every other shard", () => {
  fc.assert(
    fc.property(secrets, quorums, fc.infiniteStream(fc.nat()), (secret, quorum, order) => {
      const { threshold, shares } = quorum;
      const made = split(secret, threshold, shares);
      const keys = new Map(made.map((shard) => [shard, Number(order.next().value)]));
      const shuffled = made.toSorted((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0));
      const chosen = shuffled.slice(0, threshold);
      assert.deepEqual(combine(chosen, threshold, "p256"), secret);
      for (const shard of made) {
        assert.deepEqual(interpolateAt(chosen, shard.index, "p256"), shard);
      }
      assert.equal(liesOnOnePolynomial(shuffled, threshold, "p256"), true);
    }),
    { numRuns: 60 },
  );
});

Deno.test("fewer than t shards do not rebuild the secret", () => {
  fc.assert(
    fc.property(secrets, fc.integer({ min: 3, max: 6 }), (secret, threshold) => {
      const few = split(secret, threshold, threshold + 1).slice(0, threshold - 1);
      assert.notDeepEqual(combine(few, threshold - 1, "p256"), secret);
      assert.throws(() => combine(few, threshold, "p256"), refused);
    }),
    { numRuns: 40 },
  );
});

Deno.test("a changed bit leaves the polynomial, wherever it is", () => {
  const made = split(new Uint8Array(32).fill(0x42), 3, 5);
  for (const [i, { index, bytes }] of made.entries()) {
    for (const at of [0, 31]) {
      const changed = { index, bytes: bytes.with(at, (bytes[at] ?? 0) ^ 0x10) };
      assert.equal(liesOnOnePolynomial(made.with(i, changed), 3, "p256"), false);
    }
  }
});

Deno.test("shards of one scheme give no secret in the other", () => {
  const secret = new Uint8Array(32).fill(0x42);
  const made = split(secret, 2, 3);
  assert.notDeepEqual(combine(made, 2), secret);
  assert.notDeepEqual(combine(made, 2), combine(made, 2, "p256"));
});

Deno.test("a coefficient that is not below the order is drawn again", () => {
  const block = (value: bigint) => writeScalar(value);
  const tooLarge = [block(P256_ORDER), new Uint8Array(32).fill(0xff)];
  const stream = [block(5n), ...tooLarge, block(P256_ORDER - 1n), block(0n)];
  assert.deepEqual(firstScalars(stream.values(), 3), [5n, P256_ORDER - 1n, 0n]);
  for (const read of stream) assert.deepEqual(read, new Uint8Array(32), "wiped after use");
  assert.throws(() => firstScalars([block(1n)].values(), 2), /ended after 1/);
});

Deno.test("a secret that is no scalar is refused, and one just below the order is not", () => {
  assert.throws(() => split(writeScalar(P256_ORDER), 2, 3), refused);
  assert.throws(() => split(new Uint8Array(32).fill(0xff), 2, 3), refused);
  assert.throws(() => split(new Uint8Array(31), 2, 3), refused);
  const largest = writeScalar(P256_ORDER - 1n);
  assert.deepEqual(combine(split(largest, 2, 3).slice(1), 2, "p256"), largest);
});

Deno.test("a shard that is no scalar is named, and its bytes are not", () => {
  const [first, second] = split(new Uint8Array(32).fill(0x42), 2, 3) as [Shard, Shard];
  const wrong = { ...second, bytes: new Uint8Array(32).fill(0xff) };
  assert.throws(() => combine([first, wrong], 2, "p256"), {
    ...refused,
    message: "Shard 2 is not 32 bytes below the order of P-256",
  });
  assert.equal(isShare("p256", wrong.bytes), false);
  assert.equal(isShare("gf256", wrong.bytes), true);
});

Deno.test("t and n keep the limits of the other scheme", () => {
  const secret = new Uint8Array(32).fill(1);
  for (const [threshold, shares] of [[0, 3], [4, 3], [2, 256], [1.5, 3]] as const) {
    assert.throws(() => split(secret, threshold, shares), refused);
  }
  assert.throws(() => splitP256({ secret, threshold: 1, shares: 3 }), refused);
  for (const { bytes } of split(secret, 1, 3)) assert.deepEqual(bytes, secret);
});

Deno.test("a secret in shared memory can be shared", () => {
  const secret = new Uint8Array(new SharedArrayBuffer(32)).fill(9);
  assert.deepEqual(combine(split(secret, 2, 3).slice(1), 2, "p256"), secret.slice());
});
