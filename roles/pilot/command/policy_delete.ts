import { SpikeError } from "../../../lib/api/error.ts";
import { confirm } from "../ask.ts";
import type { PilotDeps } from "../deps.ts";
import { namingPolicy, requireName } from "../policy_input.ts";
import { withNexus } from "../session.ts";

/** Who agrees to the deletion. */
export interface Consent {
  /** `--yes`. */
  readonly isAgreed: boolean;
  readonly mayAsk: boolean;
}

/** `spike policy delete`: asks, unless it was agreed to before. */
export async function policyDelete(
  deps: PilotDeps,
  given: string | undefined,
  { isAgreed, mayAsk }: Consent,
): Promise<void> {
  const name = requireName(given);
  const text = `Are you sure you want to delete policy '${name}'?`;
  if (!isAgreed && !await confirm(deps, { text, mayAsk })) {
    throw new SpikeError("interrupted", "Operation canceled.", {
      hint: `Policy ${JSON.stringify(name)} was not touched`,
    });
  }
  await withNexus(deps, ({ client }) => namingPolicy(name, () => client.deletePolicy(name)));
  deps.stdout.write("Policy deleted successfully.\n");
}
