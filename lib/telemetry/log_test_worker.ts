/** Part of `log_test.ts`: logs from inside a Worker with narrowed permissions and answers with the line. */
import { configureLogging, createLogger } from "./log.ts";

const lines: string[] = [];
configureLogging({ level: "info", sink: (line) => lines.push(line) });
createLogger("worker").info("started");
(self as unknown as { postMessage(message: unknown): void }).postMessage(lines[0]);
