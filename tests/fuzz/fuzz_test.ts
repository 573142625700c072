import assert from "node:assert/strict";
import { randomOfCase } from "./random.ts";
import { FINDINGS } from "./finding.ts";
import { TARGETS } from "./target.ts";

/** Of a seed of its own, so that a run of `deno task fuzz` tries others. */
const SEED = 20261126;
const CASES: Readonly<Record<string, number>> = {
  id: 2000,
  certificate: 400,
  svid: 200,
  bundle: 500,
  message: 300,
  frame: 800,
  http: 1500,
  wire: 60,
  manifest: 400,
  key: 1000,
  time: 1000,
  answer: 1500,
  date: 2000,
  pem: 800,
};

for (const target of TARGETS) {
  const cases = CASES[target.name] ?? 0;
  Deno.test(`${cases} damaged inputs of ${target.name} are taken or refused, and nothing else`, async () => {
    const counts = { accepted: 0, refused: 0 };
    for (let index = 0; index < cases; index++) {
      const input = target.makeInput(randomOfCase(SEED, index));
      try {
        counts[await target.run(input)]++;
      } catch (cause) {
        throw new Error(`seed ${SEED}, case ${index}: ${input.toHex()}`, { cause });
      }
    }
    assert(counts.accepted > 0 && counts.refused > cases / 10, JSON.stringify(counts));
  });
}

for (const { target: name, hex, what } of FINDINGS) {
  Deno.test(`kept finding of ${name}: ${what}`, async () => {
    const target = TARGETS.find((each) => each.name === name);
    assert(target);
    await target.run(Uint8Array.fromHex(hex));
  });
}

Deno.test("a case is made again from seed and number", () => {
  for (const target of TARGETS) {
    const once = target.makeInput(randomOfCase(7, 123)).toHex();
    assert.equal(target.makeInput(randomOfCase(7, 123)).toHex(), once);
  }
  assert.equal(TARGETS.reduce((sum, { share }) => sum + share, 0), 1000);
});
