import { writeLine } from "../telemetry/mod.ts";
import type { RequestEntry } from "./entry.ts";
import { fieldsOf } from "./fields.ts";

/**
 * Records a request as a line of the log, whatever its level: for servers that may write nothing to disk. Rejects
 * when the line cannot be written.
 */
export function recordOnStderr(entry: RequestEntry): Promise<void> {
  return new Promise((resolve) => resolve(writeLine("audit", "request", fieldsOf(entry))));
}
