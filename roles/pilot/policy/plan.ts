import { type ErrorCode, SpikeError } from "../../../lib/error/error.ts";
import type { Client } from "../../../lib/client/mod.ts";
import { type Policy, unanchoredPatterns } from "../../../lib/policy/policy.ts";
import { confirm } from "../terminal/ask.ts";
import type { PilotIo, TextSink } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";
import { readInput } from "../terminal/input.ts";
import { warnUnanchored } from "./input.ts";
import { joinFaults, type PlacedPolicy, readLivePolicies, readPolicyFiles } from "./set.ts";
import { withNexus } from "../session.ts";

/** What is to be applied, and how. */
export interface PlanRequest {
  /** A file, a directory, or - for standard input. */
  readonly path: string;
  /** Show the plan and change nothing. */
  readonly isDryRun: boolean;
  /** Delete what Nexus has and the files have not. */
  readonly prunes: boolean;
  /** Do not ask before something is deleted. */
  readonly isAgreed: boolean;
  readonly mayAsk: boolean;
  readonly format: Format;
}

type Action = "create" | "update" | "unchanged" | "delete" | "keep";

/** What happens to one policy. */
interface Step {
  readonly action: Action;
  readonly name: string;
  /** Where it stands; absent for what only Nexus has. */
  readonly placed?: PlacedPolicy;
  /** Members that an update changes, from what to what. */
  readonly changes: Readonly<Record<string, { readonly from: string; readonly to: string }>>;
}

/** `spike policy apply -f DIRECTORY`: makes Nexus have the policies of files. Run again, it changes nothing. */
export async function policyPlan(deps: PilotIo, request: PlanRequest): Promise<void> {
  const { path, isDryRun, prunes, mayAsk, format } = request;
  const { policies, faults } = await readPolicyFiles(
    [path],
    (limitBytes) => readInput(deps, { file: path, limitBytes, mayAsk }),
  );
  if (faults.length > 0) throw joinFaults(faults);
  if (policies.length === 0) {
    throw new SpikeError("data_invalid_input", `No policies found in ${JSON.stringify(path)}`, {
      hint: "Policies are read from files named *.yaml or *.yml; see --help",
    });
  }
  warn(policies, deps.stderr);
  await withNexus(deps, async ({ client }) => {
    const plan = planFor(policies, await readLivePolicies(client), prunes);
    if (format === "human") deps.stdout.print(planToLines(plan));
    if (!isDryRun) await askBefore(deps, plan, request);
    const outcome = isDryRun ? undefined : await carryOut(client, plan);
    const failure = outcome?.failure;
    await printAs(deps, format, {
      data: () => ({ applied: !isDryRun && !failure, plan: plan.map((s) => toData(s, outcome)) }),
      lines: () => outcome ? endOf(plan, outcome) : [NOTHING],
    });
    if (failure) throw failure;
  });
}

const NOTHING = "Nothing was changed (--dry-run).";

function warn(policies: readonly PlacedPolicy[], stderr: TextSink): void {
  for (const { policy, file, line } of policies) {
    for (const member of unanchoredPatterns(policy)) {
      warnUnanchored(stderr, policy, member, `${file}:${line}: `);
    }
  }
}

/** New ones first and deletions last, so that nobody loses in between what another policy grants. */
const ORDER: readonly Action[] = ["create", "update", "unchanged", "delete", "keep"];

function planFor(
  wanted: readonly PlacedPolicy[],
  live: readonly Policy[],
  prunes: boolean,
): Step[] {
  const there = new Map(live.map((policy) => [policy.name, policy]));
  const steps = wanted.map((placed): Step => {
    const { name } = placed.policy;
    const before = there.get(name);
    const changes = before ? changesOf(before, placed.policy) : {};
    const isChanged = Object.keys(changes).length > 0;
    return {
      action: !before ? "create" : isChanged ? "update" : "unchanged",
      name,
      placed,
      changes,
    };
  });
  const named = new Set(wanted.map(({ policy }) => policy.name));
  const others = live.filter(({ name }) => !named.has(name)).map(({ name }): Step => {
    return { action: prunes ? "delete" : "keep", name, changes: {} };
  });
  return ORDER.flatMap((action) => [...steps, ...others].filter((step) => step.action === action));
}

function changesOf(before: Policy, after: Policy): Step["changes"] {
  const pairs = (["spiffeidPattern", "pathPattern", "permissions"] as const).map((member) => {
    return [member, { from: textOf(before[member]), to: textOf(after[member]) }] as const;
  });
  return Object.fromEntries(pairs.filter(([, { from, to }]) => from !== to));
}

/** The order of permissions has no meaning. */
function textOf(member: string | readonly string[]): string {
  return typeof member === "string" ? member : [...member].sort().join(", ");
}

