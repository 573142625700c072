import assert from "node:assert/strict";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { pattern, subject } from "./_sample.ts";
import { Automaton, type Mode } from "./automaton.ts";
import { faultOf } from "./pattern.ts";
import { readSyntax } from "./syntax.ts";

function matches(pattern: string, mode: Mode, text: string): boolean | undefined {
  const syntax = readSyntax(pattern);
  if (!syntax) return undefined;
  const automaton = new Automaton(syntax, mode);
  let state = automaton.start;
  for (let i = 0; i < text.length; i++) state = automaton.step(state, text.charCodeAt(i));
  return automaton.accepts(state);
}

/** Text made of the pieces of patterns, most of it no pattern. */
const soup = fc.array(
  fc.constantFrom(
    ...["a", "b", "-", ".", "^", "$", "|", "(", ")", "[", "]", "[^", "*", "+", "?", "{2}", "{1,}"],
    ...[
      "{0,2}",
      "{",
      "}",
      "{x",
      "\\.",
      "\\d",
      "\\w",
      "\\S",
      "\\W",
      "\\]",
      "\\A",
      "\\z",
      "a-b",
      "_",
    ],
    ...["(^a|b)", "[]a]", "[a-]", "[\\w-]", "()", "a{,2}", "/"],
  ),
  { maxLength: 9 },
).map((pieces) => pieces.join(""));

const ascii = fc.oneof(
  subject.map((text) => [...text].map((one) => one < "\x80" ? one : "b").join("")),
  fc.string({ unit: fc.constantFrom(..."aab/.-^]{}x,2_9 \n"), maxLength: 8 }),
);

Deno.test("an automaton finds in texts of ASCII what RE2 finds", () => {
  const seen = { found: 0, missed: 0, unread: 0 };
  fc.assert(
    fc.property(fc.oneof(pattern, soup), fc.array(ascii, { maxLength: 8 }), (pattern, texts) => {
      if (faultOf(pattern)) return;
      const engines = { search: RE2JS.compile(pattern), whole: RE2JS.compile(`^(?:${pattern})$`) };
      for (const text of texts) {
        for (const mode of ["search", "whole"] as const) {
          const found = matches(pattern, mode, text);
          if (found === undefined) seen.unread++;
          else {
            assert.equal(found, engines[mode].test(text), JSON.stringify([pattern, mode, text]));
            seen[found ? "found" : "missed"]++;
          }
        }
      }
    }),
    { numRuns: 1200 },
  );
  assert.ok(seen.found > 700 && seen.missed > 700, JSON.stringify(seen));
  assert.ok(seen.unread < seen.found / 10, JSON.stringify(seen));
});

Deno.test("what is not read is said to be so", () => {
  for (
    const pattern of [
      ...["(?i)a", "(?:a)", "(?P<n>a)", "\\bweb\\b", "\\Qa\\E", "\\x41", "\\pL", "[\\pL]"],
      ...["[[:alpha:]]", "\\n", "\\101", "ä", "[ä]"],
    ]
  ) {
    assert.equal(faultOf(pattern), undefined, pattern);
    assert.equal(readSyntax(pattern), undefined, pattern);
  }
});

Deno.test("an anchored pattern has no hope after a wrong character, a found one is settled", () => {
  const automaton = new Automaton(readSyntax("^ab") ?? assert.fail(), "search");
  const [a, b] = ["a", "b"].map((character) => character.charCodeAt(0));
  assert.ok(a && b);
  assert.ok(automaton.isHopeless(automaton.step(automaton.start, b)));
  const found = automaton.step(automaton.step(automaton.start, a), b);
  assert.ok(automaton.isSettled(found) && automaton.accepts(automaton.step(found, a)));
});
