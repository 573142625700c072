import type { Command } from "commander";
import type { PilotIo } from "../io.ts";
import { parseFormat } from "../terminal/format.ts";
import { example, FORMAT, type FormatOption } from "../terminal/option.ts";

/** `spike config …`. */
export function addConfig(config: Command, deps: PilotIo): void {
  config
    .description("Show effective settings and where each comes from")
    .command("show")
    .description("Print the effective settings of a role and where each comes from")
    .argument("[role]", "Role: nexus, keeper, bootstrap or pilot", "pilot")
    .option(...FORMAT)
    .addHelpText(
      "after",
      "\nSettings are read from the environment and file that the role would start with here.",
    )
    .addHelpText("after", example("spike config show nexus"))
    .action(async (role: string, options: FormatOption) => {
      const format = parseFormat(options.format);
      const { configShow } = await import("./show.ts");
      await configShow(deps, role, format);
    });
}

/** `spike completion`. */
export function addCompletion(completion: Command, deps: PilotIo): void {
  completion
    .description("Print a shell's completion script")
    .argument("<shell>", "Shell: bash, zsh, fish or powershell")
    .addHelpText(
      "after",
      example(
        "source <(spike completion bash)",
        "spike completion zsh > ~/.zfunc/_spike",
        "spike completion fish > ~/.config/fish/completions/spike.fish",
        "spike completion powershell | Out-String | Invoke-Expression",
      ),
    )
    .action(async (shell: string) => {
      const { printCompletion } = await import("../completion/completion.ts");
      printCompletion(deps, shell, completion.parent ?? completion);
    });
}
