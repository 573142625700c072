import type { Command } from "commander";
import type { PilotIo } from "../io.ts";
import { parseFormat } from "../terminal/format.ts";
import { example, FORMAT, type FormatOption } from "../terminal/option.ts";

/** `spike config …`. */
export function addConfig(config: Command, deps: PilotIo): void {
  config
    .description("tell which settings hold")
    .command("show")
    .description("print each setting of a role, and where its value comes from")
    .argument("[role]", "nexus, keeper, bootstrap or pilot", "pilot")
    .option(...FORMAT)
    .addHelpText("after", "\nA role is shown as this environment would start it.")
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
    .description("print a script that completes this program's commands in a shell")
    .argument("<shell>", "bash, zsh, fish or powershell")
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