/** @throws SpikeError `interrupted` where somebody does not want what is to be deleted to be */
async function askBefore(
  deps: PilotIo,
  plan: readonly Step[],
  { isAgreed, mayAsk }: PlanRequest,
): Promise<void> {
  const doomed = plan.filter(({ action }) => action === "delete").map(({ name }) => `'${name}'`);
  if (doomed.length === 0 || isAgreed) return;
  const text = `Are you sure you want to delete ${doomed.join(", ")}?`;
  if (await confirm(deps, { text, mayAsk })) return;
  throw new SpikeError("interrupted", "Operation canceled.", { hint: "Nothing was changed" });
}

/** How far a plan came. */
interface Outcome {
  readonly done: ReadonlySet<Step>;
  /** Of the first step that failed; those after it were not tried. */
  readonly failure?: SpikeError;
  /** A step that may have been carried out all the same, since its answer was not seen. */
  readonly unsure?: Step;
}

/** Codes after which nobody knows whether the request was carried out. */
const UNSEEN: readonly ErrorCode[] = ["net_peer_connection", "api_internal_error"];

async function carryOut(client: Client, plan: readonly Step[]): Promise<Outcome> {
  const steps = plan.filter(isChange);
  const done = new Set<Step>();
  for (const step of steps) {
    try {
      if (step.action === "delete") await client.deletePolicy(step.name);
      else if (step.placed) await client.putPolicy(step.placed.policy);
    } catch (error) {
      if (!(error instanceof SpikeError)) throw error;
      // One that is to be deleted and is gone is as it was to be.
      if (step.action !== "delete" || error.code !== "api_not_found") {
        const isUnsure = UNSEEN.includes(error.code);
        const failure = stopped(step, error, {
          isUnsure,
          count: `${done.size} of ${steps.length}`,
        });
        return { done, failure, ...(isUnsure ? { unsure: step } : {}) };
      }
    }
    done.add(step);
  }
  return { done };
}

function isChange({ action }: Step): boolean {
  return action === "create" || action === "update" || action === "delete";
}

function stopped(
  { name }: Step,
  cause: SpikeError,
  { isUnsure, count }: { readonly isUnsure: boolean; readonly count: string },
): SpikeError {
  const what = isUnsure ? "may not have been applied" : "was not applied";
  return new SpikeError(cause.code, `Policy '${name}' ${what}: ${cause.message}`, {
    hint: `${count} changes were made; run the command again to continue`,
    cause,
  });
}

/** What was done of a plan and what was not, each change by its name where not all were done. */
function endOf(plan: readonly Step[], { done, failure, unsure }: Outcome): string[] {
  if (!failure) return ["Applied."];
  const named = (title: string, steps: readonly Step[]) =>
    steps.length === 0
      ? []
      : [title, ...steps.map(({ action, name }) => `${SIGNS[action]} ${name}`)];
  const changes = plan.filter(isChange);
  return [
    ...named("Applied:", changes.filter((step) => done.has(step))),
    ...named("Unknown whether applied:", unsure ? [unsure] : []),
    ...named("Not applied:", changes.filter((step) => !done.has(step) && step !== unsure)),
  ];
}

const SIGNS: Readonly<Record<Action, string>> = {
  create: "+ create",
  update: "~ update",
  unchanged: "= unchanged",
  delete: "- delete",
  keep: "  keep",
};

function planToLines(plan: readonly Step[]): string[] {
  const lines = plan.filter(({ action }) => action !== "unchanged" && action !== "keep").flatMap(
    ({ action, name, placed, changes }) => [
      `${SIGNS[action]} ${name}${placed ? `  (${placed.file}:${placed.line})` : ""}`,
      ...Object.entries(changes).flatMap(([member, { from, to }]) => [
        `    ${member}`,
        `      - ${from}`,
        `      + ${to}`,
      ]),
    ],
  );
  const count = (action: Action) => plan.filter((step) => step.action === action).length;
  const kept = count("keep");
  return [
    ...lines,
    `Plan: ${count("create")} to create, ${count("update")} to update, ${
      count("unchanged")
    } unchanged, ${count("delete")} to delete.`,
    ...(kept > 0 ? [`${kept} more in Nexus stay as they are; --prune deletes them.`] : []),
  ];
}

/** A step as data; `done` is there for changes that were to be made, and null where nobody knows. */
function toData(step: Step, outcome: Outcome | undefined): unknown {
  const { action, name, placed, changes } = step;
  const done = step === outcome?.unsure ? null : outcome?.done.has(step);
  return {
    action,
    name,
    ...(outcome && isChange(step) ? { done } : {}),
    ...(placed ? { file: placed.file, line: placed.line } : {}),
    ...(action === "update" ? { changes } : {}),
  };
}
