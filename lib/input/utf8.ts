/** User text is accepted unchanged or rejected: an invalid byte is never replaced by another character. */
import { SpikeError } from "../error/error.ts";

/**
 * Decodes user input; a leading byte order mark is dropped.
 *
 * @param what Names the input in the error, which never shows its content.
 * @throws {SpikeError} data_invalid_input if the bytes are not valid UTF-8
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

/** The runtime replaces invalid bytes of an argument by this character. */
const REPLACEMENT = "\ufffd";

/**
 * Rejects arguments whose bytes were replaced. `position` is the index of the first argument after the program's name.
 * The error never shows an argument, because it may be a secret value.
 *
 * @throws {SpikeError} usage if an argument contains U+FFFD
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
