import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import { AUTHORITY_ACTIONS } from "../control.ts";
import { askSupervisor } from "../control_client.ts";
import type { CommandContext } from "../command_context.ts";
import { directoryOf, parseOptions } from "../options.ts";
import { programName } from "../self.ts";
import { sayOnStderr } from "../say.ts";

/** `spike dev authority prepare|rotate|retire`: the steps in which the key of an authority is replaced. */
export async function authority({ args, env }: CommandContext): Promise<number> {
  const given = parseOptions(args, { flags: ["dir", "trust-domain"] });
  const [word, ...more] = given.words;
  const action = AUTHORITY_ACTIONS.find((one) => one === word);
  if (action === undefined || more.length > 0) {
    throw new SpikeError(
      "usage",
      `spike dev authority was given ${quoteValue(given.words.join(" "))}, expected one of ${
        AUTHORITY_ACTIONS.join(", ")
      }`,
      { hint: `For example: ${programName()} dev authority prepare` },
    );
  }
  const domain = given.flags["trust-domain"];
  const request = { action, ...(domain === undefined ? {} : { domain }) };
  const { anchors } = await askSupervisor(directoryOf(given, env), "authority", request);
  sayOnStderr(`Done: ${action}; the bundle has ${anchors} anchors`);
  return 0;
}
