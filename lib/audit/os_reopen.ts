import type { Frontier } from "./merkle.ts";
import { nativeHash } from "./os_hash.ts";
import { listLogFiles, replaceFile } from "./os_log_files.ts";
import { type Expected, scanFile, type Unusable } from "./scan.ts";

const NEWLINE = 10;

/** A log on disk, as it was left. */
export interface Opened {
  readonly first: number;
  readonly file: Deno.FsFile;
  readonly frontier: Frontier;
  readonly revision: number;
  readonly unsigned: number;
  readonly isSigned: boolean;
  readonly wholeBytes: number;
  readonly cut?: Cut;
}

/** The end of a log that a failure of power has left with holes. */
export interface Cut {
  /** The first line that is not whole. */
  readonly line: number;
  readonly bytes: number;
  /** Name of the file beside the log's that keeps what was cut off. */
  readonly kept: string;
}

/**
 * Opens the last file of a log, and cuts off what was being written when its process ended. What a failure of power has
 * left with holes is put aside, too.
 */
export function reopenLog(
  directory: string,
  log: string,
  expected: Expected | undefined,
): Opened | Unusable {
  const files = listLogFiles(directory, log);
  for (;;) {
    const last = files.pop();
    if (last === undefined) return { line: 1, reason: "no header" };
    const bytes = Deno.readFileSync(last.path);
    // A process that ended while it began this file had not written a record to it yet.
    if (!bytes.includes(NEWLINE) && files.length > 0) {
      Deno.removeSync(last.path);
      continue;
    }
    const scanned = scanFile(bytes, nativeHash, expected);
    if ("reason" in scanned) return scanned;
    const { header, frontier, wholeBytes, holeAtLine } = scanned;
    if (header.log !== log || header.first !== last.first) return { line: 1, reason: "no header" };
    if (frontier.size < (expected?.size ?? 0)) return { line: 1, reason: "records are missing" };
    const kept = `${last.path}.cut-at-${frontier.size}`;
    const cut = holeAtLine && {
      line: holeAtLine,
      bytes: bytes.length - wholeBytes,
      kept: kept.slice(directory.length + 1),
    };
    if (cut) replaceFile(kept, bytes.subarray(wholeBytes));
    const file = Deno.openSync(last.path, { append: true });
    if (wholeBytes < bytes.length) file.truncateSync(wholeBytes);
    return { ...scanned, first: header.first, file, ...(cut ? { cut } : {}) };
  }
}
