import type { Command } from "commander";
import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import { bashScript } from "./bash.ts";
import { fishScript } from "./fish.ts";
import { powershellScript } from "./powershell.ts";
import { completionNodes, type Shell, SHELLS } from "./tree.ts";
import { zshScript } from "./zsh.ts";
import type { PilotIo } from "../io.ts";

const SCRIPTS: { readonly [S in Shell]: typeof bashScript } = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
  powershell: powershellScript,
};

/** `spike completion`: the script of a shell, made from the tree of commands. */
export function printCompletion(deps: PilotIo, given: string, program: Command): void {
  const shell = SHELLS.find((name) => name === given);
  if (shell === undefined) {
    throw new SpikeError(
      "usage",
      `Shell is ${quoteValue(given)}, expected ${SHELLS.slice(0, -1).join(", ")} or ${
        SHELLS.at(-1)
      }`,
    );
  }
  const script = SCRIPTS[shell](program.name(), completionNodes(program));
  deps.stdout.write(new TextEncoder().encode(script));
}
