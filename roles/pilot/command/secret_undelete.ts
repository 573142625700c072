import { SpikeError } from "../../../lib/api/error.ts";
import type { PilotDeps } from "../deps.ts";
import { parsePath } from "../path.ts";
import { withNexus } from "../session.ts";

/** `spike secret undelete`; no versions mean the newest deleted one. */
export async function secretUndelete(
  deps: PilotDeps,
  given: string,
  versions: readonly number[],
): Promise<void> {
  const path = parsePath(given);
  await withNexus(deps, async ({ client }) => {
    try {
      await client.undeleteSecret(path, versions);
    } catch (error) {
      if (!(error instanceof SpikeError) || error.code !== "api_not_found") throw error;
      throw new SpikeError(
        "api_not_found",
        `Secret ${JSON.stringify(path)} has no deleted version that could be brought back`,
        { hint: "See `spike secret metadata get`", cause: error },
      );
    }
  });
  deps.stdout.write("OK\n");
}
