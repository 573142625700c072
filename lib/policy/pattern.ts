import { RE2JS, RE2JSException } from "re2js";
import { type Shape, shapeOf } from "./shape.ts";

/**
 * Longest text that is looked at: more than any SPIFFE ID or path may have. What is longer is found by nothing,
 * so that a caller cannot make a decision take long.
 */
export const MAX_SUBJECT_LENGTH = 2048;

/**
 * Most instructions a pattern may compile to. Bounds what one test costs (some milliseconds on 2,048
 * characters for the worst of patterns) and how much memory the engine keeps.
 */
export const MAX_PROGRAM_SIZE = 1024;

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
 * literal throughout needs no engine. A text that is no pattern finds nothing; see {@linkcode faultOf}.
 */
export function patternOf(text: string): Pattern {
  const shape = shapeOf(text);
  const isShort = (subject: string) => subject.length <= MAX_SUBJECT_LENGTH;
  if (shape.kind === "exact") {
    const finds = (subject: string) => subject === shape.text && isShort(subject);
    return { text, shape, finds, matchesWhole: finds };
  }
  let program: RE2JS | undefined;
  const compiled = () => program ??= compile(text);
  return {
    text,
    shape,
    finds: (subject) =>
      isShort(subject) && subject.startsWith(shape.text) && compiled().test(subject),
    matchesWhole: (subject) =>
      isShort(subject) && subject.startsWith(shape.text) && compiled().testExact(subject),
  };
}

function compile(text: string): RE2JS {
  return faultOf(text) === undefined ? RE2JS.compile(text) : NOTHING;
}
