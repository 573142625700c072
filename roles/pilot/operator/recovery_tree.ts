import type { Command } from "commander";
import type { PilotIo } from "../io.ts";
import { parseFormat } from "../terminal/format.ts";
import { example, FORMAT, type FormatOption, mayAsk, NO_INPUT_OPTION } from "../terminal/option.ts";

interface RecoverOption extends FormatOption {
  readonly recipient?: readonly string[];
  readonly recipientsFile?: string;
  readonly passphraseFile?: string;
  readonly split?: true;
  readonly allowRepeated?: true;
  readonly plaintext?: true;
  readonly force?: true;
}

/** `spike operator recover`, and the hidden `spike recover`. */
export function addRecover(command: Command, deps: PilotIo): void {
  command
    .description("Export the recovery shards of the root key (requires role recover)")
    .option("-r, --recipient <key>", "Encrypt to this public key, age1… (repeatable)", collected)
    .option("-R, --recipients-file <file>", "Encrypt to the public keys in a file, one per line")
    .option("--passphrase-file <file>", "Encrypt with the passphrase in a file; - prompts for it")
    .option("--split", "Write one directory per custodian, shard n for recipient n")
    .option("--allow-repeated", "Allow a recipient to receive several shards of a split")
    .option("--plaintext", "Write the shards as plain text, without confirmation")
    .option("--force", "Replace the files of an earlier export")
    .option(...FORMAT)
    .option(...NO_INPUT_OPTION)
    .addHelpText(
      "after",
      "\nWrites one file per shard and manifest.json, which identifies the shards and is not secret, to\n" +
        "~/.spike/recover or SPIKE_PILOT_RECOVERY_DIR/recover. Export shards after bootstrap and after\n" +
        "each change of the shards. Files are encrypted in the age format.",
    )
    .addHelpText(
      "after",
      example(
        "SPIKE_PILOT_RECOVERY_DIR=/media/key spike operator recover --passphrase-file -",
        "spike operator recover --split --recipients-file custodians.txt",
      ),
    )
    .action(async (options: RecoverOption, command: Command) => {
      const format = parseFormat(options.format);
      const { operatorRecover } = await import("./recover.ts");
      await operatorRecover(deps, {
        format,
        recipients: options.recipient ?? [],
        recipientsFile: options.recipientsFile,
        passphraseFile: options.passphraseFile,
        isSplit: options.split === true,
        allowsRepeated: options.allowRepeated === true,
        isPlain: options.plaintext === true,
        isForced: options.force === true,
        mayAsk: mayAsk(command),
      });
    });
}

interface SourceOption extends FormatOption {
  readonly identity?: readonly string[];
  readonly passphraseFile?: string;
  readonly manifest?: string;
}

/** The options of what reads shards. */
function reading(command: Command): Command {
  return command
    .argument("[files...]", "Shard files, plain or encrypted (default: standard input)")
    .option(
      "-i, --identity <file>",
      "File with a private key for encrypted shards (repeatable)",
      collected,
    )
    .option(
      "--passphrase-file <file>",
      "File with the passphrase for encrypted shards; - prompts for it",
    )
    .option(
      "-m, --manifest <file>",
      "Reject shards that this file does not list (default: manifest.json)",
    )
    .option(...FORMAT)
    .option(...NO_INPUT_OPTION);
}

function sourcesOf(files: readonly string[], options: SourceOption, command: Command) {
  const { identity = [], passphraseFile, manifest } = options;
  return {
    files,
    identities: identity,
    passphraseFile,
    manifestFile: manifest,
    mayAsk: mayAsk(command),
    format: parseFormat(options.format),
  };
}

/** `spike operator restore`, and the hidden `spike restore`. */
export function addRestore(command: Command, deps: PilotIo): void {
  reading(command)
    .description("Send recovery shards to Nexus (requires role restore)")
    .addHelpText(
      "after",
      "\nReads one shard from standard input (not echoed at a terminal) or all named files. Nexus discards\n" +
        "collected shards 15 minutes after the last one. To restore the database, use\n" +
        "`spike backup restore`.",
    )
    .addHelpText(
      "after",
      example(
        "spike operator restore < spike.recovery.1.txt",
        "spike operator restore --identity ada.key custodian-1/spike.recovery.1.txt.age",
      ),
    )
    .action(async (files: string[], options: SourceOption, command: Command) => {
      const sources = sourcesOf(files, options, command);
      const { operatorRestore } = await import("./restore.ts");
      await operatorRestore(deps, sources);
    });
}

/** `spike operator drill`. */
export function addDrill(command: Command, deps: PilotIo): void {
  reading(command)
    .description("Verify that shards can rebuild the root key, without restoring it")
    .option("--offline", "Compare with the manifest only, without Nexus")
    .addHelpText(
      "after",
      "\nShards stay on this machine. The command compares them with the manifest, and the manifest with the\n" +
        "root key of Nexus (requires role recover, restore or superuser). Nothing is changed. Exits with\n" +
        "0 if all shards are valid and there are enough.",
    )
    .addHelpText("after", example("spike operator drill --offline custodian-*/*.txt"))
    .action(
      async (files: string[], options: SourceOption & { offline?: true }, command: Command) => {
        const sources = sourcesOf(files, options, command);
        const { operatorDrill } = await import("./drill.ts");
        await operatorDrill(deps, { ...sources, isOffline: options.offline === true });
      },
    );
}

function collected(value: string, before: string[] = []): string[] {
  return [...before, value];
}
