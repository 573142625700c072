/** Quotes untrusted text in errors without showing private keys, shards or tokens. */
import { printableJson } from "./printable.ts";

/** Replaces text that must not be shown. */
const HIDDEN = "[private key, not shown]";

/** Cheap test first: only a text with one of these can match a form below. */
const HINTS = /AGE-|PRIVATE KEY|spike:\d|eyJ/i;

/** Forms of private keys, shards and tokens, wherever they stand in a text. */
const FORMS = [
  /AGE-(?:SECRET-KEY|PLUGIN)-[A-Z0-9_-]{2,}/gi,
  // Also a truncated one, or one that lost its line breaks.
  /-{2,5}BEGIN[A-Z0-9 ]*PRIVATE KEY[^]*?(?:-{2,5}END[A-Z0-9 ]*PRIVATE KEY-*|$)/gi,
  /spike:\d+:[0-9a-f]{4,}/gi,
  // RFC 7515 section 7.1 and RFC 7516 section 7.1: the header is a JSON object.
  // It is looked for once in each run of its characters, so that no text takes the square of its length.
  /(?<![\w-])(?=[\w-]+\.[\w-])[\w-]*?eyJ[\w-]{6,}\.[\w-]+(?:\.[\w-]*)*/g,
];

/** Replaces private keys, shards and tokens in the text of an error. */
export function withoutKeys(text: string): string {
  if (!HINTS.test(text)) return text;
  return FORMS.reduce((rest, form) => rest.replace(form, HIDDEN), text);
}

/** A long run of the digits of base64, base32 or hexadecimal; a public key of age is not secret. */
const MATERIAL = /(?<![A-Za-z0-9+_=])(?!age1)(?=[A-Za-z+_=]*[0-9])[A-Za-z0-9+_=]{40,}/;
/** RFC 7517 and 7518: the private members of a key. */
const JWK = /"(?:d|k|dp|dq|qi)\\*"\s*:\s*\\*"/;

/** Whether a value may be a private key, or a part of one that lost its beginning. */
export function looksLikeKey(value: string): boolean {
  // Digests are common in the names of files.
  const isPath = /^[/.~]/.test(value);
  return withoutKeys(value) !== value || (!isPath && MATERIAL.test(value)) || JWK.test(value);
}

/**
 * An invalid value in quotes, for an error. A value that looks like a private key is described by its length only.
 */
export function quoteValue(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? String(value);
  if (looksLikeKey(text)) {
    return `a text of ${text.length} characters that looks like a private key`;
  }
  return printableJson(typeof value === "string" ? JSON.stringify(value) : text);
}

/** Untrusted text in quotes, as {@linkcode quoteValue} does, truncated to `most` characters. */
export function quoteText(text: string, most = 300): string {
  return quoteValue(text.length > most ? `${text.slice(0, most)}…` : text);
}
