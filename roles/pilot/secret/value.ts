import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import { MAX_VALUE_BYTES, requireValues } from "../../../lib/secret/name.ts";
import type { PilotIo } from "../io.ts";
import { counted } from "../terminal/format.ts";
import { readAll, readFile, requireAnswer } from "../terminal/input.ts";
import { asInputError } from "../terminal/report.ts";

/** Where one value comes from. */
interface Pair {
  readonly key: string;
  readonly from: "argument" | "stdin" | "file";
  /** The value itself, or the name of a file. */
  readonly text: string;
}

function usage(message: string, hint: string): SpikeError {
  return new SpikeError("usage", message, { hint });
}

/** A pair without `=` is not repeated in full: it may be a value that lost its key. */
function parsePair(given: string, position: number): Pair {
  const at = given.indexOf("=");
  if (at < 0) {
    throw usage(
      `Pair ${position} has no =, expected key=value; nothing was written`,
      "Quote a value that contains blanks",
    );
  }
  const key = given.slice(0, at);
  const text = given.slice(at + 1);
  if (key === "") throw usage(`Pair ${position} has no key before its =`, "Write key=value");
  if (text === "-" || text === "@/dev/stdin") return { key, from: "stdin", text };
  if (text.startsWith("@")) return { key, from: "file", text: text.slice(1) };
  return { key, from: "argument", text };
}

function refuseDoubles(pairs: readonly Pair[]): void {
  const twice = pairs.find(({ key }, i) => pairs.findIndex((other) => other.key === key) < i);
  if (twice !== undefined) {
    throw usage(`Key ${quoteValue(twice.key)} is given twice`, "Give each key once");
  }
  const fromStdin = pairs.filter(({ from }) => from === "stdin").map(({ key }) => key);
  if (fromStdin.length > 1) {
    throw usage(
      `Keys ${fromStdin.join(" and ")} both read standard input, which provides one value`,
      "Pass the others as key=@file",
    );
  }
}

/** What a pair is read from, and whether a person may be waited for. */
export interface ValueSource {
  readonly deps: PilotIo;
  readonly mayAsk: boolean;
}

function readBytes(pair: Pair, { deps, mayAsk }: ValueSource): Promise<Uint8Array> {
  const { key, from, text } = pair;
  const what = `Value of key ${JSON.stringify(key)}`;
  if (from === "file") {
    const hint = `A value that starts with @ names a file; to store such text, use ${key}=-`;
    return readFile(text, MAX_VALUE_BYTES, what, hint);
  }
  if (!deps.isTerminal) return readAll(deps.stdin, MAX_VALUE_BYTES, what);
  requireAnswer(mayAsk, `value of ${JSON.stringify(key)}`);
  return readTyped(deps, key);
}

/** One line, not shown; the return that ends it is no part of the value. */
async function readTyped(deps: PilotIo, key: string): Promise<Uint8Array> {
  deps.stderr.prompt(`Enter value of ${JSON.stringify(key)} (hidden): `);
  try {
    return new TextEncoder().encode(await deps.readHidden());
  } finally {
    deps.stderr.print("");
  }
}

/** What is said once a value is stored that nobody has seen on the way. */
function noteOf({ key, from }: Pair, value: string | Uint8Array, deps: PilotIo): string[] {
  const size = typeof value === "string" ? new TextEncoder().encode(value).length : value.length;
  const stored = `Note: stored key ${JSON.stringify(key)}: ${counted(size, "byte")}`;
  if (from === "stdin" && deps.isTerminal) return [`${stored}, as typed`];
  if (from === "argument" || size > 0) return [];
  return [`${stored} (${from === "stdin" ? "standard input" : "the file"} was empty)`];
}

async function readValue(pair: Pair, source: ValueSource): Promise<string | Uint8Array> {
  if (pair.from === "argument") return pair.text;
  const { deps } = source;
  const bytes = await readBytes(pair, source);
  const name = JSON.stringify(pair.key);
  let value: string;
  try {
    value = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Not text: it is kept, and comes back, as the bytes that it is.
    return bytes;
  }
  bytes.fill(0);
  if (value.endsWith("\n")) {
    deps.stderr.print(`Note: the value of ${name} ends with a newline, which is kept`);
  }
  return value;
}

/** The pairs of a new version: texts, and beside them values that are no text. */
export interface GivenValues {
  readonly values: Readonly<Record<string, string>>;
  readonly binary: Readonly<Record<string, Uint8Array>>;
  /** What is to be said of them once they are stored. */
  readonly notes: readonly string[];
}

/**
 * The pairs of a new version from `key=value`, `key=-` (standard input) and `key=@file`, bytes kept exactly.
 * One wrong pair refuses all.
 *
 * @throws SpikeError `usage`, `data_invalid_input` or `fs_file_open_failed`
 */
export async function readValues(
  given: readonly string[],
  source: ValueSource,
): Promise<GivenValues> {
  const pairs = given.map((text, i) => parsePair(text, i + 1));
  refuseDoubles(pairs);
  const names: Record<string, string> = Object.create(null);
  for (const { key } of pairs) names[key] = "";
  asInputError(() => requireValues(names));
  const values: Record<string, string> = Object.create(null);
  const binary: Record<string, Uint8Array> = Object.create(null);
  const notes: string[] = [];
  for (const pair of pairs) {
    const value = await readValue(pair, source);
    notes.push(...noteOf(pair, value, source.deps));
    if (typeof value === "string") values[pair.key] = value;
    else binary[pair.key] = value;
  }
  asInputError(() => requireValues(values, binary));
  return { values, binary, notes };
}

/**
 * As {@linkcode readValues}, of what has to be text.
 *
 * @throws SpikeError `data_invalid_input` for what is none
 */
export async function readTexts(
  given: readonly string[],
  source: ValueSource,
): Promise<Omit<GivenValues, "binary">> {
  const { values, binary, notes } = await readValues(given, source);
  const [key] = Object.keys(binary);
  if (key === undefined) return { values, notes };
  throw new SpikeError(
    "data_invalid_input",
    `Value of key ${JSON.stringify(key)} is not valid UTF-8 text`,
    { hint: "Encode the bytes first, for example with base64" },
  );
}
