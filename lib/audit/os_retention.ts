import { droppedLine, MARK_DIGITS, parseLine, splitLines } from "./line.ts";
import { leafHash } from "./merkle.ts";
import { nativeHash } from "./os_hash.ts";
import { listLogFiles, replaceFile } from "./os_log_files.ts";

/** Records that were, or are about to be, dropped from one file. */
export interface Droppable {
  readonly path: string;
  /** Number of the first record of the file. */
  readonly first: number;
  /** Requests in it whose text is still there. */
  readonly count: number;
}

const NEWLINE = 10;
const STEP = 500;
const decoder = new TextDecoder();
const REQUEST = /^\{"format":1,"n":\d+,"kind":"request","time":(\d+)/;
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
  for (const { path, first } of listLogFiles(directory, log).slice(0, -1)) {
    const { lines } = splitLines(Deno.readFileSync(path));
    const texts = lines.filter((line) => line[0] === "r".charCodeAt(0)).map(startOf);
    const last = Number(TIME.exec(texts.at(-1) ?? "")?.[1] ?? Number.NaN);
    if (last >= timeMs) return undefined;
    const count = texts.filter((text) => REQUEST.test(text)).length;
    if (count > 0) return { path, first, count };
  }
  return undefined;
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

/** A line with its newline; the hash alone where it is a request. */
function without(line: Uint8Array): Uint8Array {
  const parsed = parseLine(line);
  if (parsed.kind === "record" && REQUEST.test(startOf(line))) {
    const leaf = leafHash(parsed.bytes, nativeHash);
    if (leaf.subarray(0, MARK_DIGITS / 2).toHex() === parsed.mark) return droppedLine(leaf);
  }
  const whole = new Uint8Array(line.length + 1);
  whole.set(line);
  whole[line.length] = NEWLINE;
  return whole;
}

/** The beginning of a record's text. */
function startOf(line: Uint8Array): string {
  return decoder.decode(line.subarray(2 + MARK_DIGITS + 1, 120));
}
