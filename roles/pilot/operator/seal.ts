import { SpikeError } from "../../../lib/error/error.ts";
import { holdsControls } from "../../../lib/text/printable.ts";
import type { PilotIo } from "../io.ts";
import { withNexus } from "../session.ts";

/** `spike operator seal`: makes Nexus drop its keys. */
export async function operatorSeal(deps: PilotIo, reason: string): Promise<void> {
  if (holdsControls(reason)) {
    throw new SpikeError(
      "data_invalid_input",
      `Reason ${JSON.stringify(reason)} holds a control character, expected text on one line`,
    );
  }
  await withNexus(deps, ({ client }) => client.seal(reason), "superuser");
  deps.stdout.print("Nexus is sealed: it has dropped all keys and accepts none from keepers.");
  deps.stderr.print([
    "It stays sealed after a restart, until `spike operator unseal` or until it receives enough",
    "recovery shards from `spike operator restore`. Keepers still hold their shards.",
  ]);
}

/**
 * `spike operator unseal`: lets keepers bring the root key back. Nexus is asked all the same where it says that it is
 * not sealed: the note of a seal in its store may have outlived it.
 */
export async function operatorUnseal(deps: PilotIo): Promise<void> {
  const before = await withNexus(deps, async ({ client }) => {
    const { state } = await client.status();
    await client.unseal();
    return state;
  }, "superuser");
  if (before !== "sealed") {
    return deps.stdout.print(`Nexus was not sealed: it is ${before}, and nothing was changed.`);
  }
  deps.stdout.print("Nexus is unsealed: it requests the root key from its keepers.");
  deps.stderr.print("See `spike status`.");
}
