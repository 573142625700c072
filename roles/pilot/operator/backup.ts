import { SpikeError } from "../../../lib/error/error.ts";
import { nativeVerifier } from "../../../lib/audit/mod.ts";
import { openManifest, verifyBackup } from "../../../lib/backup/mod.ts";
import type { Client } from "../../../lib/client/mod.ts";
import { readKeys } from "../audit/files.ts";
import { BackupDraft, backupPath, describeBackup, requireGood } from "../backup/file.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";
import { withNexus } from "../session.ts";

/** `spike operator backup`: nothing gets its name before all of it was verified. */
export async function operatorBackup(
  deps: PilotIo,
  input: { readonly out: string; readonly key?: string; readonly format: Format },
): Promise<void> {
  if (input.out === "-") {
    throw new SpikeError(
      "usage",
      "A backup cannot be written to standard output: it has a manifest file too",
      {
        hint: "Name a file or a directory",
      },
    );
  }
  const keys = input.key === undefined ? {} : { keys: await readKeys(input.key) };
  const { path, manifest } = await withNexus(deps, async ({ client }) => {
    const received = await client.backup();
    const told = openManifest(received.manifest, nativeVerifier()).manifest;
    const draft = new BackupDraft(await backupPath(input.out, told));
    try {
      await draft.write(received.manifest, received.database);
      const { file, manifest } = draft;
      const verified = verifyBackup({ file, manifest, ...keys });
      const good = requireGood(verified, (line) => deps.stderr.print(line));
      await draft.keep();
      await confirm(client, good.file.sha256, deps);
      return { path: draft.path, manifest: good };
    } catch (error) {
      await draft.discard();
      throw error;
    }
  }, "superuser");
  const { file, store, createdAtMs } = manifest;
  await printAs(deps, input.format, {
    data: () => ({
      file: path,
      manifest: `${path}.manifest`,
      createdAt: new Date(createdAtMs).toISOString(),
      revision: store.revision,
      bytes: file.bytes,
      sha256: file.sha256,
    }),
    lines: () => [`Wrote ${path} and its manifest`, ...describeBackup(manifest)],
  });
}

/** The backup is there and verified, whatever becomes of this. */
async function confirm(client: Client, sha256: string, deps: PilotIo): Promise<void> {
  try {
    await client.confirmBackup(sha256);
  } catch (error) {
    if (!(error instanceof SpikeError)) throw error;
    deps.stderr.print(`Note: Nexus could not record the backup: ${error.message}`);
  }
}
