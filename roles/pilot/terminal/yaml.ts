/**
 * Data as YAML that readers of 1.1 and of 1.2 understand alike. What the two read differently, or what would not come
 * through unchanged, stands in double quotes: the spelling of a string never decides its type.
 */
import { SpikeError } from "../../../lib/error/error.ts";

/** What starts with a letter or one of a few signs and holds no sign that YAML gives a meaning to (YAML 1.2.2, 7.3.3). */
const PLAIN = /^[A-Za-z_/^($\\][\w/^($.\\+*)|?=;@%~-]*(?:[: ][\w/^($.\\+*)|?=;@%~-]+)*$/;
/** Words that YAML 1.1 or 1.2 may resolve to null, a boolean or a number, in any case. */
const WORD = /^(?:y|n|yes|no|on|off|true|false|null|none|nan|inf|e[-+]?\d+)$/i;
/** The longest key that stands before a colon on its line (YAML 1.2.2, 7.4.2). */
const MOST_KEY = 1000;

/**
 * Data in block style, without a last newline: maps and objects, arrays, texts, numbers, booleans and null. A text of
 * several lines is a literal block where that is exact.
 *
 * @throws SpikeError `data_unmarshal_failure` for a text that is not Unicode, which YAML cannot hold
 */
export function toYaml(data: unknown): string {
  return block(data, "").replace(/^\n/, "");
}

/** A node as it goes on after `key:` or `-`: on the same line, or indented below. */
function block(data: unknown, margin: string): string {
  if (Array.isArray(data)) {
    if (data.length === 0) return "[]";
    return data.map((item) => `\n${margin}-${after(item, `${margin}  `, true)}`).join("");
  }
  if (typeof data === "object" && data !== null) {
    const entries = [...(data instanceof Map ? data : Object.entries(data))]
      .filter(([, value]) => value !== undefined);
    if (entries.length === 0) return "{}";
    return entries.map(([key, value]) => `\n${margin}${member(key, value, margin)}`).join("");
  }
  return typeof data === "string" ? text(data, margin) : String(data);
}

function member(key: unknown, value: unknown, margin: string): string {
  const name = typeof key === "string" ? scalar(key) : String(key);
  const rest = after(value, `${margin}  `, false);
  return name.length > MOST_KEY ? `? ${name}\n${margin}:${rest}` : `${name}:${rest}`;
}

/** A node behind its mark; in a list, the first line of a collection stands beside the dash. */
function after(data: unknown, margin: string, isItem: boolean): string {
  const shown = block(data, margin);
  if (!shown.startsWith("\n")) return ` ${shown}`;
  return isItem ? ` ${shown.slice(1 + margin.length)}` : shown;
}

function text(value: string, margin: string): string {
  return isLiteral(value) ? literal(value, margin) : scalar(value);
}

/** Whether lines of printable ASCII come through a literal block as they are. */
function isLiteral(value: string): boolean {
  return /^[!-~][ -~]*(?:\n+[!-~][ -~]*)+\n?$/.test(value) && !/ \n| $/.test(value);
}

function literal(value: string, margin: string): string {
  const inner = margin === "" ? "  " : margin;
  const lines = value.replace(/\n$/, "").split("\n").map((line) => line && inner + line);
  return `${value.endsWith("\n") ? "|" : "|-"}\n${lines.join("\n")}`;
}

function scalar(value: string): string {
  if (PLAIN.test(value) && !WORD.test(value)) return value;
  if (!value.isWellFormed()) {
    throw new SpikeError(
      "data_unmarshal_failure",
      "A text is not valid Unicode, so YAML cannot represent it",
      {
        hint: "Use --format json",
      },
    );
  }
  return `"${
    value.replace(/["\\]|[^ -~\u00a1-\u{10ffff}]|[\p{Cf}\p{Zl}\p{Zp}\p{DI}\p{NChar}]/gu, escaped)
  }"`;
}

/** The escapes that YAML 1.1 and 1.2 share (5.7). */
function escaped(char: string): string {
  const short = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r" }[char];
  if (short !== undefined) return short;
  const hex = (char.codePointAt(0) ?? 0).toString(16).padStart(4, "0");
  return hex.length > 4 ? `\\U${hex.padStart(8, "0")}` : `\\u${hex}`;
}
