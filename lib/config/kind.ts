/**
 * Kinds of setting values: the interface that every kind implements, and the plain kinds. A parser returns a value or a
 * `Refusal`; it never falls back to a default.
 */

/** Why a text was rejected, in words that continue "expected …". */
export class Refusal {
  /** Continues "expected …". */
  constructor(readonly expected: string) {}
}

/** What a parser may use of the environment of the process. */
export interface UserEnvironment {
  /** `HOME`; without it `~/` cannot be expanded. */
  readonly homeDir: string | undefined;
}

/** One kind of value. */
export interface Kind<T> {
  /** Continues "expected …". */
  readonly expects: string;
  /** Reads one text. */
  parse(text: string, place: UserEnvironment): T | Refusal;
  /** Canonical text: two values are the same when these are equal. */
  show(value: T): string;
}

/** Creates a kind from a parser that returns undefined for an invalid text. */
export function kindOf<T>(
  expects: string,
  parse: (text: string, place: UserEnvironment) => T | Refusal | undefined,
  show: (value: T) => string = String,
): Kind<T> {
  return { expects, show, parse: (text, place) => parse(text, place) ?? new Refusal(expects) };
}

/** The same kind for a setting that may be absent. */
export function optional<T>(kind: Kind<T>): Kind<T | undefined> {
  return { ...kind, show: (value) => value === undefined ? "" : kind.show(value) };
}

/** Any text that is not empty. */
export const text: Kind<string> = kindOf("a text", (given) => given);

/** The literals `true` and `false`; other words are rejected. */
export const flag: Kind<boolean> = kindOf(
  "true or false",
  (given) => given === "true" ? true : given === "false" ? false : undefined,
);

/** A whole number in decimal digits, from `least` to `most`. */
export function integer(least: number, most: number): Kind<number> {
  return kindOf(`a whole number from ${least} to ${most}`, (given) => {
    if (!/^\d{1,15}$/.test(given)) return undefined;
    const value = Number(given);
    return value >= least && value <= most ? value : undefined;
  });
}

/** One of the given lower-case words, in any case. */
export function choice<const T extends string>(...words: readonly T[]): Kind<T> {
  const last = words.at(-1) ?? "";
  return kindOf(
    `${words.slice(0, -1).join(", ")} or ${last}`,
    (given) => words.find((word) => word === given.toLowerCase()),
  );
}

/** A comma-separated list; blanks around items are dropped, empty and repeated items are rejected. */
export function list<T>(item: Kind<T>, expects: string): Kind<readonly T[]> {
  return kindOf(expects, (given, place) => {
    const values: T[] = [];
    const seen = new Set<string>();
    for (const part of given.split(",").map((piece) => piece.trim())) {
      if (part === "") return new Refusal(`${expects}, without empty items`);
      const value = item.parse(part, place);
      if (value instanceof Refusal) return new Refusal(`${expects}, each ${value.expected}`);
      if (seen.has(item.show(value))) return new Refusal(`${expects}, without repetitions`);
      seen.add(item.show(value));
      values.push(value);
    }
    return values;
  }, (values) => values.map((value) => item.show(value)).join(","));
}

/** Milliseconds by unit of Go's duration syntax (both code points of the micro sign). */
const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "\u00b5s": 1e-3,
  "\u03bcs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
/** The runtime's timers hold a signed 32-bit number of milliseconds and fire at once beyond it. */
const LONGEST_MS = 596 * 3_600_000;

function parseDuration(given: string): number | undefined {
  if (given === "0") return 0;
  if (!/^((\d+(\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$/.test(given)) return undefined;
  let total = 0;
  for (const [, amount, unit = ""] of given.matchAll(/([\d.]+)([^\d.]+)/g)) {
    total += Number(amount) * (UNIT_MS[unit] ?? Number.NaN);
  }
  // The subtraction removes rounding noise of the sum; a part of a millisecond rounds up to one.
  return Math.ceil(Math.max(0, total - 1e-9));
}

function showDuration(ms: number): string {
  if (ms === 0) return "0";
  const unit = ["h", "m", "s"].find((name) => ms % (UNIT_MS[name] ?? 1) === 0) ?? "ms";
  return `${ms / (UNIT_MS[unit] ?? 1)}${unit}`;
}

/** An age in Go's syntax, as milliseconds; 0 for none. It is compared with a clock, so no timer has to hold it. */
export const age: Kind<number> = kindOf(
  "a duration such as 720h, from 1h to 87600h, or 0 for none",
  (given) => {
    const ms = parseDuration(given);
    return ms === 0 || (ms !== undefined && ms >= 3_600_000 && ms <= 315_360_000_000)
      ? ms
      : undefined;
  },
  showDuration,
);

/** A span of time in Go's syntax, as milliseconds, rounded up; from `leastMs` to what a timer can hold. */
export function duration(leastMs: number): Kind<number> {
  const least = leastMs === 0 ? "0 (none)" : showDuration(leastMs);
  return kindOf(`a duration such as 500ms, 30s or 1h30m, from ${least} to 596h`, (given) => {
    const ms = parseDuration(given);
    return ms !== undefined && ms >= leastMs && ms <= LONGEST_MS ? ms : undefined;
  }, showDuration);
}
