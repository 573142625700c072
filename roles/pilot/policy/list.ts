import type { PolicyFilter, PolicyName } from "../../../lib/client/mod.ts";
import { SpikeError } from "../../../lib/error/error.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";
import { withNexus } from "../session.ts";

/** `spike policy list`. */
export async function policyList(
  deps: PilotIo,
  filter: PolicyFilter,
  format: Format,
): Promise<void> {
  if (filter.pathPattern !== undefined && filter.spiffeidPattern !== undefined) {
    throw new SpikeError(
      "usage",
      "Flags --path-pattern and --spiffeid-pattern cannot be given together",
      { hint: "Pass one of them" },
    );
  }
  const policies = await withNexus(deps, ({ client }) => client.listPolicies(filter));
  await printAs(deps, format, {
    data: () => policies.map(({ id, name }) => ({ id, name })),
    lines: () => toLines(policies),
  });
}

function toLines(policies: readonly PolicyName[]): string[] {
  if (policies.length === 0) return ["No policies found."];
  return [
    "POLICIES",
    "========",
    "",
    ...policies.flatMap(({ name }) => [`Name: ${name}`, "--------", ""]),
  ];
}
