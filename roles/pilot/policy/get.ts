import type { Policy } from "../../../lib/client/mod.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";
import { namingPolicy, requireName } from "./input.ts";
import { withNexus } from "../session.ts";

/** `spike policy get`. */
export async function policyGet(
  deps: PilotIo,
  given: string | undefined,
  format: Format,
): Promise<void> {
  const name = requireName(given);
  const policy = await withNexus(
    deps,
    ({ client }) => namingPolicy(name, () => client.getPolicy(name)),
  );
  await printAs(deps, format, {
    data: (format) => named(policy, format),
    lines: () => toLines(policy),
  });
}

/** The wire's names in JSON, its misspelled one too; in YAML the same in lower case. */
function named(policy: Policy, format: "json" | "yaml"): Readonly<Record<string, unknown>> {
  const { id, name, spiffeidPattern, pathPattern, permissions, createdAt, updatedAt } = policy;
  const rest = { pathPattern, permissions, createdAt, updatedAt };
  if (format === "json") {
    return { id, name, spiffiedPattern: spiffeidPattern, spiffeidPattern, ...rest };
  }
  return Object.fromEntries(
    Object.entries({ id, name, spiffeidPattern, ...rest }).map(([k, v]) => [k.toLowerCase(), v]),
  );
}

function toLines(policy: Policy): string[] {
  return [
    "POLICY DETAILS",
    "==============",
    "",
    `Name: ${policy.name}`,
    `SPIFFE ID Pattern: ${policy.spiffeidPattern}`,
    `Path Pattern: ${policy.pathPattern}`,
    `Permissions: ${policy.permissions.join(", ")}`,
    `Created At: ${policy.createdAt}`,
    `Updated At: ${policy.updatedAt}`,
  ];
}
