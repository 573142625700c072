import { Automaton, type Mode } from "./automaton.ts";
import { type Budget, type Condition, findText, type Search } from "./language.ts";
import { MAX_ID_PATTERN_BYTES } from "./policy.ts";
import { CIPHER_KEY_PREFIX, RESERVED, RESERVED_PREFIX } from "./reserved.ts";
import { type Shape, shapeOf } from "./shape.ts";
import { readSyntax } from "./syntax.ts";

/** The set of texts on which patterns are compared. */
export type Region =
  /** Valid SPIFFE IDs. */
  | "ids"
  /** Valid paths of secrets. */
  | "secrets"
  /** Reserved paths, where a pattern must match the whole path. */
  | "reserved";

/** `yes` and `no` are proven; everything else is `unknown`. */
export type Answer = "yes" | "no" | "unknown";

/** Compares patterns on all texts of a region and caches the results. */
export interface Comparer {
  /** Number of comparisons stopped because the budget was exhausted. */
  readonly givenUp: number;
  /** Whether the pattern can be analysed; otherwise every answer about it is `unknown`. */
  reads(pattern: string): boolean;
  /** Finds a shortest text that all patterns match. */
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

/** Most steps of one comparison, so that two unusual patterns do not exhaust the budget. */
const MOST_STEPS = 200_000;

/** Creates a comparer that answers `unknown` once the budget is exhausted. */
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

/** Whether two patterns have literal prefixes that exclude each other: a cheap test that separates most pairs. */
function areApart(patterns: readonly string[]): boolean {
  const shapes = patterns.map(shapeOf);
  return shapes.some((a, i) => shapes.slice(i + 1).some((b) => excludeEachOther(a, b)));
}

/** Whether no text can match both shapes. */
export function excludeEachOther(a: Shape, b: Shape): boolean {
  if (a.kind === "exact") {
    return b.kind === "exact" ? a.text !== b.text : !a.text.startsWith(b.text);
  }
  return !b.text.startsWith(a.text) && (b.kind === "exact" || !a.text.startsWith(b.text));
}
