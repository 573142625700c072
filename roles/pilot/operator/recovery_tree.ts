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
    .description("export the shards of the root key (needs the recover role)")
    .option("-r, --recipient <key>", "encrypt to this public key, age1…; repeatable", collected)
    .option("-R, --recipients-file <file>", "encrypt to the public keys in a file, one a line")
    .option("--passphrase-file <file>", "encrypt with the passphrase in a file; - asks for it")
    .option("--split", "one directory for each custodian, the n-th shard for the n-th recipient")
    .option("--allow-repeated", "let one recipient get more than one shard of a split")
    .option("--plaintext", "write the shards in plain text, without asking")
    .option("--force", "replace the files of an earlier export")
    .option(...FORMAT)
    .option(...NO_INPUT_OPTION)
    .addHelpText(
      "after",
      "\nOne file per shard, and manifest.json, which holds nothing secret and recognises them, go to\n" +
        "~/.spike/recover, or to the directory `recover` below SPIKE_PILOT_RECOVERY_DIR. Do this before a\n" +
        "disaster, and again when the shards change. Files are encrypted in the format of age.",
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
    .argument("[files...]", "shard files, plain or encrypted; none reads one from standard input")
    .option(
      "-i, --identity <file>",
      "private key that opens encrypted shards; repeatable",
      collected,
    )
    .option("--passphrase-file <file>", "passphrase that opens encrypted shards; - asks for it")
    .option(
      "-m, --manifest <file>",
      "refuse shards that it does not list; default: manifest.json beside",
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
    .description("hand recovery shards to Nexus (needs the restore role)")
    .addHelpText(
      "after",
      "\nOne shard, read from standard input and hidden when that is a terminal, or the files named.\n" +
        "What was collected is forgotten after 15 minutes without another shard. (The database itself is\n" +
        "put back from a backup with `spike backup restore`.)",
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
    .description("prove that shards would bring the root key back, without doing it")
    .option("--offline", "compare with the manifest only, and ask no Nexus")
    .addHelpText(
      "after",
      "\nShards stay on this machine: they are compared with the manifest, and the manifest with the\n" +
        "root key of Nexus (with the recover, restore or superuser role). Nothing is changed. Ends with 0\n" +
        "when all shards are good and enough.",
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
