import type { Command } from "commander";
import { SpikeError } from "../../lib/error/error.ts";
import { asFileError, isFileFault } from "../../lib/error/os_file_fault.ts";
import { requireUtf8 } from "../../lib/input/utf8.ts";
import { looksLikeKey, quoteValue, withoutKeys } from "../../lib/text/quote.ts";
import type { PilotIo, TextSink } from "./io.ts";
import { createProgram } from "./program.ts";
import { report } from "./terminal/report.ts";
import { UsageFault } from "./terminal/usage_fault.ts";

/** Notes and questions name files and values that somebody gave, as errors do. */
function withoutKeysIn(stderr: TextSink): TextSink {
  return {
    print: (lines) => stderr.print([lines].flat().map(withoutKeys)),
    prompt: (text) => stderr.prompt(withoutKeys(text)),
  };
}

/** What commander found wrong with a command, in our manner: a message and a hint. */
function toUsageError({ found, command }: UsageFault): SpikeError {
  const [first = "", suggestion = ""] = found.message.replace(/^error: /, "").split("\n");
  const [, option, given, expected] =
    /^option '\S+ ?(--[\w-]+).*' argument '(.*)' is invalid\. (.+)$/.exec(first) ?? [];
  const message = option
    ? `Flag ${option} is ${quoteValue(given)}, ${expected}`
    : first.charAt(0).toUpperCase() +
      first.slice(1).replace(/'([^']*)'/, (all, word) =>
        looksLikeKey(word) ? quoteValue(word) : all);
  const meant = /Did you mean (.+)\?/.exec(suggestion)?.[1];
  const hint = meant === undefined ? `See \`${command} --help\`` : `Did you mean ${meant}?`;
  return new SpikeError("usage", message, { hint });
}

/** `help secret put` is `secret put --help`; what is no command is left to the parser, which names it. */
function asHelp(program: Command, args: readonly string[]): readonly string[] {
  const [first, ...names] = args;
  if (first !== "help" || names.length === 0) return args;
  let at: Command | undefined = program;
  for (const name of names) at = at?.commands.find((command) => command.name() === name);
  return at ? [...names, "--help"] : names;
}

/**
 * Runs one command of the command line and answers its exit code. Failures that a caller can meet are told on
 * standard error; a bug is thrown.
 *
 * @example
 * ```ts
 * Deno.exit(await runPilot(Deno.args, realIo(Deno.env.toObject())));
 * ```
 */
export async function runPilot(given: readonly string[], around: PilotIo): Promise<number> {
  const deps = { ...around, stderr: withoutKeysIn(around.stderr) };
  try {
    requireUtf8(given);
    const program = createProgram(deps);
    const args = given.length === 0 ? ["--help"] : asHelp(program, given);
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof UsageFault) {
      const { exitCode, code } = error.found;
      const isHelp = exitCode === 0 || code === "commander.help";
      return isHelp ? exitCode : report(toUsageError(error), deps.stderr);
    }
    if (error instanceof SpikeError) return report(error, deps.stderr);
    // The reader closed the pipe.
    if (error instanceof Deno.errors.BrokenPipe) return 0;
    if (!isFileFault(error)) throw error;
    return report(asFileError(error), deps.stderr);
  }
}
