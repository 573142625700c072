import { SpikeError } from "../../../lib/error/error.ts";
import { findNewer, requireEmpty, restoreBackup, verifyBackup } from "../../../lib/backup/mod.ts";
import { readKeys } from "../audit/files.ts";
import { describeBackup, requireGood } from "./file.ts";
import type { PilotIo } from "../io.ts";
import { type BackupInput, UNPINNED } from "./verify.ts";

/** Where to, and what is known beyond the backup. */
export interface RestoreInput extends Omit<BackupInput, "format"> {
  readonly directory: string;
  readonly known: readonly string[];
  readonly acceptsOlder: boolean;
}

const DATABASE = "spike.db";

/** `spike backup restore`. */
export async function backupRestore(deps: PilotIo, input: RestoreInput): Promise<void> {
  const { file, directory, known, key, acceptsOlder } = input;
  const manifestPath = input.manifest ?? `${file}.manifest`;
  const keys = key === undefined ? {} : { keys: await readKeys(key) };
  const tell = (line: string) => deps.stderr.print(line);
  requireEmpty(directory, DATABASE);
  const verified = verifyBackup({ file, manifest: manifestPath, ...keys });
  const manifest = requireGood(verified, tell);
  if (verified.origin === "unpinned") deps.stderr.print(UNPINNED);
  const auditDirectory = `${directory}/audit`;
  const newer = findNewer({ manifest, manifestPath, auditDirectory, known, ...keys });
  for (const each of newer) tell(`${acceptsOlder ? "Note: " : ""}${each}`);
  if (newer.length > 0 && !acceptsOlder) {
    throw new SpikeError("entity_conflict", "The backup is older than the newest known state", {
      hint: "Restore the newest backup, or pass --accept-older to lose later changes",
    });
  }
  restoreBackup({ file, manifest, directory, database: DATABASE, nowMs: deps.clock() });
  deps.stdout.print([`Restored into ${directory}`, ...describeBackup(manifest)]);
  deps.stderr.print([
    "Start Nexus with this data directory. It asks its keepers for the root key; if they have none, or a",
    `later one, send recovery shards of generation ${manifest.recovery.generation} with \`spike operator restore\`.`,
  ]);
}
