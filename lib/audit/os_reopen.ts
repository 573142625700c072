import type { Before } from "./line_mac.ts";
import { type Frontier, isEqual } from "./merkle.ts";
import { listLogFiles, moveAside, replaceFile } from "./os_log_files.ts";
import { scanFile, type Scanned, type Trust, type Unusable } from "./scan.ts";

const NEWLINE = 10;

/** A log on disk, as far as it is proved. */
export interface Opened {
  readonly first: number;
  readonly file: Deno.FsFile;
  readonly frontier: Frontier;
  readonly revision: number;
  readonly life: string;
  readonly isProved: boolean;
  readonly unsigned: number;
  readonly before: Before;
  readonly isSigned: boolean;
  readonly wholeBytes: number;
  readonly aside: readonly Aside[];
}

/** What is not proved and was set aside: the end of a file, or a whole one. */
export interface Aside {
  /** What a failure of power leaves has holes; anything else was changed or added. */
  readonly cause: "hole" | "unproved";
  /** The first line of it. */
  readonly line: number;
  /** Number of lines. */
  readonly lines: number;
  /** Total length of the lines in bytes. */
  readonly bytes: number;
  /** Name of the file that keeps it, in the directory of the logs. */
  readonly kept: string;
}

/**
 * Opens the last file of a log and goes on behind its last line that is proved. What follows is set aside in a file of
 * its own, and so is a whole file whose header is not proved while an earlier one is there.
 */
export function reopenLog(directory: string, trust: Trust): Opened | Unusable {
  const files = listLogFiles(directory, trust.log);
  const aside: Aside[] = [];
  for (;;) {
    const last = files.pop();
    if (last === undefined) return { line: 1, reason: "no header" };
    const bytes = Deno.readFileSync(last.path);
    // A process that ended while it began this file had not written a record to it yet.
    if (!bytes.includes(NEWLINE) && files.length > 0) {
      Deno.removeSync(last.path);
      continue;
    }
    const scanned = scanFile(bytes, trust);
    const isHeaderUnproved = "reason" in scanned
      ? scanned.reason === "no header"
      : scanned.header.first !== last.first;
    if (isHeaderUnproved) {
      if (files.length === 0 || (trust.expected?.size ?? 0) > last.first) {
        return { line: 1, reason: "no header" };
      }
      aside.push(setFileAside(directory, last.path, bytes));
      continue;
    }
    if ("reason" in scanned) return scanned;
    const kept = setEndAside(directory, last.path, bytes, scanned);
    const file = Deno.openSync(last.path, { append: true });
    if (scanned.wholeBytes < bytes.length) file.truncateSync(scanned.wholeBytes);
    return { ...scanned, first: scanned.header.first, file, aside: [...aside, ...kept] };
  }
}

function setFileAside(directory: string, path: string, bytes: Uint8Array): Aside {
  const kept = moveAside(path, `${path}.unproved`).slice(directory.length + 1);
  const lines = bytes.filter((byte) => byte === NEWLINE).length;
  return { cause: "unproved", line: 1, lines, bytes: bytes.length, kept };
}

function setEndAside(
  directory: string,
  path: string,
  bytes: Uint8Array,
  { aside, wholeBytes, frontier }: Scanned,
): Aside[] {
  if (!aside) return [];
  const { line, lines, hasHole } = aside;
  const cause = hasHole ? "hole" : "unproved";
  const end = bytes.subarray(wholeBytes);
  const kept = `${path}.${hasHole ? "cut" : "unproved"}-at-${frontier.size}`;
  const name = keepAside(kept, end).slice(directory.length + 1);
  return [{ cause, line, lines, bytes: end.length, kept: name }];
}

/** Writes it under the name given, or one like it where another file has that. */
export function keepAside(path: string, bytes: Uint8Array): string {
  const free = freeName(path, bytes);
  replaceFile(free, bytes);
  return free;
}

/** A name that nothing has, or a file with the same content. */
function freeName(path: string, bytes: Uint8Array): string {
  for (let i = 0;; i++) {
    const name = i === 0 ? path : `${path}-${i}`;
    try {
      if (isEqual(Deno.readFileSync(name), bytes)) return name;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return name;
      throw error;
    }
  }
}
