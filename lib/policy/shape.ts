/**
 * What is known of a pattern without running it: every text it matches equals `text` (`exact`) or begins with it
 * (`prefix`). An empty prefix means that nothing is known.
 */
export interface Shape {
  /** How matching texts relate to `text`. */
  readonly kind: "exact" | "prefix";
  /** Literal text, unescaped. */
  readonly text: string;
}

const ANYTHING: Shape = { kind: "prefix", text: "" };
/** Literal everywhere. */
const LITERAL = /[A-Za-z0-9_/:@%,=~-]/;
/** Literal after a backslash. */
const PUNCTUATION = /[!-/:-@[-`{-~]/;
/** Changes the meaning of the character before it. */
const QUANTIFIER = /[*+?{]/;
/** From `^` that is not made optional to `$` that is not escaped. */
const ANCHORED = /^\^(?![*+?{])(?:[^\\]|\\.)*\$$/s;

/**
 * The shape of an RE2 pattern that is known to compile. Conservative: any construct it does not understand ends the
 * literal text, and a pattern with an alternative has no shape, because the anchor may belong to one branch only.
 */
export function shapeOf(pattern: string): Shape {
  if (!pattern.startsWith("^") || pattern.includes("|")) return ANYTHING;
  let text = "";
  let at = 1;
  for (;;) {
    const unit = literalAt(pattern, at);
    if (unit === undefined) break;
    const next = pattern[at + unit.length] ?? "";
    if (QUANTIFIER.test(next)) return { kind: "prefix", text };
    text += unit.at(-1);
    at += unit.length;
  }
  return { kind: pattern.slice(at) === "$" ? "exact" : "prefix", text };
}

/** The pattern's characters at `at` that match one literal character, or undefined. */
function literalAt(pattern: string, at: number): string | undefined {
  const first = pattern[at] ?? "";
  if (LITERAL.test(first)) return first;
  const second = pattern[at + 1] ?? "";
  return first === "\\" && PUNCTUATION.test(second) ? first + second : undefined;
}

/**
 * Whether a pattern may match in the middle of a text: it lacks `^` or `$`, or it has an alternative outside of all
 * parentheses, which splits the anchors between its branches.
 */
export function isUnanchored(pattern: string): boolean {
  return !ANCHORED.test(pattern) || hasOuterAlternative(pattern);
}

function hasOuterAlternative(pattern: string): boolean {
  let depth = 0;
  let isInClass = false;
  for (let at = 0; at < pattern.length; at++) {
    const unit = pattern[at];
    if (unit === "\\") at++;
    else if (isInClass) isInClass = unit !== "]";
    else if (unit === "[") isInClass = true;
    else if (unit === "(") depth++;
    else if (unit === ")") depth--;
    else if (unit === "|" && depth === 0) return true;
  }
  return false;
}
