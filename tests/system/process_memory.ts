/** Looks for bytes in the memory of another process, as whoever may debug it can. */
import { Buffer } from "node:buffer";

const PIECE = 4 * 1024 * 1024;
/** Ranges of memory with how much of each is there: what is reserved and was never used is not read. */
const RANGE = /^([0-9a-f]+)-([0-9a-f]+) r.*\n(?:[A-Z].*\n)*?Rss: +([1-9]\d*) kB$/gm;

/** How often `needle` is in the memory of `pid`; undefined where this user may not look. */
export function occurrences(pid: number, needle: Uint8Array): number | undefined {
  const ranges = Deno.readTextFileSync(`/proc/${pid}/smaps`);
  let memory: Deno.FsFile;
  try {
    memory = Deno.openSync(`/proc/${pid}/mem`);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
  using _ = memory;
  // A text is searched by the runtime itself, hundreds of times faster than bytes are.
  const text = Buffer.from(needle).toString("latin1");
  let count = 0;
  for (const [, from = "", to = ""] of ranges.matchAll(RANGE)) {
    const [start, end] = [parseInt(from, 16), parseInt(to, 16)];
    for (let at = start; at < end; at += PIECE) {
      // With the beginning of the next piece, for what lies across.
      const bytes = read(memory, at, Math.min(PIECE + needle.length - 1, end - at));
      count += bytes.toString("latin1").split(text).length - 1;
    }
  }
  return count;
}

function read(memory: Deno.FsFile, at: number, length: number): Buffer {
  const bytes = new Uint8Array(length);
  try {
    memory.seekSync(at, Deno.SeekMode.Start);
    return Buffer.from(bytes.buffer, 0, memory.readSync(bytes) ?? 0);
  } catch {
    // Some pages of the kernel's own are listed and cannot be read, and others go while one looks.
    return Buffer.alloc(0);
  }
}
