/**
 * Characters that can mislead the reader of a line: they end it, move the cursor, change the direction of the text, or
 * are invisible. Controls (C0, DEL, C1), formats (bidirectional controls, zero-width characters, tags), line and
 * paragraph separators, lone surrogates, and what Unicode 16, 5.21 lets a display ignore.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{DI}]/gu;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * Escapes every character that breaks a line, moves the cursor or is invisible. Every human-readable line passes through
 * this function as a whole, so that a value, a name or a message from another party cannot imitate a line of this
 * program.
 *
 * @example
 * ```ts
 * printable("a\n\u202e"); // a\n\u202e, in ASCII
 * ```
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (char) => SHORT[char] ?? escaped(char));
}

/** The same JSON text without characters that {@linkcode printable} would change inside its strings. */
export function printableJson(json: string): string {
  return json.replace(
    UNPRINTABLE,
    (char) => char === "\n" ? char : char.split("").map(unit).join(""),
  );
}

/** Whether {@linkcode printable} leaves a text as it is. */
export function isPrintable(text: string): boolean {
  return text.search(UNPRINTABLE) < 0;
}

/** Joiners and variation selectors, without which some scripts and signs cannot be written. */
const WRITTEN = /[\u200c\u200d\ufe00-\ufe0f]/g;

/**
 * Whether a short text, such as a name or a reason, contains controls, invisible or misleading characters. Joiners and
 * variation selectors are accepted, because some scripts need them.
 */
export function holdsControls(text: string): boolean {
  return !isPrintable(text.replace(WRITTEN, ""));
}

function escaped(char: string): string {
  const point = char.codePointAt(0) ?? 0;
  return point > 0xffff ? `\\u{${point.toString(16)}}` : unit(char);
}

function unit(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
