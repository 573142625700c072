import type { Command } from "commander";
import type { PilotIo } from "../io.ts";
import { parseFormat } from "../terminal/format.ts";
import {
  CAS,
  type CasOption,
  ONE_VERSION,
  parseWhich,
  VERSIONS,
  type VersionsOption,
} from "./option.ts";
import { addMetadataGet, addMetadataSet } from "./metadata_tree.ts";
import { addDestroy, addDiff, addHistory, addPurge, addTransfer } from "./version_tree.ts";
import { example, FORMAT, type FormatOption, mayAsk, NO_INPUT_OPTION } from "../terminal/option.ts";

interface GetOptions extends FormatOption {
  readonly version: string;
  readonly out?: string;
}

interface ListOptions extends FormatOption {
  readonly level?: boolean;
  readonly long?: boolean;
}

const PUT_VALUES = `
Values:
  key=value   The value itself (visible to other users in the process list)
  key=-       Standard input; at a terminal, one line that is not echoed
  key=@file   The content of a file
Bytes are stored exactly, including a trailing newline. A value does not have to be text.`;

/** `spike secret put`, and the hidden `spike put`. */
export function addPut(command: Command, deps: PilotIo): void {
  command
    .description("Write a new version of a secret")
    .argument("<path>", "Path of the secret")
    .argument("<pairs...>", "One or more key=value pairs")
    .addHelpText("after", PUT_VALUES)
    .addHelpText(
      "after",
      example("spike secret put tenants/acme/db user=ada password=@password.txt"),
    )
    .option(...CAS)
    .option(...NO_INPUT_OPTION)
    .action(async (path: string, pairs: string[], { cas }: CasOption, command: Command) => {
      const { parseExpected } = await import("./path.ts");
      const { secretPut } = await import("./put.ts");
      const expected = parseExpected(cas);
      await secretPut(deps, { path, pairs, expected, mayAsk: mayAsk(command) });
    });
}

/** `spike secret get`, and the hidden `spike get`. */
export function addGet(command: Command, deps: PilotIo): void {
  command
    .description("Print a secret or one of its values")
    .argument("<path>", "Path of the secret")
    .argument("[key]", "Print only the value of this key")
    .option(...ONE_VERSION)
    .option(
      "-o, --out <file>",
      "Write the exact bytes of the value to a file; - for standard output",
    )
    .option(...FORMAT)
    .addHelpText(
      "after",
      example(
        "spike secret get tenants/acme/db password",
        "spike secret get tenants/acme/tls key --out key.der",
      ),
    )
    .action(async (path: string, key: string | undefined, options: GetOptions) => {
      const { out } = options;
      const format = parseFormat(options.format);
      const { parseVersion } = await import("./path.ts");
      const { secretGet } = await import("./get.ts");
      await secretGet(deps, { path, key, version: parseVersion(options.version), format, out });
    });
}

function addList(command: Command, deps: PilotIo): void {
  command
    .description("List the paths of secrets")
    .argument("[prefix]", "List only paths that start with this prefix")
    .option("-1, --level", "List one level; deeper paths appear as folders that end with /")
    .option("-l, --long", "In json and yaml, report for each path whether it has expired")
    .option(...FORMAT)
    .addHelpText("after", example("spike secret list tenants/ --level"))
    .action(async (prefix: string | undefined, options: ListOptions) => {
      const format = parseFormat(options.format);
      const { secretList } = await import("./list.ts");
      const [isOneLevel, isLong] = [options.level === true, options.long === true];
      await secretList(deps, { prefix, isOneLevel, isLong, format });
    });
}

function addDelete(command: Command, deps: PilotIo): void {
  command
    .description("Remove versions of a secret; undelete restores them")
    .argument("<path>", "Path of the secret")
    .option(...VERSIONS)
    .option(...CAS)
    .addHelpText("after", example("spike secret delete tenants/acme/db --versions 1,2"))
    .action(async (path: string, options: VersionsOption) => {
      const { secretDelete } = await import("./delete.ts");
      await secretDelete(deps, { path, ...await parseWhich(options) });
    });
}

function addUndelete(command: Command, deps: PilotIo): void {
  command
    .description("Restore deleted versions of a secret")
    .argument("<path>", "Path of the secret")
    .option("-v, --versions <list>", "Comma-separated versions (default: newest deleted version)")
    .option(...CAS)
    .addHelpText("after", example("spike secret undelete tenants/acme/db"))
    .action(async (path: string, options: VersionsOption) => {
      const { secretUndelete } = await import("./undelete.ts");
      await secretUndelete(deps, { path, ...await parseWhich(options) });
    });
}

/** `spike secret …`. */
export function addSecret(secret: Command, deps: PilotIo): void {
  secret.description("Write, read and delete secrets");
  addPut(secret.command("put"), deps);
  addGet(secret.command("get"), deps);
  addList(secret.command("list"), deps);
  addDelete(secret.command("delete"), deps);
  addUndelete(secret.command("undelete"), deps);
  addDestroy(secret.command("destroy"), deps);
  addPurge(secret.command("purge"), deps);
  addTransfer(secret.command("copy"), deps, "copy");
  addTransfer(secret.command("move"), deps, "move");
  addHistory(secret.command("history"), deps);
  addDiff(secret.command("diff"), deps);
  const metadata = secret.command("metadata").description("Read and set the metadata of a secret");
  addMetadataGet(metadata.command("get"), deps);
  addMetadataSet(metadata.command("set"), deps);
}
