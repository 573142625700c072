/** Patterns that are meant to take long, and texts to go with them. */
import { faultOf } from "../../lib/policy/pattern.ts";

const KNOWN = [
  ...["(a+)+$", "^(a|aa)+$", "(.*)*.*.*.*.*.*.*.*b", "(x+x+)+y", ".*a.{990}", "(.*){300}x"],
  ...["(.*a.{10}){50}c?d{2}", "(\\pL.?){200}", "(a?){200}a{200}", "(a|b|ab)*".repeat(55)],
  ...[".*a.*b".repeat(80), "(.*a){250}", "(a|.){0,250}b", "(a*)*".repeat(100)],
  ...["([ab]*a){100}[ab]{400}", "(a?a?){250}b", ".*[ab]{500}c", "(ab|a)?.{2}(a*){200}\\pL{200}"],
];
const ATOMS = [
  ...["a", "b", ".", "[ab]", "[^b]", "\\w", "\\S", "(a|b)", "(a|ab)", "(ab|a)", "(a*)", "(.*)"],
  ...["\\pL", "[a-z]"],
];
const COUNTS = [
  ...[
    "",
    "*",
    "+",
    "?",
    "*?",
    "{2}",
    "{0,5}",
    "{10}",
    "{0,30}",
    "{50}",
    "{0,100}",
    "{200}",
    "{3,}",
  ],
];
const OUTER_COUNTS = ["*", "+", "?", "{2}", "{5}", "{0,10}"];

/** So many different patterns that can be stored as a path pattern or an ID pattern. */
export function hostilePatterns(count: number, random: () => number): string[] {
  const one = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)] as T;
  const part = (depth: number): string => {
    if (depth === 0 || random() < 0.65) return one(ATOMS) + one(COUNTS);
    const branch = random() < 0.4 ? `|${sequence(depth - 1)}` : "";
    return `(${sequence(depth - 1)}${branch})${one(OUTER_COUNTS)}`;
  };
  const sequence = (depth: number): string =>
    Array.from({ length: 1 + Math.floor(random() * 5) }, () => part(depth)).join("");
  const patterns = new Set(KNOWN.filter(isStorable));
  while (patterns.size < count) {
    const pattern = one(["", "^"]) + sequence(3) + one(["", "$", "b$", "x"]);
    if (isStorable(pattern)) patterns.add(pattern);
  }
  return [...patterns];
}

function isStorable(pattern: string): boolean {
  return pattern.length <= 500 && faultOf(pattern) === undefined;
}

/** Texts of a length. */
export function hostileTexts(length: number, random: () => number): string[] {
  return [
    "a".repeat(length),
    `${"a".repeat(length - 1)}!`,
    "ab".repeat(length / 2),
    Array.from({ length }, () => random() < 0.5 ? "a" : "b").join(""),
  ];
}
