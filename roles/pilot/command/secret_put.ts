import type { PilotDeps } from "../deps.ts";
import { parsePath } from "../path.ts";
import { withNexus } from "../session.ts";
import { readValues } from "../value.ts";

/** `spike secret put`: everything is checked and read before Nexus is called. */
export async function secretPut(
  deps: PilotDeps,
  given: string,
  pairs: readonly string[],
): Promise<void> {
  const path = parsePath(given);
  const values = await readValues(pairs, deps);
  await withNexus(deps, ({ client }) => client.putSecret(path, values));
  deps.stdout.write("OK\n");
}
