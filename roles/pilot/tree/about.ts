import type { Command } from "commander";
import type { PilotDeps } from "../deps.ts";
import { parseFormat } from "../format.ts";
import { example, FORMAT, type FormatOption } from "./shared.ts";

/** `spike status`. */
export function addStatus(command: Command, deps: PilotDeps): void {
  command
    .description("tell whether Nexus is ready, and how its keepers are")
    .option(...FORMAT)
    .addHelpText("after", "\nEnds with 0 when Nexus is ready, else with 6.")
    .addHelpText("after", example("spike status"))
    .action(async (options: FormatOption) => {
      const format = parseFormat(options.format);
      const { status } = await import("../command/status.ts");
      await status(deps, format);
    });
}

/** `spike version`. */
export function addVersion(command: Command, deps: PilotDeps): void {
  command
    .description("print the version of this program")
    .option(...FORMAT)
    .addHelpText("after", example("spike version"))
    .action(async (options: FormatOption) => {
      const format = parseFormat(options.format);
      const { version } = await import("../command/version.ts");
      await version(deps, format);
    });
}
