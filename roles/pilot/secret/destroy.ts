import type { Expectation } from "../../../lib/client/mod.ts";
import { type Consent, requireConsent } from "../terminal/consent.ts";
import type { PilotIo } from "../io.ts";
import { naming, parsePath, reporting, requireAll } from "./path.ts";
import { withNexus } from "../session.ts";
import type { VersionsRequest } from "./delete.ts";

/** `spike secret destroy`: asks, unless it was agreed to before. */
export async function secretDestroy(
  deps: PilotIo,
  { path: given, versions, expected }: VersionsRequest,
  consent: Consent,
): Promise<void> {
  const path = parsePath(given);
  const which = versions.length === 0 || versions.every((version) => version === 0)
    ? "the current version"
    : `version ${versions.join(", ")}`;
  await requireConsent(deps, `Destroy ${which} of ${path} permanently?`, consent);
  const { missing = [] } = await withNexus(
    deps,
    ({ client }) =>
      naming(path, 0, () => client.destroySecret(path, versions, reporting(versions, expected))),
  );
  requireAll(path, versions, { missing, done: "destroyed" });
  deps.stdout.print("OK");
}

/** `spike secret purge`: asks, unless it was agreed to before. */
export async function secretPurge(
  deps: PilotIo,
  given: string,
  { expected, ...consent }: Consent & { readonly expected: Expectation },
): Promise<void> {
  const path = parsePath(given);
  const question = `Destroy all versions of ${path} and its metadata permanently?`;
  await requireConsent(deps, question, consent);
  await withNexus(deps, ({ client }) => naming(path, 0, () => client.purgeSecret(path, expected)));
  deps.stdout.print("OK");
}
