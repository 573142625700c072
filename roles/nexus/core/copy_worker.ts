/**
 * The thread that copies the database for a backup: started for one copy, since copying does not yield. It may use the
 * data directory and read its own few modules, and nothing else.
 */
import { copyDatabase, type CopyRequest } from "../../../lib/backup/os_copy.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<CopyRequest>) => void;
  postMessage(message: unknown): void;
};

const released = () => scope.postMessage({ released: true });

scope.onmessage = async ({ data }) => {
  try {
    scope.postMessage({ copied: await copyDatabase(data, released) });
  } catch (error) {
    const { message, code, errcode } = Object(error);
    scope.postMessage({ failed: { message: String(message), code, errcode } });
  }
};
