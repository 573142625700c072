import { RE2JS, RE2JSException } from "re2js";
import { Automaton, type Mode } from "./automaton.ts";
import { type Shape, shapeOf } from "./shape.ts";
import { readSyntax } from "./syntax.ts";

/**
 * Longest text that is matched, in UTF-16 units; above the limits of SPIFFE IDs and paths. No pattern matches a longer
 * text, so that a caller cannot slow down a decision.
 */
export const MAX_SUBJECT_LENGTH = 2048;

/** Most instructions of a compiled pattern. Bounds the memory of the engine. */
export const MAX_PROGRAM_SIZE = 1024;

/**
 * Most cost of one match (instructions times characters, the worst case), so that none takes more than ten milliseconds.
 * docs/policies.md has the figures.
 */
const MAX_PRODUCT = 30_000;
/** Above that limit: most steps that the text really needs, counted before the engine runs. */
const MAX_VISITS = 25_000;

/** Matches no text. */
const NOTHING = RE2JS.compile("[^\\x00-\\x{10FFFF}]");

/** An RE2 expression (github.com/google/re2/wiki/Syntax), as Go's `regexp` reads it. */
export interface Pattern {
  /** As written. */
  readonly text: string;
  /** Its literal prefix or text. */
  readonly shape: Shape;
  /** Whether it matches anywhere in `subject`. */
  finds(subject: string): boolean;
  /** Whether `^(?:text)$` matches `subject`. */
  matchesWhole(subject: string): boolean;
}

/** Why a text is not a pattern. */
export type PatternFault =
  | { readonly kind: "syntax"; readonly detail: string }
  | { readonly kind: "complex"; readonly size: number };

/** Why a text is not a pattern; undefined if it is one. */
export function faultOf(text: string): PatternFault | undefined {
  try {
    const size = RE2JS.compile(text).programSize();
    return size > MAX_PROGRAM_SIZE ? { kind: "complex", size } : undefined;
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return { kind: "syntax", detail: error.message };
  }
}

/**
 * Creates a pattern that is compiled on first use: of many thousand policies most are never evaluated, and a literal one
 * needs no engine. A text that is not a pattern matches nothing; see {@linkcode faultOf}. A pattern does not match a text
 * that would take too long to match; see {@linkcode isAffordable}.
 */
export function patternOf(text: string): Pattern {
  const shape = shapeOf(text);
  const isShort = (subject: string) => subject.length <= MAX_SUBJECT_LENGTH;
  if (shape.kind === "exact") {
    const finds = (subject: string) => subject === shape.text && isShort(subject);
    return { text, shape, finds, matchesWhole: finds };
  }
  let made: RE2JS | undefined;
  const program = () => made ??= compile(text);
  const isWorthIt = (subject: string, mode: Mode) =>
    isShort(subject) && subject.startsWith(shape.text) &&
    isAffordable({ text, subject, mode, size: program().programSize() - shape.text.length });
  return {
    text,
    shape,
    finds: (subject) => isWorthIt(subject, "search") && program().test(subject),
    matchesWhole: (subject) => isWorthIt(subject, "whole") && program().testExact(subject),
  };
}

/** A match to be made. */
interface Trial {
  readonly text: string;
  readonly subject: string;
  readonly mode: Mode;
  /** Instructions after the literal prefix, of which never more than one is active. */
  readonly size: number;
}

/**
 * Whether a match is within the limits, by arithmetic or else by counting. The result depends on pattern and subject only,
 * never on earlier calls. A pattern that `readSyntax` cannot read has the arithmetic limit only.
 */
function isAffordable({ text, subject, mode, size }: Trial): boolean {
  if (size * subject.length <= MAX_PRODUCT) return true;
  const syntax = readSyntax(text);
  if (!syntax || !/^\p{ASCII}*$/u.test(subject)) return false;
  return new Automaton(syntax, mode).visits(subject, MAX_VISITS) <= MAX_VISITS;
}

function compile(text: string): RE2JS {
  return faultOf(text) === undefined ? RE2JS.compile(text) : NOTHING;
}
