import fc from "fast-check";
import { type CompiledPolicy, compilePolicy, type Policy } from "./policy.ts";
import { PERMISSION_WORDS } from "./permission.ts";

/** A policy for tests; without members it lets everybody below `spiffe://example.org/` read `tenants/`. */
export function samplePolicy(members: Partial<Policy> = {}): Policy {
  return {
    name: "sample",
    spiffeidPattern: "^spiffe://example\\.org/.*$",
    pathPattern: "^tenants/.*$",
    permissions: ["read"],
    ...members,
  };
}

/** As {@linkcode samplePolicy}, compiled. */
export function sampleCompiled(members: Partial<Policy> = {}): CompiledPolicy {
  return compilePolicy(samplePolicy(members));
}

/** A pattern with its meaning, so that an engine can be compared with the meaning. */
export interface Meant {
  readonly text: string;
  finds(subject: string): boolean;
  matchesWhole(subject: string): boolean;
}

/** A part of a pattern: where it may end when it begins at `from`. */
interface Part {
  readonly text: string;
  ends(subject: readonly string[], from: number): Set<number>;
}

interface Branch {
  readonly parts: readonly Part[];
  readonly hasStart: boolean;
  readonly hasEnd: boolean;
}

const ATOMS: readonly (readonly [text: string, admits: (character: string) => boolean])[] = [
  ...["a", "b", "/", "-"].map((text) => [text, (c: string) => c === text] as const),
  ["\\.", (c) => c === "."],
  ["\\-", (c) => c === "-"],
  [".", (c) => c !== "\n"],
  ["[ab]", (c) => c === "a" || c === "b"],
  ["[^a]", (c) => c !== "a"],
  ["\\w", (c) => /^[A-Za-z0-9_]$/.test(c)],
  ["\\d", (c) => /^[0-9]$/.test(c)],
];

const QUANTIFIERS: readonly (readonly [text: string, min: number, max: number])[] = [
  ["", 1, 1],
  ["*", 0, Infinity],
  ["+", 1, Infinity],
  ["?", 0, 1],
  ["{2}", 2, 2],
  ["{0}", 0, 0],
  ["*?", 0, Infinity],
];

function atom([text, admits]: typeof ATOMS[number]): Part {
  return {
    text,
    ends: (subject, from) => {
      const character = subject[from];
      return new Set(character !== undefined && admits(character) ? [from + 1] : []);
    },
  };
}

function sequence(parts: readonly Part[]): Part {
  return {
    text: parts.map(({ text }) => text).join(""),
    ends: (subject, from) =>
      parts.reduce(
        (starts, part) => new Set([...starts].flatMap((at) => [...part.ends(subject, at)])),
        new Set([from]),
      ),
  };
}

function repeated(part: Part, [text, min, max]: typeof QUANTIFIERS[number]): Part {
  return {
    text: `${part.text}${text}`,
    ends: (subject, from) => {
      let reached = new Set([from]);
      const found = new Set(min === 0 ? reached : []);
      // More rounds than there are characters reach nothing new.
      for (let round = 1; round <= Math.min(max, min + subject.length); round++) {
        reached = new Set([...reached].flatMap((at) => [...part.ends(subject, at)]));
        if (round >= min) reached.forEach((at) => found.add(at));
      }
      return found;
    },
  };
}

function group(branches: readonly Part[]): Part {
  return {
    text: `(${branches.map(({ text }) => text).join("|")})`,
    ends: (subject, from) => new Set(branches.flatMap((one) => [...one.ends(subject, from)])),
  };
}

const part: fc.Arbitrary<Part> = fc.letrec<{ part: Part }>((tie) => ({
  part: fc.tuple(
    fc.oneof(
      { maxDepth: 2, depthSize: "small" },
      fc.constantFrom(...ATOMS).map(atom),
      fc.array(fc.array(tie("part"), { maxLength: 2 }).map(sequence), {
        minLength: 1,
        maxLength: 2,
      }).map(group),
    ),
    fc.constantFrom(...QUANTIFIERS),
  ).map(([inner, quantifier]) => repeated(inner, quantifier)),
})).part;

const branch: fc.Arbitrary<Branch> = fc.record({
  parts: fc.array(part, { maxLength: 4 }),
  hasStart: fc.boolean(),
  hasEnd: fc.boolean(),
});

/** Patterns over a small alphabet, so that they often match. */
export const meant: fc.Arbitrary<Meant> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(branch) },
  { weight: 1, arbitrary: fc.tuple(branch, branch) },
).map((branches) => ({
  text: branches.map(({ parts, hasStart, hasEnd }) =>
    `${hasStart ? "^" : ""}${sequence(parts).text}${hasEnd ? "$" : ""}`
  ).join("|"),
  finds: (subject) => {
    const characters = [...subject];
    return branches.some(({ parts, hasStart, hasEnd }) =>
      [0, ...characters.keys(), characters.length].some((from) => {
        if (hasStart && from !== 0) return false;
        const ends = sequence(parts).ends(characters, from);
        return hasEnd ? ends.has(characters.length) : ends.size > 0;
      })
    );
  },
  matchesWhole: (subject) => {
    const characters = [...subject];
    return branches.some(({ parts }) => sequence(parts).ends(characters, 0).has(characters.length));
  },
}));

/** As {@linkcode meant}, the text only. */
export const pattern: fc.Arbitrary<string> = meant.map(({ text }) => text);

/** Texts that such patterns often match. */
export const subject: fc.Arbitrary<string> = fc.array(
  fc.constantFrom("a", "b", "/", ".", "-", "0", "_", " ", "ä", "\u{1f600}"),
  { maxLength: 8 },
).map((parts) => parts.join(""));

/** Policies over such patterns and over real-looking ones; names may repeat. */
export const policies: fc.Arbitrary<Policy[]> = fc.array(
  fc.record({
    name: fc.constantFrom("a", "b", "c", "d", "e", "f", "A-1", "B 2", "z_9"),
    spiffeidPattern: fc.oneof(
      pattern,
      fc.constantFrom(
        "^spiffe://example\\.org/web$",
        "^spiffe://example\\.org/",
        "spiffe://example.org",
      ),
    ),
    pathPattern: fc.oneof(
      pattern,
      fc.constantFrom("^spike/system/acl$", "acl", "^spike/system/.*$", ".*", "^a/b$", "^a/.*$"),
    ),
    permissions: fc.uniqueArray(fc.constantFrom(...PERMISSION_WORDS), { minLength: 1 }),
  }),
  { maxLength: 12 },
);
