import { fileURLToPath } from "node:url";

/** Module of the thread that copies. */
export const COPIER_ENTRY = new URL("./copy_worker.ts", import.meta.url);

/** What a thread has to be able to read that starts it: that one's few modules. */
export const COPIER_MODULES: readonly string[] = [
  COPIER_ENTRY,
  new URL("../../../lib/backup/", import.meta.url),
].map((url) => fileURLToPath(url));
