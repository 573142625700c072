import { Automaton, type Mode } from "./automaton.ts";
import { type Budget, type Condition, findText, type Search } from "./language.ts";
import { MAX_ID_PATTERN_BYTES } from "./policy.ts";
import { CIPHER_KEY_PREFIX, RESERVED, RESERVED_PREFIX } from "./reserved.ts";
import { type Shape, shapeOf } from "./shape.ts";
import { readSyntax } from "./syntax.ts";

/** The texts that patterns are compared on. */
export type Region =
  /** SPIFFE IDs that rules are made for. */
  | "ids"
  /** Paths that secrets may have. */
  | "secrets"
  /** Reserved paths on which permissions are wanted. There the whole path has to match. */
  | "reserved";

/** Yes and no are proven; unknown is everything else. */
export type Answer = "yes" | "no" | "unknown";

/** Compares patterns on all texts of a region, and remembers what it found. */
export interface Comparer {
  /** How many comparisons were given up for want of budget. */
  readonly givenUp: number;
  /** Whether a pattern is read at all; if not, all about it is unknown. */
  reads(pattern: string): boolean;
  /** A shortest text that all the patterns match. */
  common(region: Region, patterns: readonly string[]): Search;
  /** Whether every text that `inner` matches is matched by `outer`. */
  contains(region: Region, outer: string, inner: string): Answer;
}

const SEGMENT =
  "([A-Za-z0-9_-][A-Za-z0-9._-]*|\\.[A-Za-z0-9_-][A-Za-z0-9._-]*|\\.\\.[A-Za-z0-9._-]+)";
const PATH_CHARACTERS = "[a-zA-Z0-9._\\-/()?+*|[\\]{}\\\\]";

interface Grammar {
  readonly mode: Mode;
  readonly maxLength: number;
  readonly conditions: readonly Condition[];
}

const GRAMMARS: Readonly<Record<Region, Grammar>> = {
  ids: {
    mode: "search",
    maxLength: MAX_ID_PATTERN_BYTES,
    conditions: [{
      automaton: automatonOf(`spiffe://[a-z0-9.-]+(/${SEGMENT})*`, "whole"),
      isMatched: true,
    }],
  },
  secrets: {
    mode: "search",
    maxLength: 500,
    conditions: [
      { automaton: automatonOf(`${PATH_CHARACTERS}+`, "whole"), isMatched: true },
      { automaton: automatonOf(`^${RESERVED_PREFIX}`, "search"), isMatched: false },
    ],
  },
  reserved: {
    mode: "whole",
    maxLength: 500,
    conditions: [{
      automaton: automatonOf(
        [...Object.values(RESERVED), `${CIPHER_KEY_PREFIX}${PATH_CHARACTERS}+`].join("|"),
        "whole",
      ),
      isMatched: true,
    }],
  },
};

/** The most that one comparison may take of the budget, so that two odd patterns do not use it up. */
const MOST_STEPS = 200_000;

/** Makes a comparer that looks at no more than the budget allows, and answers `unknown` from then on. */
export function createComparer(budget: Budget): Comparer {
  const automata = new Map<string, Automaton | undefined>();
  const found = new Map<string, Search>();
  let givenUp = 0;
  const limited = (conditions: readonly Condition[], maxLength: number): Search => {
    const most = Math.min(MOST_STEPS, budget.left);
    const part = { left: most };
    const result = findText(conditions, { maxLength, budget: part });
    budget.left -= most - part.left;
    if (result.kind === "unknown") givenUp++;
    return result;
  };
  const automaton = (pattern: string, mode: Mode) =>
    remembered(automata, `${mode} ${pattern}`, () => {
      const syntax = readSyntax(pattern);
      return syntax && new Automaton(syntax, mode);
    });
  const search = (region: Region, wanted: readonly (readonly [string, boolean])[]): Search =>
    remembered(found, JSON.stringify([region, wanted]), () => {
      const { mode, maxLength, conditions } = GRAMMARS[region];
      const more = wanted.flatMap(([pattern, isMatched]) => {
        const read = automaton(pattern, mode);
        return read ? [{ automaton: read, isMatched }] : [];
      });
      if (more.length < wanted.length) return { kind: "unknown" };
      return limited([...conditions, ...more], maxLength);
    });
  return {
    get givenUp() {
      return givenUp;
    },
    reads: (pattern) => automaton(pattern, "search") !== undefined,
    common(region, patterns) {
      if (areApart(patterns)) return { kind: "none" };
      return search(region, [...new Set(patterns)].sort().map((pattern) => [pattern, true]));
    },
    contains(region, outer, inner) {
      if (outer === inner) return "yes";
      const { kind } = search(region, [[inner, true], [outer, false]]);
      return kind === "none" ? "yes" : kind === "found" ? "no" : "unknown";
    },
  };
}

function automatonOf(pattern: string, mode: Mode): Automaton {
  const syntax = readSyntax(pattern);
  if (!syntax) throw new Error(`Pattern ${pattern} is not read`);
  return new Automaton(syntax, mode);
}

function remembered<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  if (!map.has(key)) map.set(key, make());
  return map.get(key) as V;
}

/** Whether two of the patterns begin with literal texts that exclude each other: the cheap way to tell most apart. */
function areApart(patterns: readonly string[]): boolean {
  const shapes = patterns.map(shapeOf);
  return shapes.some((a, i) => shapes.slice(i + 1).some((b) => excludeEachOther(a, b)));
}

/** Whether no text has both shapes. */
export function excludeEachOther(a: Shape, b: Shape): boolean {
  if (a.kind === "exact") {
    return b.kind === "exact" ? a.text !== b.text : !a.text.startsWith(b.text);
  }
  return !b.text.startsWith(a.text) && (b.kind === "exact" || !a.text.startsWith(b.text));
}
