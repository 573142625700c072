import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import { IDENTITY_ACTIONS } from "../control.ts";
import { askSupervisor } from "../control_client.ts";
import type { CommandContext } from "../command_context.ts";
import { directoryOf, parseOptions } from "../options.ts";
import { programName } from "../self.ts";
import { sayOnStderr } from "../say.ts";

/** `spike dev identity withdraw|return NAME`: as if a registration entry were deleted, and made again. */
export async function identity({ args, env }: CommandContext): Promise<number> {
  const given = parseOptions(args, { flags: ["dir"] });
  const [word, name, ...more] = given.words;
  const action = IDENTITY_ACTIONS.find((one) => one === word);
  if (action === undefined || name === undefined || more.length > 0) {
    throw new SpikeError(
      "usage",
      `spike dev identity was given ${quoteValue(given.words.join(" "))}, expected withdraw ` +
        "or return and the name of a process or a SPIFFE ID",
      { hint: `For example: ${programName()} dev identity withdraw nexus` },
    );
  }
  const { id } = await askSupervisor(directoryOf(given, env), "identity", { action, name });
  sayOnStderr(`${action === "withdraw" ? "Withdrew" : "Returned"} ${id}`);
  return 0;
}
