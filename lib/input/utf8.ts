/** Text of a user is taken as it is or refused: a byte that is not UTF-8 never turns into another character. */
import { SpikeError } from "../error/error.ts";

/**
 * The text that bytes of a user are; a byte order mark at the beginning is no part of it.
 *
 * @throws SpikeError `data_invalid_input` that names what is not UTF-8, and never shows it
 */
export function decodeUtf8(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ||
        bytes[0] === 0xfe && bytes[1] === 0xff
      ? ", it begins as UTF-16 does"
      : "";
    throw new SpikeError("data_invalid_input", `${what} is not valid UTF-8 text${encoding}`, {
      hint: "Save it as UTF-8",
      cause,
    });
  }
}

/** What the runtime puts where the bytes of an argument are not UTF-8. */
const REPLACEMENT = "\ufffd";

/**
 * Refuses arguments that did not arrive as they were given. The first of them stands at `position` behind the program's
 * name; none is shown, since it may be a value.
 *
 * @throws SpikeError `usage`
 */
export function requireUtf8(args: readonly string[], position = 1): void {
  const at = args.findIndex((arg) => arg.includes(REPLACEMENT));
  if (at < 0) return;
  throw new SpikeError(
    "usage",
    `Argument ${at + position} is not valid UTF-8, or contains U+FFFD`,
    {
      hint: "Give such a value from a file or a pipe, which keep every byte: key=@file or key=-",
    },
  );
}
