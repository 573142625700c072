import type { Expectation } from "../../../lib/client/mod.ts";
import type { PilotIo } from "../io.ts";
import { naming, parsePath, reporting, requireAll } from "./path.ts";
import { withNexus } from "../session.ts";

/** Which versions of what. */
export interface VersionsRequest {
  readonly path: string;
  readonly versions: readonly number[];
  readonly expected: Expectation;
}

/** `spike secret delete`; no versions mean the current one. */
export async function secretDelete(deps: PilotIo, request: VersionsRequest): Promise<void> {
  const path = parsePath(request.path);
  const { versions, expected } = request;
  const { missing = [] } = await withNexus(
    deps,
    ({ client }) =>
      naming(path, 0, () => client.deleteSecret(path, versions, reporting(versions, expected))),
  );
  requireAll(path, versions, { missing, done: "deleted" });
  deps.stdout.print("OK");
}
