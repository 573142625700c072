import type { Command } from "commander";
import type { ApplyFlags } from "./put.ts";
import type { PilotIo } from "../io.ts";
import { parseFormat } from "../terminal/format.ts";
import type { PolicyFlags } from "./input.ts";
import { example, FORMAT, type FormatOption, mayAsk, NO_INPUT_OPTION } from "../terminal/option.ts";

interface FilterOptions extends FormatOption {
  readonly pathPattern?: string;
  readonly spiffeidPattern?: string;
}

interface NameOption {
  readonly name?: string;
}

interface DeleteOptions extends NameOption {
  readonly yes?: boolean;
}

const NAME = ["--name <name>", "Name of the policy, if not given as argument"] as const;

function addFields(command: Command): Command {
  return command
    .option("--name <name>", "Name of the policy")
    .option("--path-pattern <regex>", "Paths that the policy applies to")
    .option("--spiffeid-pattern <regex>", "SPIFFE IDs that the policy applies to")
    .option("--permissions <list>", "Comma-separated: read, write, list, execute, admin, super");
}

const PATTERNS = `
Patterns are RE2 regular expressions; they match anywhere in the text unless anchored by ^ and $.`;

function addCreate(command: Command, deps: PilotIo): void {
  addFields(command.description("Create a policy; fail if the name is in use"))
    .addHelpText("after", PATTERNS)
    .addHelpText(
      "after",
      example(
        "spike policy create --name acme-web --path-pattern '^tenants/acme/db/.*$' \\",
        "    --spiffeid-pattern '^spiffe://example\\.org/acme/web$' --permissions read,list",
      ),
    )
    .action(async (flags: PolicyFlags) => {
      const { policyCreate } = await import("./put.ts");
      await policyCreate(deps, flags);
    });
}

const POLICY_FILE = `
A file has exactly these keys. Put patterns in single quotes:
  name: acme-web
  spiffeidPattern: '^spiffe://example\\.org/acme/web$'
  pathPattern: '^tenants/acme/db/.*$'
  permissions: [read, list]`;

const POLICY_FILES =
  "A directory is read for *.yaml and *.yml, one policy per document. Nothing is written if any\n" +
  "policy is invalid. Policies that are already as described are not written again.";

function addApply(command: Command, deps: PilotIo): void {
  addFields(command.description("Create policies or replace those with the same name"))
    .option(
      "-f, --file <path>",
      "YAML file or directory; - for standard input",
    )
    .option("--dry-run", "Print the changes that --file would make, and write nothing")
    .option("--prune", "Delete policies that --file does not contain")
    .option("-y, --yes", "Delete without confirmation")
    .option("--format <format>", "Output format: human, json or yaml", "human")
    .option(...NO_INPUT_OPTION)
    .addHelpText("after", POLICY_FILE)
    .addHelpText("after", POLICY_FILES)
    .addHelpText("after", example("spike policy apply -f policies/ --prune --dry-run"))
    .action(async (flags: ApplyFlags, command: Command) => {
      const { policyApply } = await import("./put.ts");
      await policyApply(deps, flags, mayAsk(command));
    });
}

function addList(command: Command, deps: PilotIo): void {
  command
    .description("List the names of policies")
    .option("--path-pattern <regex>", "List only policies with exactly this path pattern")
    .option("--spiffeid-pattern <regex>", "List only policies with exactly this SPIFFE ID pattern")
    .option(...FORMAT)
    .addHelpText("after", example("spike policy list --path-pattern '^tenants/acme/.*$'"))
    .action(async ({ format, ...filter }: FilterOptions) => {
      const parsed = parseFormat(format);
      const { policyList } = await import("./list.ts");
      await policyList(deps, filter, parsed);
    });
}

function addGet(command: Command, deps: PilotIo): void {
  command
    .description("Print a policy")
    .argument("[name]", "Name of the policy")
    .option(...NAME)
    .option(...FORMAT)
    .addHelpText("after", example("spike policy get acme-web"))
    .action(async (name: string | undefined, options: NameOption & FormatOption) => {
      const format = parseFormat(options.format);
      const { policyGet } = await import("./get.ts");
      await policyGet(deps, name ?? options.name, format);
    });
}

function addDelete(command: Command, deps: PilotIo): void {
  command
    .description("Delete a policy, after confirmation")
    .argument("[name]", "Name of the policy")
    .option(...NAME)
    .option("-y, --yes", "Do not ask for confirmation")
    .option(...NO_INPUT_OPTION)
    .addHelpText("after", "\nIf standard input is not a terminal, its first line is the answer.")
    .addHelpText("after", example("spike policy delete acme-web --yes"))
    .action(async (name: string | undefined, options: DeleteOptions, command: Command) => {
      const { policyDelete } = await import("./delete.ts");
      const isAgreed = options.yes === true;
      await policyDelete(deps, name ?? options.name, { isAgreed, mayAsk: mayAsk(command) });
    });
}

