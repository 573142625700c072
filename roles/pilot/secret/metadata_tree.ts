import type { Command } from "commander";
import type { PilotIo } from "../io.ts";
import { parseFormat } from "../terminal/format.ts";
import { CAS, type CasOption, ONE_VERSION } from "./option.ts";
import { example, FORMAT, type FormatOption, mayAsk, NO_INPUT_OPTION } from "../terminal/option.ts";

interface GetOptions extends FormatOption {
  readonly version: string;
  readonly all?: boolean;
}

interface SetOptions extends CasOption {
  readonly unset: string[];
  readonly maxVersions?: string;
  readonly expires?: string;
}

/** `spike secret metadata get`. */
export function addMetadataGet(command: Command, deps: PilotIo): void {
  command
    .description("print a secret's versions, their times and authors")
    .argument("<path>", "where the secret is kept")
    .option(...ONE_VERSION)
    .option("--all", "also of a secret that is deleted or has expired")
    .option(...FORMAT)
    .addHelpText("after", example("spike secret metadata get tenants/acme/db"))
    .action(async (path: string, options: GetOptions) => {
      const format = parseFormat(options.format);
      const { parseVersion } = await import("./path.ts");
      const { secretMetadata } = await import("./metadata.ts");
      const version = parseVersion(options.version);
      await secretMetadata(deps, { path, version, all: options.all === true, format });
    });
}

const ENTRIES = `
Entries are key=value, key=- (standard input) or key=@file, at most 64 in all. What is not named
stays as it is. Once it has expired, a secret reads as if it were not there, and its value
cannot be read again.`;

/** `spike secret metadata set`. */
export function addMetadataSet(command: Command, deps: PilotIo): void {
  command
    .description("note something about a secret, limit its versions, let it expire")
    .argument("<path>", "where the secret is kept")
    .argument("[pairs...]", "entries of custom metadata, key=value")
    .option("--unset <key>", "take an entry away (may be repeated)", collect, [])
    .option("--max-versions <number>", "how many versions a put leaves, 1 to 1000")
    .option("--expires <when>", "a time, a date, a span such as 90d or 12h, or never")
    .option(...CAS)
    .option(...NO_INPUT_OPTION)
    .addHelpText("after", ENTRIES)
    .addHelpText(
      "after",
      example("spike secret metadata set tenants/acme/db owner=web --expires 90d"),
    )
    .action(async (path: string, pairs: string[], options: SetOptions, command: Command) => {
      const { unset, maxVersions, expires, cas } = options;
      const { parseExpected } = await import("./path.ts");
      const { secretMetadataSet } = await import("./metadata_set.ts");
      const expected = parseExpected(cas);
      await secretMetadataSet(deps, {
        path,
        pairs,
        unset,
        maxVersions,
        expires,
        expected,
        mayAsk: mayAsk(command),
      });
    });
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
