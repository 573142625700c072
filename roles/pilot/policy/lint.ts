import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import { type Level, LEVELS, lint, type LintFinding } from "../../../lib/policy/lint.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";
import { readLivePolicies, readPolicyFiles } from "./set.ts";
import { withNexus } from "../session.ts";

/** What is looked at, and what is a failure. */
export interface LintRequest {
  /** Files and directories; none for the policies of Nexus. */
  readonly paths: readonly string[];
  /** Findings of this level, or a worse one, let the command fail. */
  readonly failOn: Level | "never";
  readonly format: Format;
}

/** A finding with its place; a policy that is not valid is one, too. */
type Told = Omit<LintFinding, "rule"> & {
  readonly rule: LintFinding["rule"] | "invalid";
  readonly file?: string;
  readonly line?: number;
};

/** Reads the value of `--fail-on`. @throws SpikeError `usage` */
export function parseFailOn(given: string): LintRequest["failOn"] {
  const known = [...LEVELS, "never"] as const;
  const found = known.find((word) => word === given);
  if (found) return found;
  throw new SpikeError(
    "usage",
    `Level is ${quoteValue(given)}, expected ${known.join(", ")}`,
  );
}

/** `spike policy lint`: finds policies that say something else than is meant. */
export async function policyLint(
  deps: PilotIo,
  { paths, failOn, format }: LintRequest,
): Promise<void> {
  const { told, count } = paths.length === 0 ? await lintLive(deps) : await lintFiles(paths);
  await printAs(deps, format, {
    data: () => ({ policies: count, findings: told }),
    lines: () => toLines(told, count),
  });
  const bad = told.filter(({ level }) =>
    failOn !== "never" && LEVELS.indexOf(level) <= LEVELS.indexOf(failOn)
  );
  if (bad.length === 0) return;
  throw new SpikeError(
    "data_invalid_input",
    `${counted(bad.length, "finding")} at or above level ${failOn}`,
    {
      hint: "See docs/policies.md for the rules; --fail-on sets the levels that fail",
    },
  );
}

async function lintLive(deps: PilotIo): Promise<{ told: Told[]; count: number }> {
  const policies = await withNexus(deps, ({ client }) => readLivePolicies(client));
  return { told: lint(policies), count: policies.length };
}

async function lintFiles(paths: readonly string[]): Promise<{ told: Told[]; count: number }> {
  const { policies, faults } = await readPolicyFiles(paths);
  const places = new Map(policies.map(({ policy, file, line }) => [policy.name, { file, line }]));
  const invalid = faults.map(({ message }): Told => ({ level: "error", rule: "invalid", message }));
  const found = lint(policies.map(({ policy }) => policy))
    .map((finding): Told => ({ ...finding, ...places.get(finding.policy ?? "") }));
  return { told: [...invalid, ...found], count: policies.length + faults.length };
}

function toLines(told: readonly Told[], count: number): string[] {
  const worstFirst = LEVELS.flatMap((level) => told.filter((finding) => finding.level === level));
  const lines = worstFirst.map(({ level, rule, policy, file, line, message }) => {
    const place = file === undefined ? "" : `${file}:${line}: `;
    const name = policy === undefined ? "" : ` ${policy}:`;
    return `${place}${level}: [${rule}]${name} ${message}`;
  });
  const numbers = LEVELS.map((level) => {
    return counted(told.filter((finding) => finding.level === level).length, level);
  });
  return [
    ...lines,
    `${count} ${count === 1 ? "policy" : "policies"}: ${numbers.join(", ")}`,
  ];
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
