import type { AccessExplanation, AccessQuestion } from "../../../lib/client/mod.ts";
import { parseQuestion } from "../../../lib/access/question.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";
import { asInputError } from "../terminal/report.ts";
import { withNexus } from "../session.ts";

/** `spike policy explain`: why somebody may do something, or may not. */
export async function policyExplain(
  deps: PilotIo,
  question: AccessQuestion,
  format: Format,
): Promise<void> {
  asInputError(() => parseQuestion(question));
  const told = await withNexus(deps, ({ client }) => client.explainAccess(question));
  await printAs(deps, format, {
    data: () => ({ ...question, ...told }),
    lines: () => toLines(question, told),
  });
}

const LACKS: ReadonlyMap<string, string> = new Map(Object.entries({
  permissions: "applies, but does not grant",
  reserved: "is not anchored, so it does not count on a reserved path",
  path: "is not about this path",
  id: "is not about this ID",
}));

function toLines(
  { spiffeid, path, permissions }: AccessQuestion,
  told: AccessExplanation,
): string[] {
  const { allowed, policies, missing, misses, omitted, reason } = told;
  const lines = [
    `${allowed ? "Allowed" : "Denied"}: ${permissions.join(", ")} on ${path} for ${spiffeid}`,
    `Reason: ${reason}`,
  ];
  if (policies.length > 0) {
    lines.push("", "To deny it, delete all of these:", ...policies.map((name) => `  ${name}`));
  }
  if (!allowed) lines.push("", `Missing: ${missing.join(", ")}`);
  if (misses.length > 0) lines.push("", "Closest policies:", ...misses.map(missToText));
  if (omitted > 0) lines.push(`  … and ${omitted} more`);
  return lines;
}

function missToText({ policy, lacks, missing }: AccessExplanation["misses"][number]): string {
  const what = LACKS.get(lacks) ?? lacks;
  if (lacks === "permissions") return `  ${policy}: ${what} ${missing.join(", ")}`;
  const besides = missing.length > 0 ? `, and does not grant ${missing.join(", ")}` : "";
  return `  ${policy}: ${what}${besides}`;
}
