import { SpikeError } from "../../../lib/error/error.ts";
import type { PilotIo } from "../io.ts";
import { parsePath, reporting, requireAll } from "./path.ts";
import { withNexus } from "../session.ts";
import type { VersionsRequest } from "./delete.ts";

/** `spike secret undelete`; no versions mean the newest deleted one. */
export async function secretUndelete(
  deps: PilotIo,
  { path: given, versions, expected }: VersionsRequest,
): Promise<void> {
  const path = parsePath(given);
  const { missing = [] } = await withNexus(deps, async ({ client }) => {
    try {
      return await client.undeleteSecret(path, versions, reporting(versions, expected));
    } catch (error) {
      if (!(error instanceof SpikeError) || error.code !== "api_not_found") throw error;
      if (error.reason === "expired") throw error;
      throw new SpikeError(
        "api_not_found",
        `Secret ${JSON.stringify(path)} has no deleted version to restore`,
        { hint: `See \`spike secret history ${path}\``, cause: error },
      );
    }
  });
  requireAll(path, versions, { missing, done: "brought back" });
  deps.stdout.print("OK");
}
