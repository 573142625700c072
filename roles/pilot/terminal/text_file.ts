import { SpikeError } from "../../../lib/error/error.ts";
import { decodeUtf8 } from "../../../lib/input/utf8.ts";

/** Whether bytes are UTF-16 or UTF-32, with a byte order mark or without one. */
function isWide(bytes: Uint8Array): boolean {
  const [a = -1, b = -1, c = -1, d = -1] = bytes;
  const isMarked = (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff);
  const isUnmarked = bytes.length % 2 === 0 &&
    ((a > 0 && b === 0 && (c !== 0 || d === 0)) || (a === 0 && (b > 0 || d > 0)));
  return isMarked || isUnmarked;
}

/**
 * Refuses a text that an editor has saved in another encoding, of which no reader would make sense. `what` begins the
 * message.
 *
 * @throws SpikeError `data_invalid_input`
 */
export function requireNarrow(bytes: Uint8Array, what: string): void {
  if (!isWide(bytes)) return;
  throw new SpikeError("data_invalid_input", `${what} is in UTF-16, expected UTF-8`, {
    hint: "Save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8 FILE",
  });
}

/** Whether a text begins with the byte order mark of UTF-8. */
export function hasMark([a, b, c]: Uint8Array): boolean {
  return a === 0xef && b === 0xbb && c === 0xbf;
}

/** A line of a file that counts. */
export interface NumberedLine {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** The lines of a file; empty ones and those that begin with # do not count. @throws SpikeError `data_invalid_input` */
export function linesOf(bytes: Uint8Array, what: string): NumberedLine[] {
  requireNarrow(bytes, what);
  return decodeUtf8(bytes, what).split("\n")
    .map((text, i) => ({ line: i + 1, text: text.trim() }))
    .filter(({ text }) => text !== "" && !text.startsWith("#"));
}
