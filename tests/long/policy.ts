/**
 * Policies for longer than the ordinary suite can: `deno task test:long`. Bounded; a few minutes on an idle core.
 */
import assert from "node:assert/strict";
import process from "node:process";
import fc from "fast-check";
import { id, naive, path, storable, wanted } from "../../lib/policy/_reference.ts";
import { policies } from "../../lib/policy/_sample.ts";
import { createPolicySet, decide, explain } from "../../lib/policy/mod.ts";
import { patternOf } from "../../lib/policy/pattern.ts";
import { compilePolicy } from "../../lib/policy/policy.ts";
import { hostilePatterns, hostileTexts } from "./hostile.ts";
import { randomFrom, seedOf } from "./seed.ts";

const PAIRS = 1_000_000;
const few = { minLength: 8, maxLength: 8 };
const world = fc.record({
  known: policies.map(storable),
  ids: fc.array(id, few),
  paths: fc.array(path, few),
  wants: fc.array(wanted, { minLength: 4, maxLength: 4 }),
});

Deno.test("a million decisions are those of the rules by the letter, and explained", () => {
  const seen = { allowed: 0, denied: 0 };
  fc.assert(
    fc.property(world, ({ known, ids, paths, wants }) => {
      const set = createPolicySet(known.map(compilePolicy));
      for (const id of ids) {
        for (const path of paths) {
          for (const wanted of wants) {
            const question = { id, path, wanted };
            const decision = decide(set, question);
            assert.equal(decision.allowed ? decision.policy : undefined, naive(known, question));
            const why = explain(set, question);
            assert.equal(why.allowed, decision.allowed);
            if (!why.allowed) assert.deepEqual(why.missing, !decision.allowed && decision.missing);
            seen[decision.allowed ? "allowed" : "denied"]++;
          }
        }
      }
    }),
    { numRuns: Math.ceil(PAIRS / (8 * 8 * 4)), seed: seedOf("decisions") },
  );
  console.log(`${seen.allowed} allowed and ${seen.denied} denied as the rules say`);
  assert.ok(seen.allowed + seen.denied >= PAIRS && seen.allowed > PAIRS / 100);
});

/** The work of this process alone, in milliseconds: other processes do not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Of three, the one that nothing else interfered with. */
function costOf(test: () => boolean): number {
  return Math.min(...[1, 2, 3].map(() => {
    const before = cpuMs();
    test();
    return cpuMs() - before;
  }));
}

const MOST_MS = 10;

Deno.test("of 1,000 hostile patterns none takes more than 10 ms on any text", () => {
  const random = randomFrom(seedOf("hostile patterns"));
  const patterns = hostilePatterns(1000, random);
  for (const length of [128, 256, 500, 1000, 2048, 65_536]) {
    const texts = hostileTexts(length, random);
    const worst = patterns.map((text) => {
      const pattern = patternOf(text);
      // What is compiled at the first use is no part of a test.
      pattern.finds("a");
      pattern.matchesWhole("a");
      const costs = texts.flatMap((subject) => [
        costOf(() => pattern.finds(subject)),
        costOf(() => pattern.matchesWhole(subject)),
      ]);
      return { text, ms: Math.max(...costs) };
    }).toSorted((a, b) => b.ms - a.ms);
    const [first] = worst;
    console.log(
      `${length} characters: worst ${first?.ms.toFixed(1)} ms, 99 % below ${
        worst[10]?.ms.toFixed(1)
      } ms, half below ${worst[500]?.ms.toFixed(2)} ms`,
    );
    assert.ok(first && first.ms <= MOST_MS, JSON.stringify(worst.slice(0, 3)));
  }
});
