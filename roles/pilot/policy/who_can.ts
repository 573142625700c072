import { parseAskedId, parseWanted } from "../../../lib/access/question.ts";
import type { WhoCan } from "../../../lib/client/mod.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";
import { parsePath } from "../secret/path.ts";
import { asInputError } from "../terminal/report.ts";
import { withNexus } from "../session.ts";

/** What is asked. */
export interface WhoCanQuestion {
  readonly permissions: readonly string[];
  readonly path: string;
  /** SPIFFE IDs to be judged besides. */
  readonly spiffeids: readonly string[];
}

/** `spike policy who-can`: the policies and roles that grant something. */
export async function policyWhoCan(
  deps: PilotIo,
  { permissions, path, spiffeids }: WhoCanQuestion,
  format: Format,
): Promise<void> {
  const question = {
    path: parsePath(path),
    permissions: asInputError(() => parseWanted(permissions)),
    spiffeids: spiffeids.map((id) => asInputError(() => parseAskedId(id))),
  };
  const told = await withNexus(deps, ({ client }) => client.whoCan(question));
  await printAs(deps, format, {
    data: () => ({ path, permissions: question.permissions, ...told }),
    lines: () => toLines(`${question.permissions.join(", ")} on ${path}`, told),
  });
}

function toLines(what: string, { policies, roles, spiffeids }: WhoCan): string[] {
  const blocks = [
    [
      policies.length > 0 ? `Policies that grant ${what}:` : `No policy grants ${what}.`,
      ...policies.flatMap(({ policy, spiffeidPattern, pathPattern, permissions }) => [
        `  ${policy} (${permissions.join(", ")})`,
        `    to    ${spiffeidPattern}`,
        `    where ${pathPattern}`,
      ]),
    ],
    [
      roles.length > 0 ? "Roles that grant it:" : "No role grants it.",
      ...roles.map(({ role, spiffeids }) => `  ${role}: ${spiffeids.join(", ")} (and below)`),
    ],
    spiffeids.length === 0 ? [] : ["Asked about:", ...spiffeids.map(decisionToText)],
  ];
  return blocks.filter((lines) => lines.length > 0)
    .flatMap((lines, i) => i === 0 ? lines : ["", ...lines]);
}

function decisionToText(
  { spiffeid, allowed, by, role, policy }: WhoCan["spiffeids"][number],
): string {
  const why = role ? ` by role ${role}` : policy ? ` by policy ${policy}` : "";
  const none = by === "id" ? ": no rules are made for such an ID" : "";
  return `  ${allowed ? "allowed" : "denied "} ${spiffeid}${why}${none}`;
}
