import { isAbsolute, resolve } from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { SpikeError } from "../../lib/error/error.ts";
import { quoteValue } from "../../lib/text/quote.ts";
import { choice, duration, integer, type Kind, Refusal } from "../../lib/config/kind.ts";
import { programName } from "./self.ts";

type Shape = NonNullable<ParseArgsConfig["options"]>;

/** A command line taken apart: flags by name, and what is no flag. */
export interface Given {
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly switches: ReadonlySet<string>;
  readonly words: readonly string[];
}

/**
 * Takes a command line apart. `flags` take a value, `switches` none.
 *
 * @throws SpikeError `usage` for anything else
 */
export function parseOptions(
  args: readonly string[],
  { flags, switches = [] }: { flags: readonly string[]; switches?: readonly string[] },
): Given {
  const options: Shape = {};
  for (const name of flags) options[name] = { type: "string" };
  for (const name of switches) options[name] = { type: "boolean" };
  const { values, positionals } = parsed(args, options);
  const given: Record<string, string> = {};
  for (const name of flags) {
    const value = values[name];
    if (typeof value === "string") given[name] = value;
  }
  return {
    flags: given,
    switches: new Set(switches.filter((name) => values[name] === true)),
    words: positionals,
  };
}

function parsed(args: readonly string[], options: Shape) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new SpikeError("usage", message.split(". ")[0] ?? message, {
      hint: `Run: ${programName()} dev --help`,
      cause: error,
    });
  }
}

/** A flag that must be there. */
export function required({ flags }: Given, name: string, example: string): string {
  const value = flags[name];
  if (value !== undefined && value !== "") return value;
  throw new SpikeError("usage", `Flag --${name} is missing`, {
    hint: `Pass a value, for example --${name} ${example}`,
  });
}

/** A flag with a value of some kind. */
function parsedFlag<T>({ flags }: Given, name: string, kind: Kind<T>): T | undefined {
  const text = flags[name];
  if (text === undefined) return undefined;
  const value = kind.parse(text, { homeDir: undefined });
  if (!(value instanceof Refusal)) return value;
  throw new SpikeError("usage", `--${name} is ${quoteValue(text)}, expected ${value.expected}`);
}

/** A span of time of at least a second, in milliseconds; certificates know no shorter one. */
export function durationFlag(given: Given, name: string): number | undefined {
  return parsedFlag(given, name, duration(1000));
}

/** A whole number. */
export function integerFlag(
  given: Given,
  name: string,
  least: number,
  most: number,
): number | undefined {
  return parsedFlag(given, name, integer(least, most));
}

/** One of a few words. */
export function choiceFlag<const T extends string>(
  given: Given,
  name: string,
  words: readonly T[],
): T | undefined {
  return parsedFlag(given, name, choice(...words));
}

/** The directory of the system: `--dir`, or the default under the XDG state directory. */
export function directoryOf(given: Given, env: Readonly<Record<string, string>>): string {
  const named = given.flags["dir"];
  if (named === "") throw new SpikeError("usage", "--dir is empty, expected a directory");
  if (named !== undefined) return resolve(named);
  const state = env["XDG_STATE_HOME"];
  // The XDG base directory specification has relative paths ignored.
  if (state && isAbsolute(state)) return `${state}/spike/dev`;
  const home = env["HOME"];
  if (home) return resolve(home, ".local/state/spike/dev");
  throw new SpikeError("usage", "--dir is not set, and neither is XDG_STATE_HOME or HOME", {
    hint: "Pass a directory, for example --dir ./dev",
  });
}

/** Refuses words where a command takes flags only. */
export function noWords(given: Given): Given {
  const [word] = given.words;
  if (word === undefined) return given;
  throw new SpikeError("usage", `Argument ${quoteValue(word)} is not known`, {
    hint: `Run: ${programName()} dev --help`,
  });
}
