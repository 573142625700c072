import { verifyBackup } from "../../../lib/backup/mod.ts";
import { readKeys } from "../audit/files.ts";
import { describeBackup, requireGood } from "./file.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";

/** Which files, and whose signature counts. */
export interface BackupInput {
  readonly file: string;
  readonly manifest?: string;
  readonly key?: string;
  readonly format: Format;
}

/** What is to be said where no key was pinned. */
export const UNPINNED = [
  "Note: no public key was given (--key), so this verifies that the backup matches its manifest,",
  "but not who created them.",
];

/** `spike backup verify`: fails with `state_integrity_check` after telling what was found. */
export async function backupVerify(deps: PilotIo, input: BackupInput): Promise<void> {
  const { file, manifest: path = `${file}.manifest`, key, format } = input;
  const keys = key === undefined ? {} : { keys: await readKeys(key) };
  const verified = verifyBackup({ file, manifest: path, ...keys });
  if (format !== "human") {
    const { origin, findings, manifest } = verified;
    const told = manifest && {
      createdAt: new Date(manifest.createdAtMs).toISOString(),
      spike: manifest.spike,
      store: manifest.store,
      counts: manifest.counts,
      recovery: manifest.recovery,
      bytes: manifest.file.bytes,
      sha256: manifest.file.sha256,
    };
    await printAs(deps, format, {
      data: () => ({ origin, findings, manifest: told }),
      lines: () => [],
    });
  }
  const tell = (line: string) => {
    if (format === "human") deps.stdout.print(line);
  };
  const manifest = requireGood(verified, tell);
  for (const line of ["The backup verifies", ...describeBackup(manifest)]) tell(line);
  if (verified.origin === "unpinned") deps.stderr.print(UNPINNED);
}
