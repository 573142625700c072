import { type Command } from "commander";
import type { PilotIo } from "../io.ts";
import { parseFormat } from "../terminal/format.ts";
import { example, FORMAT, type FormatOption } from "../terminal/option.ts";

interface FileOptions {
  readonly manifest?: string;
  readonly key?: string;
}

interface RestoreOptions extends FileOptions {
  readonly known?: readonly string[];
  readonly acceptOlder?: true;
}

const KEY = [
  "-k, --key <file>",
  "Verify the signature with public keys that `spike audit export` wrote",
] as const;

/** `spike operator backup`. */
export function addOperatorBackup(command: Command, deps: PilotIo): void {
  command
    .description("Back up the database of a running Nexus (requires role superuser)")
    .argument("<file>", "Local file or directory to write to; in a directory, a name is generated")
    .option(...KEY)
    .option(...FORMAT)
    .addHelpText(
      "after",
      "\nWrites FILE.manifest too, signed with the key of the audit log. Both contain only encrypted data\n" +
        "and paths. The root key at the time of the backup, or its recovery shards, always decrypts them.\n" +
        "The backup is verified before it is renamed to FILE; existing files are not replaced. It does\n" +
        "not contain audit logs: copy the directory `audit` as well. See also `spike backup`.",
    )
    .addHelpText("after", example("spike operator backup --key keys.txt /media/backup"))
    .action(async (out: string, { key, format }: FileOptions & FormatOption) => {
      const { operatorBackup } = await import("../operator/backup.ts");
      await operatorBackup(deps, {
        out,
        format: parseFormat(format),
        ...(key === undefined ? {} : { key }),
      });
    });
}

function onFile(command: Command): Command {
  return command
    .argument("<file>", "Database file that `spike operator backup` wrote")
    .option("-m, --manifest <file>", "Manifest of the backup (default: FILE.manifest)")
    .option(...KEY);
}

function addVerify(command: Command, deps: PilotIo): void {
  onFile(command)
    .description("Verify a backup against its manifest, without Nexus or root key")
    .option(...FORMAT)
    .addHelpText(
      "after",
      "\nReports every modified page. Without --key it verifies that the backup matches the manifest, but\n" +
        "not who created them. Exits with 2 if verification fails.",
    )
    .addHelpText("after", example("spike backup verify --key keys.txt /media/backup/may.db"))
    .action(async (file: string, { format, ...options }: FileOptions & FormatOption) => {
      const { backupVerify } = await import("./verify.ts");
      await backupVerify(deps, { file, ...options, format: parseFormat(format) });
    });
}

function addRestore(command: Command, deps: PilotIo): void {
  onFile(command)
    .description("Restore a backup to an empty data directory while Nexus is stopped")
    .argument("<directory>", "Data directory of Nexus; it may contain audit logs")
    .option(
      "--known <file>",
      "Reject backups older than this manifest or checkpoint (repeatable)",
      (file: string, before?: readonly string[]) => [...before ?? [], file],
    )
    .option("--accept-older", "Restore an older backup and lose later changes")
    .addHelpText(
      "after",
      "\nRejects a modified backup, a directory that is in use or not empty, and a backup that is older than\n" +
        "the manifests beside it, the audit logs in the directory or the files of --known. Run it as the\n" +
        "user that runs Nexus. To send recovery shards to a running Nexus, use `spike operator restore`.",
    )
    .addHelpText(
      "after",
      example("spike backup restore --key keys.txt /media/backup/may.db /var/lib/spike/data"),
    )
    .action(async (file: string, directory: string, options: RestoreOptions) => {
      const { known = [], acceptOlder, ...files } = options;
      const { backupRestore } = await import("./restore.ts");
      await backupRestore(deps, {
        file,
        directory,
        ...files,
        known,
        acceptsOlder: acceptOlder === true,
      });
    });
}

/** `spike backup …`. */
export function addBackup(backup: Command, deps: PilotIo): void {
  backup.description("Verify and restore backups that `spike operator backup` created");
  addVerify(backup.command("verify"), deps);
  addRestore(backup.command("restore"), deps);
}
