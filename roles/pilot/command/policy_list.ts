import type { PolicyFilter, PolicyName } from "../../../lib/client/mod.ts";
import { SpikeError } from "../../../lib/api/error.ts";
import type { PilotDeps } from "../deps.ts";
import { type Format, render } from "../format.ts";
import { withNexus } from "../session.ts";

/** `spike policy list`. */
export async function policyList(
  deps: PilotDeps,
  filter: PolicyFilter,
  format: Format,
): Promise<void> {
  if (filter.pathPattern !== undefined && filter.spiffeidPattern !== undefined) {
    throw new SpikeError(
      "usage",
      "Flags --path-pattern and --spiffeid-pattern cannot be given together",
      { hint: "Nexus filters by one of them" },
    );
  }
  const policies = await withNexus(deps, ({ client }) => client.listPolicies(filter));
  deps.stdout.write(await toText(policies, format));
}

async function toText(policies: readonly PolicyName[], format: Format): Promise<string> {
  if (format !== "human") {
    const named = policies.map(({ id, name }) => ({ id, name }));
    return `${await render(named, format, 2)}\n`;
  }
  if (policies.length === 0) return "No policies found.\n";
  return `POLICIES\n========\n\n${
    policies.map(({ name }) => `Name: ${name}\n--------\n\n`).join("")
  }`;
}
