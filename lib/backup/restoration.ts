import type { Auditing } from "../audit_store/auditing.ts";
import {
  decodeRestored,
  encodeNote,
  type Restored,
  RESTORED_FILE,
  RESTORED_MARK,
} from "./restored.ts";
import type { Store } from "../store/mod.ts";
import type { Logger } from "../telemetry/mod.ts";

export interface RestorationOptions {
  /** The data directory. */
  readonly directory: string;
  /** Records changes of the store. */
  readonly store: Store;
  readonly auditing: Pick<Auditing, "restored" | "beforeFirstChange">;
  readonly log: Logger;
}

/**
 * Records that the store was restored from a backup, when `spike backup restore` left a note: in the audit
 * log first, then in the store, where it stays. That happens once there is a key that proves the record; until then,
 * and after a crash in between, the note stays. A note about a store that was changed since is ignored: it would
 * report changes as undone that were not.
 */
export async function recordRestoration(options: RestorationOptions): Promise<void> {
  const { directory, store, auditing, log } = options;
  const path = `${directory}/${RESTORED_FILE}`;
  const note = readIfThere(path);
  if (!note) return;
  const restored = decodeRestored(note);
  const mark = await store.mark(RESTORED_MARK);
  if (restored && mark?.toHex() === note.toHex()) return Deno.removeSync(path);
  if (!restored || !await isAbout(restored, store)) {
    log.error("restoration_unknown", { path, reason: "It is not about the store that is here" });
    return;
  }
  const { restores, createdAtMs, revision, sha256 } = restored;
  const from = new Date(createdAtMs).toISOString();
  auditing.beforeFirstChange(async () => {
    await auditing.restored({ from, revision, restores, sha256 });
    await store.write((tx) => tx.putMark(RESTORED_MARK, encodeNote(restored)));
    Deno.removeSync(path);
    log.warn("store_restored", { from, revision, restores });
  });
}

async function isAbout({ storeId, revision }: Restored, store: Store): Promise<boolean> {
  const meta = await store.meta();
  return meta?.storeId.toHex() === storeId && await store.revision() === revision;
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
