import { leafOf } from "./leaf.ts";
import {
  droppedBoundLine,
  droppedLine,
  MARK_DIGITS,
  parseLine,
  recordIn,
  splitLines,
} from "./line.ts";
import { nativeHash } from "./os_hash.ts";
import { listLogFiles, replaceFile } from "./os_log_files.ts";
import { headOf } from "./record_head.ts";

/** Records that were, or are about to be, dropped from one file. */
export interface Droppable {
  /** Path of the file. */
  readonly path: string;
  /** Number of the first record of the file. */
  readonly first: number;
  /** Number of its last record. */
  readonly last: number;
  /** Requests in it whose text is still there. */
  readonly count: number;
}

const NEWLINE = 10;
const STEP = 500;
const decoder = new TextDecoder();
const TIME = /"kind":"[a-z]+","time":(\d+)/;

/**
 * The oldest full file of a log whose newest record is from before `timeMs` and in which there is something to drop.
 * The file that is written to is never one of them.
 */
export function findDroppable(
  directory: string,
  log: string,
  timeMs: number,
): Droppable | undefined {
  const files = listLogFiles(directory, log);
  for (const [i, { path, first }] of files.slice(0, -1).entries()) {
    const { lines } = splitLines(Deno.readFileSync(path));
    const newest = lines.map(recordIn).findLast((record) => record !== undefined);
    if (timeOf(newest) >= timeMs) return undefined;
    const count = lines.filter((line) => droppedFormOf(line) !== undefined).length;
    const last = (files[i + 1]?.first ?? 0) - 1;
    if (count > 0) return { path, first, last, count };
  }
  return undefined;
}

function timeOf(record: Uint8Array | undefined): number {
  const start = record ? decoder.decode(record.subarray(0, 120)) : "";
  return Number(TIME.exec(start)?.[1] ?? Number.NaN);
}

/**
 * Writes a file anew with the hashes of its requests in place of their text. Records of changes stay, since the store
 * is compared with them; so does every checkpoint and every proof. A record whose text does not fit its mark stays,
 * too: nothing that was tampered with is covered up.
 */
export async function dropRequests(
  { path }: Droppable,
  pause: () => Promise<void>,
): Promise<void> {
  const { lines } = splitLines(Deno.readFileSync(path));
  const kept: Uint8Array[] = [];
  for (const [i, line] of lines.entries()) {
    kept.push(without(line));
    if (i % STEP === 0) await pause();
  }
  const bytes = new Uint8Array(kept.reduce((length, line) => length + line.length, 0));
  let at = 0;
  for (const line of kept) {
    bytes.set(line, at);
    at += line.length;
  }
  replaceFile(path, bytes);
}

/** A line with its newline; its dropped form where it has one. */
function without(line: Uint8Array): Uint8Array {
  const dropped = droppedFormOf(line);
  if (dropped) return dropped;
  const whole = new Uint8Array(line.length + 1);
  whole.set(line);
  whole[line.length] = NEWLINE;
  return whole;
}

/** What stays of a line that holds a request as it was written; undefined for every other line. */
function droppedFormOf(line: Uint8Array): Uint8Array | undefined {
  const record = recordIn(line);
  const head = record && headOf(record);
  if (!record || head?.kind !== "request") return undefined;
  const parsed = parseLine(line);
  const leaf = leafOf(record, nativeHash);
  const fits = parsed.kind === "record" &&
    leaf.subarray(0, MARK_DIGITS / 2).toHex() === parsed.mark;
  if (!fits) return undefined;
  return head.format === 1 ? droppedLine(leaf) : droppedBoundLine("request", nativeHash(record));
}
