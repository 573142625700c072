import type { Command } from "commander";
import type { PilotDeps } from "../deps.ts";
import { parseFormat } from "../format.ts";
import { example, FORMAT, type FormatOption, mayAsk, NO_INPUT_OPTION } from "./shared.ts";

interface GetOptions extends FormatOption {
  readonly version: string;
}

interface VersionsOption {
  readonly versions?: string;
}

const ONE_VERSION = ["-v, --version <number>", "version, 0 for the current one", "0"] as const;

const PUT_VALUES = `
Values:
  key=value   the value itself (others can see it in the list of processes)
  key=-       standard input, to its end
  key=@file   a file's content
Bytes are kept exactly, a trailing newline too.`;

/** `spike secret put`, and the hidden `spike put`. */
export function addPut(command: Command, deps: PilotDeps): void {
  command
    .description("write a new version of a secret")
    .argument("<path>", "where the secret is kept")
    .argument("<pairs...>", "one or more key=value")
    .addHelpText("after", PUT_VALUES)
    .addHelpText(
      "after",
      example("spike secret put tenants/acme/db user=ada password=@password.txt"),
    )
    .option(...NO_INPUT_OPTION)
    .action(async (path: string, pairs: string[], _options: unknown, command: Command) => {
      const { secretPut } = await import("../command/secret_put.ts");
      await secretPut(deps, { path, pairs, mayAsk: mayAsk(command) });
    });
}

/** `spike secret get`, and the hidden `spike get`. */
export function addGet(command: Command, deps: PilotDeps): void {
  command
    .description("print a secret, or one of its values")
    .argument("<path>", "where the secret is kept")
    .argument("[key]", "print only this key's value")
    .option(...ONE_VERSION)
    .option(...FORMAT)
    .addHelpText("after", example("spike secret get tenants/acme/db password"))
    .action(async (path: string, key: string | undefined, options: GetOptions) => {
      const format = parseFormat(options.format);
      const { parseVersion } = await import("../path.ts");
      const { secretGet } = await import("../command/secret_get.ts");
      await secretGet(deps, { path, key, version: parseVersion(options.version), format });
    });
}

function addList(command: Command, deps: PilotDeps): void {
  command
    .description("print the paths of all secrets")
    .option(...FORMAT)
    .addHelpText("after", example("spike secret list --format json"))
    .action(async (options: FormatOption) => {
      const format = parseFormat(options.format);
      const { secretList } = await import("../command/secret_list.ts");
      await secretList(deps, format);
    });
}

function addDelete(command: Command, deps: PilotDeps): void {
  command
    .description("delete versions so that they can still be brought back")
    .argument("<path>", "where the secret is kept")
    .option("-v, --versions <list>", "comma-separated versions (default: the current one)")
    .addHelpText("after", example("spike secret delete tenants/acme/db --versions 1,2"))
    .action(async (path: string, options: VersionsOption) => {
      const { parseVersions } = await import("../path.ts");
      const versions = options.versions === undefined ? [] : parseVersions(options.versions);
      const { secretDelete } = await import("../command/secret_delete.ts");
      await secretDelete(deps, path, versions);
    });
}

function addUndelete(command: Command, deps: PilotDeps): void {
  command
    .description("bring deleted versions back")
    .argument("<path>", "where the secret is kept")
    .option("-v, --versions <list>", "comma-separated versions (default: the newest deleted one)")
    .addHelpText("after", example("spike secret undelete tenants/acme/db"))
    .action(async (path: string, options: VersionsOption) => {
      const { parseVersions } = await import("../path.ts");
      const versions = options.versions === undefined ? [] : parseVersions(options.versions);
      const { secretUndelete } = await import("../command/secret_undelete.ts");
      await secretUndelete(deps, path, versions);
    });
}

function addMetadataGet(command: Command, deps: PilotDeps): void {
  command
    .description("print a secret's versions and their times")
    .argument("<path>", "where the secret is kept")
    .option(...ONE_VERSION)
    .option(...FORMAT)
    .addHelpText("after", example("spike secret metadata get tenants/acme/db"))
    .action(async (path: string, options: GetOptions) => {
      const format = parseFormat(options.format);
      const { parseVersion } = await import("../path.ts");
      const { secretMetadata } = await import("../command/secret_metadata.ts");
      await secretMetadata(deps, { path, version: parseVersion(options.version), format });
    });
}

/** `spike secret …`. */
export function addSecret(secret: Command, deps: PilotDeps): void {
  secret.description("write, read and delete secrets");
  addPut(secret.command("put"), deps);
  addGet(secret.command("get"), deps);
  addList(secret.command("list"), deps);
  addDelete(secret.command("delete"), deps);
  addUndelete(secret.command("undelete"), deps);
  const metadata = secret.command("metadata").description("what is known besides the values");
  addMetadataGet(metadata.command("get"), deps);
}
