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
  "public keys, as `spike audit export` wrote them: who made it counts, too",
] as const;

/** `spike operator backup`. */
export function addOperatorBackup(command: Command, deps: PilotIo): void {
  command
    .description("write a copy of the database while Nexus serves (superuser role)")
    .argument("<file>", "where it goes on this machine; in a directory it gets a name of its own")
    .option(...KEY)
    .option(...FORMAT)
    .addHelpText(
      "after",
      "\nBeside it goes FILE.manifest, signed by the key of the audit log. Both hold sealed data and\n" +
        "paths only; whoever has the root key of that time, or its recovery shards, can open them for\n" +
        "ever. The backup is verified before it gets its name, and never replaces another one. Audit\n" +
        "logs are not in it: copy the directory `audit` as well. See also `spike backup`.",
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
    .argument("<file>", "the database, as `spike operator backup` wrote it")
    .option("-m, --manifest <file>", "its manifest; default: FILE.manifest")
    .option(...KEY);
}

function addVerify(command: Command, deps: PilotIo): void {
  onFile(command)
    .description("compare a backup with its manifest; needs no Nexus and no root key")
    .option(...FORMAT)
    .addHelpText(
      "after",
      "\nFinds every byte that was changed, and says in which page. Without --key it shows that the two\n" +
        "belong together, and not who made them. Ends with 2 when something was found.",
    )
    .addHelpText("after", example("spike backup verify --key keys.txt /media/backup/may.db"))
    .action(async (file: string, { format, ...options }: FileOptions & FormatOption) => {
      const { backupVerify } = await import("./verify.ts");
      await backupVerify(deps, { file, ...options, format: parseFormat(format) });
    });
}

function addRestore(command: Command, deps: PilotIo): void {
  onFile(command)
    .description("put a backup into an empty data directory, with Nexus stopped")
    .argument("<directory>", "data directory of Nexus; its audit logs may be there")
    .option(
      "--known <file>",
      "a manifest or a checkpoint that was kept: refuse what is older; repeatable",
      (file: string, before?: readonly string[]) => [...before ?? [], file],
    )
    .option("--accept-older", "restore it although something newer is known, and lose that")
    .addHelpText(
      "after",
      "\nRefuses a backup that was changed, a directory that is in use or not empty, and a state that is\n" +
        "older than the newest known: by manifests beside the backup, by audit logs in the directory and\n" +
        "by what --known names. Run it as the user that runs Nexus. (`spike operator restore` is something\n" +
        "else: it hands recovery shards of the root key to a running Nexus.)",
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
  backup.description("verify and restore backups (`spike operator backup` makes them)");
  addVerify(backup.command("verify"), deps);
  addRestore(backup.command("restore"), deps);
}
