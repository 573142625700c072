/**
 * The command tree. Only this is loaded to print help; what a command does is loaded when it runs.
 */
import { Command } from "commander";
import { VERSION } from "../../lib/version.ts";
import type { PilotDeps } from "./deps.ts";
import { parseFormat } from "./format.ts";

interface FormatOption {
  readonly format: string;
}

interface GetOptions extends FormatOption {
  readonly version: string;
}

interface VersionsOption {
  readonly versions?: string;
}

const FORMAT = ["-f, --format <format>", "human, json or yaml", "human"] as const;
const ONE_VERSION = ["-v, --version <number>", "version, 0 for the current one", "0"] as const;

/** An example that works, under a command's help. */
function example(...lines: string[]): string {
  return `\nExample:\n${lines.map((line) => `  $ ${line}\n`).join("")}`;
}

const PUT_VALUES = `
Values:
  key=value   the value itself (others can see it in the list of processes)
  key=-       standard input, to its end
  key=@file   a file's content
Bytes are kept exactly, a trailing newline too.`;

function addPut(command: Command, deps: PilotDeps): Command {
  return command
    .description("write a new version of a secret")
    .argument("<path>", "where the secret is kept")
    .argument("<pairs...>", "one or more key=value")
    .addHelpText("after", PUT_VALUES)
    .addHelpText(
      "after",
      example("spike secret put tenants/acme/db user=ada password=@password.txt"),
    )
    .action(async (path: string, pairs: string[]) => {
      const { secretPut } = await import("./command/secret_put.ts");
      await secretPut(deps, path, pairs);
    });
}

function addGet(command: Command, deps: PilotDeps): Command {
  return command
    .description("print a secret, or one of its values")
    .argument("<path>", "where the secret is kept")
    .argument("[key]", "print only this key's value")
    .option(...ONE_VERSION)
    .option(...FORMAT)
    .addHelpText("after", example("spike secret get tenants/acme/db password"))
    .action(async (path: string, key: string | undefined, options: GetOptions) => {
      const format = parseFormat(options.format);
      const { parseVersion } = await import("./path.ts");
      const { secretGet } = await import("./command/secret_get.ts");
      await secretGet(deps, { path, key, version: parseVersion(options.version), format });
    });
}

function addList(command: Command, deps: PilotDeps): Command {
  return command
    .description("print the paths of all secrets")
    .option(...FORMAT)
    .addHelpText("after", example("spike secret list --format json"))
    .action(async (options: FormatOption) => {
      const format = parseFormat(options.format);
      const { secretList } = await import("./command/secret_list.ts");
      await secretList(deps, format);
    });
}

function addDelete(command: Command, deps: PilotDeps): Command {
  return command
    .description("delete versions so that they can still be brought back")
    .argument("<path>", "where the secret is kept")
    .option("-v, --versions <list>", "comma-separated versions (default: the current one)")
    .addHelpText("after", example("spike secret delete tenants/acme/db --versions 1,2"))
    .action(async (path: string, options: VersionsOption) => {
      const { parseVersions } = await import("./path.ts");
      const versions = options.versions === undefined ? [] : parseVersions(options.versions);
      const { secretDelete } = await import("./command/secret_delete.ts");
      await secretDelete(deps, path, versions);
    });
}

function addUndelete(command: Command, deps: PilotDeps): Command {
  return command
    .description("bring deleted versions back")
    .argument("<path>", "where the secret is kept")
    .option("-v, --versions <list>", "comma-separated versions (default: the newest deleted one)")
    .addHelpText("after", example("spike secret undelete tenants/acme/db"))
    .action(async (path: string, options: VersionsOption) => {
      const { parseVersions } = await import("./path.ts");
      const versions = options.versions === undefined ? [] : parseVersions(options.versions);
      const { secretUndelete } = await import("./command/secret_undelete.ts");
      await secretUndelete(deps, path, versions);
    });
}

