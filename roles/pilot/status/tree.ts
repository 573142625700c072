import type { Command } from "commander";
import type { PilotIo } from "../io.ts";
import { parseFormat } from "../terminal/format.ts";
import { example, FORMAT, type FormatOption } from "../terminal/option.ts";

/** `spike status`. */
export function addStatus(command: Command, deps: PilotIo): void {
  command
    .description("Show whether Nexus is ready and the state of its keepers")
    .option("-v, --verbose", "Show the negotiated protocol and cipher suite of each peer")
    .option(...FORMAT)
    .addHelpText("after", "\nExits with 0 if Nexus is ready, otherwise with 6.")
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
    .description("Diagnose problems of agent, identity, Nexus, keepers and files")
    .option(...FORMAT)
    .addHelpText(
      "after",
      "\nExits with 0 if no check failed (warnings allowed), otherwise with 1. Each wait is at most 5 s.\n" +
        "Nexus logs one aborted handshake: the check of its key exchange.",
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
    .description("Print the version of spike")
    .option(...FORMAT)
    .addHelpText("after", example("spike version"))
    .action(async (options: FormatOption) => {
      const format = parseFormat(options.format);
      const { version } = await import("./version.ts");
      await version(deps, format);
    });
}
