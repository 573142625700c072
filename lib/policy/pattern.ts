import { RE2JS, RE2JSException } from "re2js";
import { Automaton, type Mode } from "./automaton.ts";
import { type Shape, shapeOf } from "./shape.ts";
import { readSyntax } from "./syntax.ts";

/**
 * Longest text that is looked at: more than any SPIFFE ID or path may have. What is longer is found by nothing,
 * so that a caller cannot make a decision take long.
 */
export const MAX_SUBJECT_LENGTH = 2048;

/** Most instructions a pattern may compile to. Bounds how much memory the engine keeps. */
export const MAX_PROGRAM_SIZE = 1024;

/**
 * What one test may cost, so that none takes more than ten milliseconds: in the worst case each character meets
 * each instruction. docs/policies.md has the figures.
 */
const MAX_PRODUCT = 30_000;
/** Where that could be exceeded: the steps that the text really opens, counted before the engine is let loose. */
const MAX_VISITS = 25_000;

/** Finds no text at all. */
const NOTHING = RE2JS.compile("[^\\x00-\\x{10FFFF}]");

/** An RE2 expression (github.com/google/re2/wiki/Syntax), as Go's `regexp` reads it. */
export interface Pattern {
  /** As written. */
  readonly text: string;
  readonly shape: Shape;
  /** Whether it matches anywhere in `subject`. */
  finds(subject: string): boolean;
  /** Whether `^(?:text)$` matches `subject`. */
  matchesWhole(subject: string): boolean;
}

/** Why a text is no pattern. */
export type PatternFault =
  | { readonly kind: "syntax"; readonly detail: string }
  | { readonly kind: "complex"; readonly size: number };

/** Whether a text is a pattern, and if not why. */
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
 * A pattern, compiled when it is first needed: of many thousand policies most are never asked, and one that is
 * literal throughout needs no engine. A text that is no pattern finds nothing; see {@linkcode faultOf}. Nor does
 * any pattern find a text that it would take too long to look at: see {@linkcode isAffordable}.
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

/** A test that is to be made. */
interface Trial {
  readonly text: string;
  readonly subject: string;
  readonly mode: Mode;
  /** Instructions behind the literal beginning, of which never more than one is open. */
  readonly size: number;
}

/**
 * Whether a test is within the limits, by arithmetic or else by counting. It depends on pattern and subject only,
 * never on what was asked before. A pattern that cannot be counted (see `readSyntax`) has the arithmetic only.
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
