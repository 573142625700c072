import { SpikeError } from "../../../lib/error/error.ts";
import type { Client } from "../../../lib/client/mod.ts";
import { confirm } from "../terminal/ask.ts";
import type { Consent } from "../terminal/consent.ts";
import type { PilotIo } from "../io.ts";
import { namingPolicy, requireName } from "./input.ts";
import { withNexus } from "../session.ts";

/** `spike policy delete`: looks whether it is there and asks, unless it was agreed to before. */
export async function policyDelete(
  deps: PilotIo,
  given: string | undefined,
  { isAgreed, mayAsk }: Consent,
): Promise<void> {
  const name = requireName(given);
  const text = `Are you sure you want to delete policy '${name}'?`;
  // Refused before anything is asked of Nexus: nobody can agree.
  if (!isAgreed && !mayAsk) await confirm(deps, { text, mayAsk });
  await withNexus(deps, async ({ client }) => {
    if (!isAgreed) {
      await requireThere(client, name);
      if (!await confirm(deps, { text, mayAsk })) {
        throw new SpikeError("interrupted", "Operation canceled.", {
          hint: `Policy ${JSON.stringify(name)} was not changed`,
        });
      }
    }
    await namingPolicy(name, () => client.deletePolicy(name));
  });
  deps.stdout.print("Policy deleted successfully.");
}

/** Nobody is asked about what is not there. Who may delete but not read hears of it afterwards. */
async function requireThere(client: Client, name: string): Promise<void> {
  try {
    await namingPolicy(name, () => client.getPolicy(name));
  } catch (error) {
    if (!(error instanceof SpikeError) || error.code !== "access_unauthorized") throw error;
  }
}
