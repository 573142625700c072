import assert from "node:assert/strict";
import fc from "fast-check";
import { osRandom } from "../seal/os_random.ts";
import {
  type CoefficientContext,
  derivedCoefficients,
  randomCoefficients,
} from "./coefficients.ts";
import { combine, interpolateAt, liesOnOnePolynomial } from "./combine.ts";
import type { Shard } from "./shard.ts";
import { shardAt, split, type SplitOptions } from "./split.ts";

const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
const random = randomCoefficients(osRandom);
const refused = { name: "SpikeError", code: "data_invalid_input" };
const hex = (text: string) => Uint8Array.fromHex(text);

function options(threshold: number, shares: number, secret: Uint8Array = SECRET): SplitOptions {
  return { secret, threshold, shares, coefficients: random, allowThresholdOne: threshold === 1 };
}

/** All subsets of `items` with `size` members. */
function* subsets<T>(items: readonly T[], size: number): Generator<T[]> {
  if (size === 0) return yield [];
  for (let i = 0; i + size <= items.length; i++) {
    for (const rest of subsets(items.slice(i + 1), size - 1)) yield [items[i] as T, ...rest];
  }
}

Deno.test("every t of n shards rebuild the secret, for all n up to 7", () => {
  for (let n = 1; n <= 7; n++) {
    for (let t = 1; t <= n; t++) {
      const shards = split(options(t, n));
      assert.deepEqual(shards.map((shard) => shard.index), shards.map((_, i) => i + 1));
      for (const chosen of subsets(shards, t)) {
        assert.deepEqual(combine(chosen, t), SECRET, `${t} of ${n}`);
        assert.deepEqual(combine(chosen.toReversed(), t), SECRET, `${t} of ${n}, reversed`);
      }
    }
  }
});

Deno.test("fewer than t shards do not rebuild the secret", () => {
  for (let t = 3; t <= 6; t++) {
    const shards = split(options(t, 7));
    for (const chosen of subsets(shards, t - 1)) {
      assert.notDeepEqual(combine(chosen), SECRET);
      assert.throws(() => combine(chosen, t), refused);
    }
  }
});

Deno.test("t - 1 shards fit every secret equally often: one byte, all polynomials", () => {
  const counts = new Map<string, Set<number>>();
  for (let secret = 0; secret < 256; secret++) {
    for (let coefficient = 0; coefficient < 256; coefficient++) {
      const [, second] = split({
        ...options(2, 2, Uint8Array.of(secret)),
        coefficients: () => Uint8Array.of(coefficient),
      });
      const seen = second?.bytes.toHex() ?? "";
      counts.set(seen, (counts.get(seen) ?? new Set()).add(secret));
    }
  }
  // Each of the 256 values of one shard occurs with each of the 256 secrets, in exactly one way.
  assert.equal(counts.size, 256);
  for (const secrets of counts.values()) assert.equal(secrets.size, 256);
});

Deno.test("two of three shards of a byte fit every secret, with exactly one third shard each", () => {
  for (const [y1, y2] of [[0, 0], [1, 255], [77, 77], [200, 3]] as const) {
    const known = [{ index: 1, bytes: Uint8Array.of(y1) }, { index: 2, bytes: Uint8Array.of(y2) }];
    const secrets = new Set<number | undefined>();
    for (let y3 = 0; y3 < 256; y3++) {
      secrets.add(combine([...known, { index: 3, bytes: Uint8Array.of(y3) }], 3)[0]);
    }
    assert.equal(secrets.size, 256);
  }
});

Deno.test("the test case of draft-mcgrew-tss-03 section 9 rebuilds", () => {
  const shards = [{ index: 1, bytes: hex("B9FA07E185") }, { index: 2, bytes: hex("F5409B4511") }];
  assert.equal(combine(shards, 2).toHex(), "7465737400");
  const coefficients = () =>
    Uint8Array.from(hex("7465737400"), (s, i) => s ^ (hex("B9FA07E185")[i] ?? 0));
  assert.deepEqual(split({ ...options(2, 2, hex("7465737400")), coefficients }), shards);
});

