/**
 * A text of somebody else, quoted for one line of a message: bounded, and without what could forge a line or turn it
 * around (C0, DEL, C1, formats such as bidirectional controls, line and paragraph separators).
 */
export function quoteText(text: string, most = 300): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return escapeControls(JSON.stringify(cut));
}

/** The same without quotation marks and without a bound. */
export function escapeControls(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (found) =>
      [...Array(found.length).keys()].map((i) => unicodeEscape(found.charCodeAt(i))).join(""),
  );
}

function unicodeEscape(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}
