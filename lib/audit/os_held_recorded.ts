import { recordIn, splitLines } from "./line.ts";
import { listLogFiles } from "./os_log_files.ts";

/** Where a crash may have left records of a copy that was not finished: a log goes on in a new file at most once. */
const FILES = 2;
const decoder = new TextDecoder();
const NUMBER = /^\{"format":2,"n":\d+,/;

/**
 * Lines of held records without those that are in the log, which is proved: a process that ends while it brings them
 * there leaves them in both places.
 */
export function forgetRecorded(
  directory: string,
  log: string,
  lines: readonly string[],
): readonly string[] {
  const left = new Set(lines);
  for (const { path } of listLogFiles(directory, log).slice(-FILES)) {
    for (const line of splitLines(Deno.readFileSync(path)).lines) {
      const record = recordIn(line);
      if (record) left.delete(decoder.decode(record).replace(NUMBER, "{"));
    }
  }
  return lines.filter((line) => left.has(line));
}
