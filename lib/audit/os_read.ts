import { recordIn, splitLines } from "./line.ts";
import { listLogFiles } from "./os_log_files.ts";
import type { LogVerifier } from "./verify.ts";

const PIECE_BYTES = 64 * 1024;
const decoder = new TextDecoder();

/** A page of a log. */
export interface TailRequest {
  /** Only records after this one. Absent: the last ones. */
  readonly after?: number;
  /** At least 1. */
  readonly limit: number;
}

/** Records of a log as they were written, ascending: of the file that holds the first one wanted, or of the last. */
export function readTail(directory: string, log: string, request: TailRequest): string[] {
  const { after, limit } = request;
  const files = listLogFiles(directory, log);
  const file = after === undefined
    ? files.at(-1)
    : files.findLast(({ first }) => first <= after + 1) ?? files[0];
  if (file === undefined) return [];
  const records = recordsIn(file.path);
  if (after === undefined) return records.slice(-limit);
  return records.filter((record) => numberOf(record) > after).slice(0, limit);
}

function recordsIn(path: string): string[] {
  const { lines } = splitLines(Deno.readFileSync(path));
  return lines.map(recordIn).filter((record) => record !== undefined)
    .map((record) => decoder.decode(record));
}

function numberOf(record: string): number {
  return Number(/^\{"format":\d+,"n":(\d+)/.exec(record)?.[1] ?? -1);
}

/** Hands all files of a log to a verifier, piece by piece; `pause` is awaited between them. */
export async function feedLog(
  verifier: LogVerifier,
  directory: string,
  log: string,
  pause: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  for (const { path } of listLogFiles(directory, log)) {
    verifier.begin(path.slice(directory.length + 1));
    using file = await Deno.open(path);
    const piece = new Uint8Array(PIECE_BYTES);
    for (let read = await file.read(piece); read !== null; read = await file.read(piece)) {
      verifier.feed(piece.subarray(0, read));
      await pause();
    }
  }
}
