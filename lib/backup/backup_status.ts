import type { NexusStatus } from "../api/status.ts";
import {
  BACKUP_MARK,
  decodeLastBackup,
  decodeRestored,
  type LastBackup,
  RESTORED_MARK,
} from "./restored.ts";
import type { StoreReader } from "../store/mod.ts";

/** The last backup that was confirmed; undefined when there is none. */
export async function lastBackup(
  store: Pick<StoreReader, "mark">,
): Promise<LastBackup | undefined> {
  const mark = await store.mark(BACKUP_MARK);
  return mark && decodeLastBackup(mark);
}

/** The members of the status that are about backups. */
export async function backupStatus(
  store: Pick<StoreReader, "mark">,
): Promise<Pick<NexusStatus, "backup" | "restored">> {
  const last = await lastBackup(store);
  const mark = await store.mark(RESTORED_MARK);
  const restored = mark && decodeRestored(mark);
  return {
    ...(last
      ? {
        backup: {
          at: iso(last.atMs),
          revision: last.revision,
          bytes: last.bytes,
          sha256: last.sha256,
        },
      }
      : {}),
    ...(restored
      ? {
        restored: {
          at: iso(restored.restoredAtMs),
          from: iso(restored.createdAtMs),
          revision: restored.revision,
          restores: restored.restores,
          sha256: restored.sha256,
        },
      }
      : {}),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
