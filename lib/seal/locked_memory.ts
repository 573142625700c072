/**
 * Memory for keys that is neither swapped out nor written to a core dump, and a process without core dumps.
 *
 * Needs FFI permission for the listed files only: a view of a SharedArrayBuffer is passed to libc as a buffer, and pointers
 * are never read. Functions report failures instead of throwing: a container without the right to lock memory still has to
 * run, and `spike doctor` shows what was refused.
 */
import { slotsOf } from "./key_slots.ts";
import type { KeySlots, SlotLayout } from "./key_slots.ts";

/**
 * Possible paths of libc, the same list that `scripts/flags` permits. Absolute paths only: a bare name would load a file
 * from the working directory.
 */
export const LIBC_PATHS = [
  "/lib/x86_64-linux-gnu/libc.so.6",
  "/lib/aarch64-linux-gnu/libc.so.6",
  "/lib64/libc.so.6",
  "/usr/lib/libc.so.6",
  "/lib/libc.musl-x86_64.so.1",
  "/lib/libc.musl-aarch64.so.1",
] as const;

/** Linux: `madvise` and `prctl` numbers, the same on all architectures that are built for. */
const MADV_DONTDUMP = 16;
const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;
const RLIMIT_CORE = 4;
const USUAL_PAGE_BYTES = 4096;
const ERRNO_NAMES: Readonly<Record<number, string>> = {
  1: "EPERM",
  11: "EAGAIN",
  12: "ENOMEM",
  22: "EINVAL",
  38: "ENOSYS",
};

const SYMBOLS = {
  getpagesize: { parameters: [], result: "i32" },
  // Returns the address of the byte it finds, which gives the address of a buffer without reading a pointer.
  memchr: { parameters: ["buffer", "i32", "usize"], result: "usize" },
  mlock: { parameters: ["buffer", "usize"], result: "i32" },
  madvise: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  prctl: { parameters: ["i32", "usize", "usize", "usize", "usize"], result: "i32" },
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  __errno_location: { parameters: [], result: "usize" },
  memcpy: { parameters: ["buffer", "usize", "usize"], result: "usize" },
} as const satisfies Deno.ForeignLibraryInterface;

type Libc = Deno.DynamicLibrary<typeof SYMBOLS>;

/** Result of a system call: `"ok"`, or the reason of the failure. */
export type Outcome = "ok" | (string & Record<never, never>);

/** Protection of one region. */
export interface LockReport {
  /** Kept out of swap. */
  readonly mlock: Outcome;
  /** Kept out of core dumps. */
  readonly dontDump: Outcome;
}

/** Protection of the process. */
export interface HardenReport {
  /** No core dump and no debugger of the same user can attach (`PR_SET_DUMPABLE` is 0). */
  readonly dumpable: Outcome;
  /** The core size limit is 0. */
  readonly core: Outcome;
}

/** Slots in locked memory; send `buffer` and `layout` to workers. */
export interface LockedRegion extends KeySlots {
  /** The shared memory. */
  readonly buffer: SharedArrayBuffer;
  /** Layout of the slots in `buffer`. */
  readonly layout: SlotLayout;
  /** What the operating system granted. */
  readonly report: LockReport;
}

/**
 * Allocates zeroed slots in separate pages, locks the pages and excludes them from core dumps. Call it before FFI is
 * revoked; afterwards it returns slots that are not locked, and the report says so.
 *
 * @throws {RangeError} for a size that cannot be allocated
 */
export function allocateLocked(slots: number, slotBytes = 32): LockedRegion {
  const size = slots * slotBytes;
  if (!Number.isSafeInteger(size) || slots < 1 || slotBytes < 1) {
    throw new RangeError(`${slots} slots of ${slotBytes} bytes cannot be allocated`);
  }
  const libc = openLibc();
  if (typeof libc === "string") {
    const report = { mlock: libc, dontDump: libc };
    return region(new SharedArrayBuffer(size), { offset: 0, count: slots, slotBytes }, report);
  }
  try {
    return lockPages(libc, slots, slotBytes);
  } finally {
    libc.close();
  }
}

/** Creates a view of a region in the worker that received its `buffer` and `layout`. */
export function attachLocked(buffer: SharedArrayBuffer, layout: SlotLayout): KeySlots {
  return slotsOf(buffer, layout);
}

/**
 * Forbids core dumps and, for other processes of the same user, reading this one's memory.
 * Call it before FFI is revoked. Children do not inherit the first, and do inherit the second.
 */
export function hardenProcess(): HardenReport {
  const libc = openLibc();
  if (typeof libc === "string") return { dumpable: libc, core: libc };
  try {
    // struct rlimit { rlim_t soft, hard }, both 0.
    const core = outcome(libc, libc.symbols.setrlimit(RLIMIT_CORE, new Uint8Array(16)));
    const set = outcome(libc, libc.symbols.prctl(PR_SET_DUMPABLE, 0n, 0n, 0n, 0n));
    const now = libc.symbols.prctl(PR_GET_DUMPABLE, 0n, 0n, 0n, 0n);
    return { dumpable: set === "ok" && now !== 0 ? `still ${now}` : set, core };
  } finally {
    libc.close();
  }
}

/** The library, or why it is not available. */
function openLibc(): Libc | string {
  if (Deno.build.os !== "linux") return `not available on ${Deno.build.os}`;
  for (const path of LIBC_PATHS) {
    try {
      return Deno.dlopen(path, SYMBOLS);
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) return "no permission for FFI";
      // Not present on this system or of another architecture: try the next path.
    }
  }
  return "libc was not found";
}

/** One extra page guarantees that the aligned pages lie inside the buffer; shared memory never moves. */
function lockPages(libc: Libc, slots: number, slotBytes: number): LockedRegion {
  const page = libc.symbols.getpagesize() || USUAL_PAGE_BYTES;
  const size = Math.ceil((slots * slotBytes) / page) * page;
  const buffer = new SharedArrayBuffer(size + page);
  const address = libc.symbols.memchr(new Uint8Array(buffer), 0, 1n);
  const offset = Number((BigInt(page) - address % BigInt(page)) % BigInt(page));
  const pages = new Uint8Array(buffer, offset, size);
  const mlock = outcome(libc, libc.symbols.mlock(pages, BigInt(size)));
  const dontDump = outcome(libc, libc.symbols.madvise(pages, BigInt(size), MADV_DONTDUMP));
  return region(buffer, { offset, count: slots, slotBytes }, { mlock, dontDump });
}

function region(buffer: SharedArrayBuffer, layout: SlotLayout, report: LockReport): LockedRegion {
  return { ...slotsOf(buffer, layout), buffer, layout, report };
}

/** The error of a call that returned `result`. `errno` is copied out, because pointers cannot be dereferenced. */
function outcome(libc: Libc, result: number): Outcome {
  if (result === 0) return "ok";
  const errno = new Int32Array(1);
  libc.symbols.memcpy(new Uint8Array(errno.buffer), libc.symbols.__errno_location(), 4n);
  const code = errno[0] ?? 0;
  return ERRNO_NAMES[code] ?? `errno ${code}`;
}