Deno.test("a 3-of-5 set published with Botan's tests rebuilds from any three", () => {
  // Botan, src/tests/data/tss/recovery.vec: header and index of each share taken off.
  const shards = [
    "0773d64642dc18a85158f91d69546202854bc9ed910e9173",
    "74ac6503a0a6f54dfe9bd135cc759a06b214625d8da2f5ec",
    "34b5d5731bca274635b37b85707afc86198f16f57fa57ce4",
    "db009b259b8982a9db67552714c770db64cac422e0e66464",
    "9b192b5520e550a2104fff97a8c8165bcf51b08a12e1ed6c",
  ].map((text, i) => ({ index: i + 1, bytes: hex(text) }));
  for (const chosen of subsets(shards, 3)) {
    assert.equal(combine(chosen, 3).toHex(), "476a6636f9b0caa39a7053add55b04822ed0bd456309187b");
  }
  assert.ok(liesOnOnePolynomial(shards, 3));
});

Deno.test("a set with 255 shards rebuilds at both ends of the threshold", () => {
  const all = split(options(255, 255));
  assert.equal(all.at(-1)?.index, 255);
  assert.deepEqual(combine(all, 255), SECRET);
  const few = split(options(2, 255));
  assert.deepEqual(combine([few[254] as Shard, few[127] as Shard], 2), SECRET);
});

Deno.test("secrets of any length from one byte on can be shared", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 100 }),
      fc.integer({ min: 1, max: 10 }),
      fc.integer({ min: 0, max: 10 }),
      (secret, t, more) => {
        const shards = split(options(t, t + more, secret));
        assert.deepEqual(combine(shards.slice(more), t), secret);
        assert.ok(liesOnOnePolynomial(shards, t));
      },
    ),
    { numRuns: 50 },
  );
});

Deno.test("a threshold of 1 has to be asked for, on both sides", () => {
  assert.throws(() => split({ ...options(1, 3), allowThresholdOne: false }), {
    ...refused,
    message: "Threshold is 1, which makes every shard the secret itself",
  });
  const [first] = split(options(1, 3));
  assert.deepEqual(first?.bytes, SECRET);
  assert.throws(() => combine([first as Shard]), refused);
  assert.deepEqual(combine([first as Shard], 1), SECRET);
});

Deno.test("impossible quorums and empty secrets are refused", () => {
  for (
    const [t, n] of [[0, 3], [4, 3], [2, 256], [256, 256], [2, 0], [1.5, 3], [2, 2.5], [NaN, 3]]
  ) {
    assert.throws(() => split(options(t ?? 0, n ?? 0)), refused, `${t} of ${n}`);
  }
  assert.throws(() => split(options(2, 3, new Uint8Array(0))), refused);
});

Deno.test("shards that cannot belong together are refused", () => {
  const [a, b, c] = split(options(2, 3)) as [Shard, Shard, Shard];
  const bad: [Shard[], RegExp][] = [
    [[], /0 shards were given/],
    [[a], /1 shards were given, at least 2/],
    [[a, a], /index 1 was given twice/],
    [[a, { ...b, index: 1 }], /index 1 was given twice/],
    [[a, { ...b, index: 0 }], /index is 0/],
    [[a, { ...b, index: 256 }], /index is 256/],
    [[a, { ...b, index: 1.5 }], /index is 1.5/],
    [[a, { ...b, bytes: b.bytes.subarray(1) }], /31 bytes long, expected 32/],
    [[{ index: 1, bytes: new Uint8Array(0) }, { index: 2, bytes: new Uint8Array(0) }], /0 bytes/],
  ];
  for (const [shards, message] of bad) {
    assert.throws(() => combine(shards), { ...refused, message });
  }
  assert.throws(() => combine([a, b, { ...c, index: 2 }], 2), refused);
  for (const threshold of [0, -1, NaN, 1.5]) {
    assert.throws(() => combine([a, b], threshold), TypeError);
    assert.throws(() => liesOnOnePolynomial([a, b], threshold), TypeError);
  }
});

Deno.test("with a threshold only the first t shards count, without one all do", () => {
  const [a, b, c] = split(options(2, 3)) as [Shard, Shard, Shard];
  const wrong = { ...c, bytes: c.bytes.with(0, (c.bytes[0] ?? 0) ^ 1) };
  assert.deepEqual(combine([a, b, wrong], 2), SECRET);
  assert.notDeepEqual(combine([a, b, wrong]), SECRET);
  assert.deepEqual(combine([a, b, c]), SECRET);
});