function addMetadataGet(command: Command, deps: PilotDeps): Command {
  return command
    .description("print a secret's versions and their times")
    .argument("<path>", "where the secret is kept")
    .option(...ONE_VERSION)
    .option(...FORMAT)
    .addHelpText("after", example("spike secret metadata get tenants/acme/db"))
    .action(async (path: string, options: GetOptions) => {
      const format = parseFormat(options.format);
      const { parseVersion } = await import("./path.ts");
      const { secretMetadata } = await import("./command/secret_metadata.ts");
      await secretMetadata(deps, { path, version: parseVersion(options.version), format });
    });
}

function addRecover(command: Command, deps: PilotDeps): Command {
  return command
    .description("export the shards of the root key (needs the recover role)")
    .addHelpText(
      "after",
      "\nOne file per shard goes to ~/.spike/recover, or to the directory `recover` below\n" +
        "SPIKE_PILOT_RECOVERY_DIR. Do this before a disaster, and again when the shards change.",
    )
    .addHelpText("after", example("SPIKE_PILOT_RECOVERY_DIR=/media/key spike operator recover"))
    .action(async () => {
      const { operatorRecover } = await import("./command/operator_recover.ts");
      await operatorRecover(deps);
    });
}

function addRestore(command: Command, deps: PilotDeps): Command {
  return command
    .description("hand one recovery shard to Nexus (needs the restore role)")
    .addHelpText(
      "after",
      "\nThe shard is read from standard input, hidden when that is a terminal.",
    )
    .addHelpText("after", example("spike operator restore < spike.recovery.1.txt"))
    .action(async () => {
      const { operatorRestore } = await import("./command/operator_restore.ts");
      await operatorRestore(deps);
    });
}

function addStatus(command: Command, deps: PilotDeps): Command {
  return command
    .description("tell whether Nexus is ready, and how its keepers are")
    .option(...FORMAT)
    .addHelpText("after", "\nEnds with 0 when Nexus is ready, else with 6.")
    .addHelpText("after", example("spike status"))
    .action(async (options: FormatOption) => {
      const format = parseFormat(options.format);
      const { status } = await import("./command/status.ts");
      await status(deps, format);
    });
}

function addVersion(command: Command, deps: PilotDeps): Command {
  return command
    .description("print the version of this program")
    .option(...FORMAT)
    .addHelpText("after", example("spike version"))
    .action(async (options: FormatOption) => {
      const format = parseFormat(options.format);
      const { version } = await import("./command/version.ts");
      await version(deps, format);
    });
}

const EPILOGUE = `
Servers (each with its own --help):
  spike nexus | keeper | bootstrap | dev

Exit codes: 0 done, 1 usage or local, 2 refused, 3 denied, 4 not found, 5 conflict,
6 not ready or unreachable, 130 interrupted.
${
  example(
    "spike secret put tenants/acme/db user=ada password=@password.txt",
    "spike secret get tenants/acme/db user",
  )
}`;

/** Makes the whole tree. Nothing ends the process: what goes wrong is thrown. */
export function createProgram(deps: PilotDeps): Command {
  const program = new Command("spike")
    .description("SPIKE keeps secrets; who you are is what your SPIFFE identity says.")
    .version(`spike ${VERSION}`, "-V, --version", "print the version of this program")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => deps.stdout.write(text),
      writeErr: (text) => deps.stderr.write(text),
      // Told once, by the caller, in the manner of all other errors.
      outputError: () => {},
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .helpCommand("help [command]", "print help")
    .addHelpText("after", EPILOGUE);
  const secret = program.command("secret").description("write, read and delete secrets");
  addPut(secret.command("put"), deps);
  addGet(secret.command("get"), deps);
  addList(secret.command("list"), deps);
  addDelete(secret.command("delete"), deps);
  addUndelete(secret.command("undelete"), deps);
  const metadata = secret.command("metadata").description("what is known besides the values");
  addMetadataGet(metadata.command("get"), deps);
  const operator = program.command("operator").description("save and restore the root key");
  addRecover(operator.command("recover"), deps);
  addRestore(operator.command("restore"), deps);
  addStatus(program.command("status"), deps);
  addVersion(program.command("version"), deps);
  addPut(program.command("put", { hidden: true }), deps);
  addGet(program.command("get", { hidden: true }), deps);
  addRecover(program.command("recover", { hidden: true }), deps);
  addRestore(program.command("restore", { hidden: true }), deps);
  return program;
}
