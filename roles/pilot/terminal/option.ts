import { type Command, Option } from "commander";

/** Options of every command that prints data. */
export interface FormatOption {
  readonly format: string;
}

/** How `--format` is declared. */
export const FORMAT = [
  "-f, --format <format>",
  "Output format: human, json or yaml",
  "human",
] as const;

/** An example that works, under a command's help; a line that begins with a blank goes on with the one before. */
export function example(...lines: string[]): string {
  const shown = lines.map((line) => `  ${line.startsWith(" ") ? " " : "$"} ${line}\n`);
  return `\nExample:\n${shown.join("")}`;
}

/** How an option or an argument is described in help: with its default, where that says something. */
export function described(
  { description, defaultValue }: { readonly description: string; readonly defaultValue?: unknown },
): string {
  const hasDefault = typeof defaultValue === "string";
  return hasDefault ? `${description} (default: ${defaultValue})` : description;
}

/**
 * Lets every command take `--no-input`, so that a script may give it to all; only those that could ask show it.
 * It counts before the command's name too.
 */
export function addNoInput(command: Command): void {
  const couldAsk = command.options.some(({ long }) => long === NO_INPUT);
  if (command.commands.length === 0 && !couldAsk) {
    command.addOption(new Option(NO_INPUT).hideHelp());
  }
  for (const child of command.commands) addNoInput(child);
}

const NO_INPUT = "--no-input";

/** How `--no-input` is declared where it is shown. */
export const NO_INPUT_OPTION = [NO_INPUT, "Do not prompt; fail if an answer is required"] as const;

/** Whether a person may be asked, by this command's options and those before its name. */
export function mayAsk(command: Command): boolean {
  for (let at: Command | null = command; at !== null; at = at.parent) {
    if (at.opts()["input"] === false) return false;
  }
  return true;
}