Deno.test("interpolateAt() recomputes every shard from any t of them", () => {
  const shards = split(options(3, 6));
  for (const chosen of subsets(shards, 3)) {
    for (const shard of shards) assert.deepEqual(interpolateAt(chosen, shard.index), shard);
  }
  assert.throws(() => interpolateAt(shards, 0), refused);
  assert.throws(() => interpolateAt(shards, 256), refused);
});

Deno.test("liesOnOnePolynomial() finds a single changed bit in any shard", () => {
  const shards = split(options(3, 5));
  assert.equal(liesOnOnePolynomial(shards, 3), true);
  assert.equal(liesOnOnePolynomial(shards, 2), false);
  for (let i = 0; i < shards.length; i++) {
    for (const at of [0, 31]) {
      const { index, bytes } = shards[i] as Shard;
      const changed = { index, bytes: bytes.with(at, (bytes[at] ?? 0) ^ 0x10) };
      assert.equal(liesOnOnePolynomial(shards.with(i, changed), 3), false, `${index}, ${at}`);
    }
  }
  assert.throws(() => liesOnOnePolynomial(shards.slice(0, 2), 3), refused);
});

Deno.test("shards of two splits do not combine", () => {
  const [a] = split(options(2, 2)) as [Shard, Shard];
  const [, b] = split(options(2, 2)) as [Shard, Shard];
  assert.notDeepEqual(combine([a, b]), SECRET);
});

const SET: CoefficientContext = {
  scheme: "gf256",
  setId: new Uint8Array(16).fill(0x70),
  generation: 1,
  threshold: 3,
  shares: 5,
};

Deno.test("derived coefficients give the same shards every time, one at a time or all at once", () => {
  const make = (set: CoefficientContext, root = SECRET) => ({
    secret: SECRET,
    threshold: set.threshold,
    shares: set.shares,
    coefficients: derivedCoefficients(root, set),
  });
  const shards = split(make(SET));
  assert.deepEqual(split(make({ ...SET })), shards);
  for (const shard of shards) assert.deepEqual(shardAt(make(SET), shard.index), shard);
  assert.throws(() => shardAt(make(SET), 6), refused);
  assert.throws(() => shardAt(make(SET), 0), refused);
});

Deno.test("every member of the set changes every coefficient", () => {
  const row = (set: CoefficientContext, root = SECRET, degree = 1) =>
    derivedCoefficients(root, set)(degree, 32).toHex();
  const rows = [
    row(SET),
    row(SET, SECRET, 2),
    row(SET, SECRET.with(0, 9)),
    row({ ...SET, setId: SET.setId.with(15, 0) }),
    row({ ...SET, generation: 2 }),
    row({ ...SET, threshold: 4 }),
    row({ ...SET, shares: 6 }),
  ];
  assert.equal(new Set(rows).size, rows.length);
});

Deno.test("coefficients are wiped after use, the secret is not", () => {
  const drawn: Uint8Array[] = [];
  const coefficients = (_degree: number, length: number) => {
    const row = new Uint8Array(length).fill(7);
    drawn.push(row);
    return row;
  };
  const secret = SECRET.slice();
  split({ ...options(4, 5, secret), coefficients });
  assert.equal(drawn.length, 3);
  for (const row of drawn) assert.deepEqual(row, new Uint8Array(32));
  assert.deepEqual(secret, SECRET);
});

Deno.test("a coefficient source of the wrong length is a crash, and what it gave is wiped", () => {
  const row = new Uint8Array(31).fill(7);
  assert.throws(
    () => split({ ...options(2, 3), coefficients: () => row }),
    /31 bytes, expected 32/,
  );
  assert.deepEqual(row, new Uint8Array(31));
});

Deno.test("a secret in shared memory can be shared", () => {
  const secret = new Uint8Array(new SharedArrayBuffer(32));
  secret.set(SECRET);
  assert.deepEqual(combine(split(options(2, 3, secret)).slice(1), 2), SECRET);
});
