import { fileURLToPath } from "node:url";

/** Module of the thread that copies. */
export const COPIER_ENTRY = new URL("./copy_worker.ts", import.meta.url);

/** The modules of the copy thread; the thread that starts it needs permission to read them. */
export const COPIER_MODULES: readonly string[] = [
  COPIER_ENTRY,
  new URL("../../../lib/backup/", import.meta.url),
].map((url) => fileURLToPath(url));
