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
    .description("Print the versions of a secret with their times and authors")
    .argument("<path>", "Path of the secret")
    .option(...ONE_VERSION)
    .option("--all", "Include a secret that is deleted or expired")
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
Entries are key=value, key=- (standard input) or key=@file; a secret has at most 64. Entries and
settings that are not named do not change. Nexus answers "not found" for an expired secret, and
its value cannot be read again.`;

/** `spike secret metadata set`. */
export function addMetadataSet(command: Command, deps: PilotIo): void {
  command
    .description("Set custom metadata, the version limit and the expiry")
    .argument("<path>", "Path of the secret")
    .argument("[pairs...]", "Entries of custom metadata, key=value")
    .option("--unset <key>", "Remove an entry (repeatable)", collect, [])
    .option("--max-versions <number>", "Number of versions to keep, 1 to 1000")
    .option("--expires <when>", "Time, date, duration such as 90d or 12h, or never")
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
