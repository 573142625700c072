import type { Self } from "./self.ts";

/** What a command is given. */
export interface CommandContext {
  /** Without the command's own name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** How this program is run again; asked only by who starts processes. */
  readonly self: () => Self;
}

/** One command; answers the exit code. */
export type Command = (context: CommandContext) => Promise<number>;
