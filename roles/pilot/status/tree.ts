import type { Command } from "commander";
import type { PilotIo } from "../io.ts";
import { parseFormat } from "../terminal/format.ts";
import { example, FORMAT, type FormatOption } from "../terminal/option.ts";

/** `spike status`. */
export function addStatus(command: Command, deps: PilotIo): void {
  command
    .description("tell whether Nexus is ready, and how its keepers are")
    .option("-v, --verbose", "also tell what was agreed with each peer: protocol and cipher suite")
    .option(...FORMAT)
    .addHelpText("after", "\nEnds with 0 when Nexus is ready, else with 6.")
    .addHelpText("after", example("spike status"))
    .action(async ({ format: given, verbose = false }: FormatOption & { verbose?: boolean }) => {
      const format = parseFormat(given);
      const { status } = await import("./status.ts");
      await status(deps, format, { verbose });
    });
}

/** `spike doctor`. */
export function addDoctor(command: Command, deps: PilotIo): void {
  command
    .description("find what is wrong with agent, identity, Nexus, keepers and files")
    .option(...FORMAT)
    .addHelpText(
      "after",
      "\nEnds with 0 when nothing failed, warnings or not, else with 1. No wait is longer than 5 s.\n" +
        "Nexus logs one handshake that is broken off: that is how its key exchange is found out.",
    )
    .addHelpText("after", example("spike doctor", "spike doctor -f json"))
    .action(async (options: FormatOption) => {
      const format = parseFormat(options.format);
      const { doctor } = await import("../doctor/doctor.ts");
      await doctor(deps, format);
    });
}

/** `spike version`. */
export function addVersion(command: Command, deps: PilotIo): void {
  command
    .description("print the version of this program")
    .option(...FORMAT)
    .addHelpText("after", example("spike version"))
    .action(async (options: FormatOption) => {
      const format = parseFormat(options.format);
      const { version } = await import("./version.ts");
      await version(deps, format);
    });
}