interface ExplainOptions extends FormatOption {
  readonly permissions: string;
}

/** Words of a comma-separated list. */
function words(list: string): string[] {
  return list.split(",").map((word) => word.trim()).filter((word) => word !== "");
}

function addExplain(command: Command, deps: PilotIo): void {
  command
    .description(
      "Explain an access decision: the policy or role that allows it, or what is missing",
    )
    .argument("<spiffeid>", "SPIFFE ID of the caller")
    .argument("<path>", "Path of a secret, or a reserved path such as spike/system/acl")
    .option("-p, --permissions <list>", "Comma-separated: read, write, list, execute", "read")
    .option(...FORMAT)
    .addHelpText("after", ASKING)
    .addHelpText(
      "after",
      example("spike policy explain spiffe://example.org/acme/web tenants/acme/db -p read"),
    )
    .action(async (spiffeid: string, path: string, options: ExplainOptions) => {
      const format = parseFormat(options.format);
      const { policyExplain } = await import("./explain.ts");
      const permissions = words(options.permissions);
      await policyExplain(deps, { spiffeid, path, permissions }, format);
    });
}

const ASKING = "\nRequires read permission on policies: role superuser or admin, or a policy.";

function addWhoCan(command: Command, deps: PilotIo): void {
  command
    .description("List the policies and roles that grant permissions on a path")
    .argument("<permissions>", "Comma-separated: read, write, list, execute")
    .argument("<path>", "Path of a secret, or a reserved path such as spike/system/acl")
    .argument("[spiffeids...]", "SPIFFE IDs to evaluate")
    .option(...FORMAT)
    .addHelpText("after", ASKING)
    .addHelpText("after", example("spike policy who-can read tenants/acme/db"))
    .action(async (list: string, path: string, spiffeids: string[], options: FormatOption) => {
      const format = parseFormat(options.format);
      const { policyWhoCan } = await import("./who_can.ts");
      await policyWhoCan(deps, { permissions: words(list), path, spiffeids }, format);
    });
}

interface LintOptions extends FormatOption {
  readonly failOn: string;
}

const RULES = `
Rules: never (matches nothing), invalid, unanchored, dot (any character in the trust domain),
reserved (matches reserved paths), duplicate, shadowed, overlapping; unread and unfinished
report what was not compared. Findings are exact, not heuristic; see docs/policies.md.`;

function addLint(command: Command, deps: PilotIo): void {
  command
    .description("Find likely mistakes in policies")
    .argument("[paths...]", "YAML files and directories (default: policies in Nexus)")
    .option("--fail-on <level>", "Lowest level that fails: error, warning, note, or never", "error")
    .option(...FORMAT)
    .addHelpText("after", RULES)
    .addHelpText("after", example("spike policy lint policies/ --fail-on warning"))
    .action(async (paths: string[], options: LintOptions) => {
      const format = parseFormat(options.format);
      const { parseFailOn, policyLint } = await import("./lint.ts");
      await policyLint(deps, { paths, failOn: parseFailOn(options.failOn), format });
    });
}

interface TestOptions extends FormatOption {
  readonly policies: string[];
}

const CASES = `
A file is a list of cases. The key by is optional: the name of a policy, or role:NAME:
  - id: spiffe://example.org/acme/web
    path: tenants/acme/db
    permissions: [read, list]
    allowed: true
    by: acme-web`;

function addTest(command: Command, deps: PilotIo): void {
  command
    .description("Test access decisions against expected results")
    .argument("<cases...>", "YAML files of test cases")
    .option(
      "--policies <path>",
      "Evaluate these files or directories instead of the policies in Nexus (repeatable)",
      (path: string, before: string[]) => [...before, path],
      [] as string[],
    )
    .option(...FORMAT)
    .addHelpText("after", CASES)
    .addHelpText("after", example("spike policy test cases.yaml --policies policies/"))
    .action(async (cases: string[], { policies, ...options }: TestOptions) => {
      const format = parseFormat(options.format);
      const { policyTest } = await import("./run_cases.ts");
      await policyTest(deps, { cases, policies, format });
    });
}

/** `spike policy …`. */
export function addPolicy(policy: Command, deps: PilotIo): void {
  policy.description("Manage and evaluate access policies");
  addCreate(policy.command("create"), deps);
  addApply(policy.command("apply"), deps);
  addList(policy.command("list"), deps);
  addGet(policy.command("get"), deps);
  addDelete(policy.command("delete"), deps);
  addExplain(policy.command("explain"), deps);
  addWhoCan(policy.command("who-can"), deps);
  addLint(policy.command("lint"), deps);
  addTest(policy.command("test"), deps);
}
