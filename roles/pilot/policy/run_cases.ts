import { explainAccess } from "../../../lib/access/explain.ts";
import { SpikeError } from "../../../lib/error/error.ts";
import { decodeUtf8 } from "../../../lib/input/utf8.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import { loadSettings, readSettingsFile } from "../../../lib/config/mod.ts";
import { compilePolicy, createPolicySet } from "../../../lib/policy/mod.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";
import { readFile } from "../terminal/input.ts";
import { parseCases, type PolicyCase } from "./cases.ts";
import { inParallel, joinFaults, readPolicyFiles } from "./set.ts";
import { withNexus } from "../session.ts";

const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** What is tested. */
export interface TestRequest {
  /** Files of cases. */
  readonly cases: readonly string[];
  /** Files and directories of policies; none for those of Nexus. */
  readonly policies: readonly string[];
  readonly format: Format;
}

/** What a decision came to; the same from here and from Nexus. */
interface Decided {
  readonly allowed: boolean;
  readonly by: string;
  readonly role?: string;
  readonly policies: readonly string[];
  readonly reason: string;
}

interface Result {
  readonly one: PolicyCase;
  readonly decided: Decided;
  readonly isRight: boolean;
}

/** `spike policy test`: compares decisions with what a file of cases expects. */
export async function policyTest(
  deps: PilotIo,
  { cases: files, policies, format }: TestRequest,
): Promise<void> {
  const cases: PolicyCase[] = [];
  for (const file of files) {
    const bytes = await readFile(file, MAX_FILE_BYTES, `File ${quoteValue(file)}`);
    cases.push(...parseCases(file, decodeUtf8(bytes, `File ${quoteValue(file)}`)));
  }
  const decided = policies.length > 0
    ? await decideHere(deps, cases, policies)
    : await decideThere(deps, cases);
  const results = cases.map((one, i): Result => {
    const decision = decided[i];
    if (!decision) throw new Error("a case was not decided");
    return { one, decided: decision, isRight: isAsExpected(one, decision) };
  });
  await printAs(deps, format, { data: () => results.map(toData), lines: () => toLines(results) });
  const wrong = results.filter(({ isRight }) => !isRight).length;
  if (wrong === 0) return;
  throw new SpikeError("data_invalid_input", `${wrong} of ${results.length} cases failed`, {
    hint: "See `spike policy explain` and `spike policy who-can`",
  });
}

/** By the policies of files, and by the trust roots that are configured here. */
async function decideHere(
  { env }: PilotIo,
  cases: readonly PolicyCase[],
  paths: readonly string[],
): Promise<Decided[]> {
  const { policies, faults } = await readPolicyFiles(paths);
  if (faults.length > 0) throw joinFaults(faults);
  const file = await readSettingsFile("pilot", { env });
  const { trustRoots } = loadSettings({ role: "pilot", env, ...(file && { file }) });
  const set = createPolicySet(policies.map(({ policy }) => compilePolicy(policy)));
  return cases.map(({ question }) => explainAccess(set, question, trustRoots));
}

async function decideThere(deps: PilotIo, cases: readonly PolicyCase[]): Promise<Decided[]> {
  return await withNexus(
    deps,
    ({ client }) =>
      inParallel(
        cases,
        ({ question: { id, path, wanted } }) =>
          client.explainAccess({ spiffeid: id, path, permissions: wanted }),
      ),
  );
}

function isAsExpected({ allowed, by }: PolicyCase, decided: Decided): boolean {
  if (decided.allowed !== allowed) return false;
  if (by === undefined) return true;
  const role = /^role:(.*)$/.exec(by)?.[1];
  return role === undefined
    ? decided.policies.includes(by)
    : decided.by === "role" && decided.role === role;
}

function toLines(results: readonly Result[]): string[] {
  const wrong = results.filter(({ isRight }) => !isRight);
  const lines = wrong.flatMap(({ one, decided }) => [
    `FAIL ${one.file}:${one.line}: ${
      one.question.wanted.join(", ")
    } on ${one.question.path} for ${one.question.id}`,
    `  - expected: ${expectationOf(one)}`,
    `  + decided:  ${decided.allowed ? "allowed" : "denied"}: ${decided.reason}`,
  ]);
  const summary = `${results.length} ${results.length === 1 ? "case" : "cases"}: ${
    results.length - wrong.length
  } as expected, ${wrong.length} not`;
  return [...lines, summary];
}

function expectationOf({ allowed, by }: PolicyCase): string {
  return `${allowed ? "allowed" : "denied"}${by === undefined ? "" : ` by ${by}`}`;
}

function toData({ one, decided, isRight }: Result): unknown {
  const { file, line, question, allowed, by } = one;
  return {
    file,
    line,
    id: question.id,
    path: question.path,
    permissions: question.wanted,
    passed: isRight,
    expected: { allowed, ...(by === undefined ? {} : { by }) },
    decided: {
      allowed: decided.allowed,
      by: decided.by,
      ...(decided.role === undefined ? {} : { role: decided.role }),
      policies: decided.policies,
      reason: decided.reason,
    },
  };
}
