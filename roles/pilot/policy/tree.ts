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

const NAME = ["--name <name>", "its name, if not given as argument"] as const;

function addFields(command: Command): Command {
  return command
    .option("--name <name>", "its name")
    .option("--path-pattern <regex>", "which paths it is about")
    .option("--spiffeid-pattern <regex>", "whom it is for")
    .option("--permissions <list>", "read, write, list, execute, admin, super; comma-separated");
}

const PATTERNS = `
Patterns are RE2 and match anywhere in the text unless they are anchored with ^ and $.`;

function addCreate(command: Command, deps: PilotIo): void {
  addFields(command.description("make a policy whose name is not in use"))
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
A file has exactly these keys, patterns in single quotes:
  name: acme-web
  spiffeidPattern: '^spiffe://example\\.org/acme/web$'
  pathPattern: '^tenants/acme/db/.*$'
  permissions: [read, list]`;

const POLICY_FILES =
  "In a directory every *.yaml and *.yml is read, one policy in each document; nothing is done\n" +
  "if one of them is not valid, and nothing again the second time.";

function addApply(command: Command, deps: PilotIo): void {
  addFields(command.description("make policies, or replace those of the same name"))
    .option(
      "-f, --file <path>",
      "take it from a YAML file, - for standard input, or all of a directory",
    )
    .option("--dry-run", "show what would be done to what --file names, and do nothing")
    .option("--prune", "delete the policies that are not there")
    .option("-y, --yes", "do not ask before something is deleted")
    .option("--format <format>", "human, json or yaml", "human")
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
    .description("print the names of all policies")
    .option("--path-pattern <regex>", "only those with exactly this path pattern")
    .option("--spiffeid-pattern <regex>", "only those with exactly this SPIFFE ID pattern")
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
    .description("print a policy")
    .argument("[name]", "its name")
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
    .description("delete a policy, after asking")
    .argument("[name]", "its name")
    .option(...NAME)
    .option("-y, --yes", "do not ask")
    .option(...NO_INPUT_OPTION)
    .addHelpText("after", "\nWhere standard input is no terminal, its first line is the answer.")
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
    .description("say which policy or role decides, or what exactly is missing")
    .argument("<spiffeid>", "who")
    .argument("<path>", "where: a secret's path, or a reserved one such as spike/system/acl")
    .option("-p, --permissions <list>", "read, write, list, execute; comma-separated", "read")
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

const ASKING = "\nNexus answers those who may read policies: superuser, admin, or by a policy.";

function addWhoCan(command: Command, deps: PilotIo): void {
  command
    .description("print the policies and roles that grant something")
    .argument("<permissions>", "read, write, list, execute; comma-separated")
    .argument("<path>", "where: a secret's path, or a reserved one such as spike/system/acl")
    .argument("[spiffeids...]", "IDs of which to say whether they may")
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
Rules: never (finds nothing), invalid, unanchored, dot (any character in the trust domain),
reserved (reaches the system's own paths), duplicate, shadowed, overlapping; and unread and
unfinished for what was not compared. What is told is proven; see docs/policies.md.`;

function addLint(command: Command, deps: PilotIo): void {
  command
    .description("find policies that say something else than is meant")
    .argument("[paths...]", "YAML files and directories (default: the policies of Nexus)")
    .option("--fail-on <level>", "fail for error, warning, note, or never", "error")
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
A file is a list of cases; by is optional, a policy or role:NAME:
  - id: spiffe://example.org/acme/web
    path: tenants/acme/db
    permissions: [read, list]
    allowed: true
    by: acme-web`;

function addTest(command: Command, deps: PilotIo): void {
  command
    .description("compare decisions with what files of cases expect")
    .argument("<cases...>", "YAML files of cases")
    .option(
      "--policies <path>",
      "decide by these files or directories instead of asking Nexus; may be repeated",
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
  policy.description("say who may do what to which secrets");
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
