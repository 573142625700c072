import { SpikeError } from "../error/error.ts";

const MAGIC = "SQLite format 3\0";
/** Offsets in the header of a database file (sqlite.org/fileformat.html section 1.3). */
const PAGE_SIZE_AT = 16;
const CHANGE_COUNTER_AT = 24;
const PAGE_COUNT_AT = 28;
const COUNT_VALID_FOR_AT = 92;
const HEADER_BYTES = 100;
/** Where 16 bits do not suffice. */
const LARGEST_PAGE = 65_536;

/**
 * Rejects a database file that ends before its last page. SQLite reads the missing part of a page as zeros, so rows
 * of an index could disappear silently. With a write-ahead log beside it a file may be short: the rest is in the log.
 *
 * @throws {SpikeError} `state_integrity_check`
 */
export function requireWhole(path: string): void {
  const { size } = Deno.statSync(path);
  if (size === 0 || hasLog(path)) return;
  const wanted = wantedSize(path);
  if (wanted === undefined || (size >= wanted.bytes && size % wanted.pageSize === 0)) return;
  throw new SpikeError(
    "state_integrity_check",
    `Database ${path} is damaged: it has ${size} bytes, its header declares ${wanted.bytes}`,
    { hint: "Restore it from a backup; the file was not changed" },
  );
}

function hasLog(path: string): boolean {
  try {
    return Deno.statSync(`${path}-wal`).size > 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Undefined where the header does not declare a size; SQLite then decides. */
function wantedSize(path: string): { bytes: number; pageSize: number } | undefined {
  const header = new Uint8Array(HEADER_BYTES);
  using file = Deno.openSync(path, { read: true });
  file.readSync(header);
  if (new TextDecoder().decode(header.subarray(0, MAGIC.length)) !== MAGIC) return undefined;
  const view = new DataView(header.buffer);
  if (view.getUint32(CHANGE_COUNTER_AT) !== view.getUint32(COUNT_VALID_FOR_AT)) return undefined;
  const declared = view.getUint16(PAGE_SIZE_AT);
  const pageSize = declared === 1 ? LARGEST_PAGE : declared;
  if (pageSize === 0) return undefined;
  return { bytes: view.getUint32(PAGE_COUNT_AT) * pageSize, pageSize };
}
