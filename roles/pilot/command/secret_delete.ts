import type { PilotDeps } from "../deps.ts";
import { naming, parsePath } from "../path.ts";
import { withNexus } from "../session.ts";

/** `spike secret delete`; no versions mean the current one. */
export async function secretDelete(
  deps: PilotDeps,
  given: string,
  versions: readonly number[],
): Promise<void> {
  const path = parsePath(given);
  await withNexus(
    deps,
    ({ client }) => naming(path, 0, () => client.deleteSecret(path, versions)),
  );
  deps.stdout.write("OK\n");
}
