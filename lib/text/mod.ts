/**
 * Text that is safe to show: escaping of characters that mislead a reader, and quoting of untrusted values in errors
 * without showing keys. It never decides where a text goes. Start reading at `printable.ts`, then `quote.ts`.
 *
 * @module
 */
export { holdsControls, isPrintable, printable, printableJson } from "./printable.ts";
export { looksLikeKey, quoteText, quoteValue, withoutKeys } from "./quote.ts";
