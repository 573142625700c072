/**
 * Output, input, prompts and formats of the command line. The output rules:
 *
 * - **Standard output** carries the result and nothing else: values, listings, reports, help that was asked for. A
 *   command that changes something prints one line.
 * - **Standard error** carries everything else: prompts, `Note:` and `Warning:` lines, advice on the next step, and
 *   errors.
 * - **Formats.** `--format human` (default) prints lines for people. `json` and `yaml` print one document with the
 *   names of the wire. Notes stay on standard error in each format.
 * - **Text for people** passes through a `TextSink`: one line per entry, in which characters that a
 *   terminal obeys are escaped, so that a stored name or a peer's text cannot forge lines or move the cursor.
 * - **Data** is written byte by byte to a pipe or a file. A value at a terminal is escaped to one line, with a note;
 *   `--out -` writes the exact bytes. Binary output to a terminal is refused.
 * - **Files** are written completely or not at all, with mode 0600. `--out` replaces an existing file; keys, exports
 *   and backups do not.
 * - **Errors** are `Error: …` (what failed, which value, what was expected), then `Hint: …` with the command or
 *   setting that fixes it, then the exit code of the error's class. A secret value is never part of an error.
 * - **Prompts** go to a terminal; `--no-input` disables them. Secrets are read without echo. What cannot be undone
 *   needs `y` at a terminal or `--yes`; `policy delete` also accepts the first line of standard input.
 *
 * @module
 */
export { confirm, type Question } from "./ask.ts";
export { type Consent, requireConsent } from "./consent.ts";
export { type Format, parseFormat, printAs } from "./format.ts";
export { type InputRequest, openInput, readAll, readFile, readInput } from "./input.ts";
export { example, FORMAT, type FormatOption, mayAsk, NO_INPUT_OPTION } from "./option.ts";
export { type OutputName, refuseTerminal, streamTo, writeTo, writeValue } from "./output.ts";
export { asInputError, report } from "./report.ts";
export { dataSink, textSink } from "./sink.ts";
export { throwFaults, UsageFault } from "./usage_fault.ts";
