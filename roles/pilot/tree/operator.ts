import type { Command } from "commander";
import type { PilotDeps } from "../deps.ts";
import { parseFormat } from "../format.ts";
import { example, FORMAT, type FormatOption, mayAsk, NO_INPUT_OPTION } from "./shared.ts";

/** `spike operator recover`, and the hidden `spike recover`. */
export function addRecover(command: Command, deps: PilotDeps): void {
  command
    .description("export the shards of the root key (needs the recover role)")
    .addHelpText(
      "after",
      "\nOne file per shard goes to ~/.spike/recover, or to the directory `recover` below\n" +
        "SPIKE_PILOT_RECOVERY_DIR. Do this before a disaster, and again when the shards change.",
    )
    .addHelpText("after", example("SPIKE_PILOT_RECOVERY_DIR=/media/key spike operator recover"))
    .option(...FORMAT)
    .action(async (options: FormatOption) => {
      const format = parseFormat(options.format);
      const { operatorRecover } = await import("../command/operator_recover.ts");
      await operatorRecover(deps, format);
    });
}

/** `spike operator restore`, and the hidden `spike restore`. */
export function addRestore(command: Command, deps: PilotDeps): void {
  command
    .description("hand one recovery shard to Nexus (needs the restore role)")
    .addHelpText(
      "after",
      "\nThe shard is read from standard input, hidden when that is a terminal.",
    )
    .addHelpText("after", example("spike operator restore < spike.recovery.1.txt"))
    .option(...FORMAT)
    .option(...NO_INPUT_OPTION)
    .action(async (options: FormatOption, command: Command) => {
      const format = parseFormat(options.format);
      const { operatorRestore } = await import("../command/operator_restore.ts");
      await operatorRestore(deps, { format, mayAsk: mayAsk(command) });
    });
}

/** `spike operator …`. */
export function addOperator(operator: Command, deps: PilotDeps): void {
  operator.description("save and restore the root key");
  addRecover(operator.command("recover"), deps);
  addRestore(operator.command("restore"), deps);
}
