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
import { example, FORMAT, type FormatOption, mayAsk, NO_INPUT_OPTION } from "../terminal/option.ts";

interface YesOption {
  readonly yes?: boolean;
}

interface TransferOptions extends CasOption {
  readonly version: string;
}

interface DiffOptions extends FormatOption {
  readonly show?: boolean;
}

const YES = ["-y, --yes", "Do not ask for confirmation"] as const;

const FOR_GOOD = `
Nexus removes the value from the store and its files at once. A backup still contains the value
until the root key of that backup is rotated and the old recovery shards are destroyed.`;

/** `spike secret destroy`. */
export function addDestroy(command: Command, deps: PilotIo): void {
  command
    .description("Destroy the values of versions permanently, after confirmation")
    .argument("<path>", "Path of the secret")
    .option(...VERSIONS)
    .option(...CAS)
    .option(...YES)
    .option(...NO_INPUT_OPTION)
    .addHelpText("after", FOR_GOOD)
    .addHelpText("after", example("spike secret destroy tenants/acme/db --versions 1,2"))
    .action(async (path: string, options: VersionsOption & YesOption, command: Command) => {
      const { secretDestroy } = await import("./destroy.ts");
      const consent = { isAgreed: options.yes === true, mayAsk: mayAsk(command) };
      await secretDestroy(deps, { path, ...await parseWhich(options) }, consent);
    });
}

/** `spike secret purge`. */
export function addPurge(command: Command, deps: PilotIo): void {
  command
    .description("Destroy all versions and metadata of a secret permanently, after confirmation")
    .argument("<path>", "Path of the secret")
    .option(...CAS)
    .option(...YES)
    .option(...NO_INPUT_OPTION)
    .addHelpText("after", `${FOR_GOOD}\nVersion numbers are not reused.`)
    .addHelpText("after", example("spike secret purge tenants/acme/old"))
    .action(async (path: string, options: CasOption & YesOption, command: Command) => {
      const { parseExpected } = await import("./path.ts");
      const { secretPurge } = await import("./destroy.ts");
      const expected = parseExpected(options.cas);
      const isAgreed = options.yes === true;
      await secretPurge(deps, path, { expected, isAgreed, mayAsk: mayAsk(command) });
    });
}

const TRANSFERS = {
  copy: {
    about: "Copy a version to another path as a new version",
    sample: "spike secret copy tenants/acme/db tenants/acme/db-standby --cas 0",
    note: "\nCopying to the same path makes an older version current again.",
  },
  move: {
    about: "Move a version of a secret to another path",
    sample: "spike secret move tenants/acme/db tenants/acme/orders-db",
    note:
      "\nMoves one version and deletes all versions of the old path; undelete restores them there.",
  },
} as const;

/** `spike secret copy` and `spike secret move`. */
export function addTransfer(command: Command, deps: PilotIo, kind: "copy" | "move"): void {
  const { about, sample, note } = TRANSFERS[kind];
  command
    .description(about)
    .argument("<from>", "Path of the secret")
    .argument("<to>", "New path; --cas applies to it")
    .option(...ONE_VERSION)
    .option(...CAS)
    .addHelpText("after", note)
    .addHelpText("after", example(sample))
    .action(async (from: string, to: string, options: TransferOptions) => {
      const { parseExpected, parseVersion } = await import("./path.ts");
      const { secretTransfer } = await import("./transfer.ts");
      const version = parseVersion(options.version);
      const expected = parseExpected(options.cas);
      await secretTransfer(deps, { from, to, version, expected, isMove: kind === "move" });
    });
}

/** `spike secret history`. */
export function addHistory(command: Command, deps: PilotIo): void {
  command
    .description("Print who wrote, deleted or destroyed each version, newest first")
    .argument("<path>", "Path of the secret")
    .option(...FORMAT)
    .addHelpText("after", example("spike secret history tenants/acme/db"))
    .action(async (path: string, options: FormatOption) => {
      const format = parseFormat(options.format);
      const { secretHistory } = await import("./history.ts");
      await secretHistory(deps, { path, format });
    });
}

/** `spike secret diff`. */
export function addDiff(command: Command, deps: PilotIo): void {
  command
    .description("Print the keys that differ between two versions")
    .argument("<path>", "Path of the secret")
    .argument("[from]", "Version (default: the one before <to>)")
    .argument("[to]", "Version; 0 is the current version", "0")
    .option("--show", "Print values instead of masking them")
    .option(...FORMAT)
    .addHelpText("after", example("spike secret diff tenants/acme/db 3 4"))
    .action(async (path: string, from: string | undefined, to: string, options: DiffOptions) => {
      const format = parseFormat(options.format);
      const { parseVersion } = await import("./path.ts");
      const { secretDiff } = await import("./diff.ts");
      await secretDiff(deps, {
        path,
        from: from === undefined ? undefined : parseVersion(from),
        to: parseVersion(to),
        show: options.show === true,
        format,
      });
    });
}
