/**
 * How many file descriptors the process may have, and how many of them its connections may take. Without a free one
 * nothing can be opened any more: no file of the database, no connection to a keeper, no listener.
 */
import { SpikeError } from "../error/error.ts";
import { LIBC_PATHS } from "../seal/locked_memory.ts";

/** Linux, on all architectures that are built for. */
const RLIMIT_NOFILE = 7;

const SYMBOLS = {
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** More than these are of no use, and where the system knows no limit, it is this one. */
const MOST = 1_048_576;
/** Where the limit cannot be read: the usual one of a login. */
const USUAL = 1024;
/** For the files of each thread, and for connections that arrive faster than they can be rejected. */
const RESERVE = 64;
const RESERVE_PER_THREAD = 24;
/** The fewest connections that are useful. */
const LEAST_CONNECTIONS = 32;

/** Raises the limit of the process as far as it may, and answers it. Call it before FFI is revoked. */
export function raiseDescriptorLimit(): number {
  if (Deno.build.os !== "linux") return USUAL;
  for (const path of LIBC_PATHS) {
    try {
      using libc = openLibc(path);
      return raise(libc.symbols);
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) return USUAL;
      // Not the place where this system keeps it, or another architecture's: the next one is tried.
    }
  }
  return USUAL;
}

function openLibc(path: string) {
  const library = Deno.dlopen(path, SYMBOLS);
  return { symbols: library.symbols, [Symbol.dispose]: () => library.close() };
}

/** struct rlimit { rlim_t soft, hard } */
function raise(libc: Deno.StaticForeignLibraryInterface<typeof SYMBOLS>): number {
  const limit = new BigUint64Array(2);
  const bytes = new Uint8Array(limit.buffer);
  if (libc.getrlimit(RLIMIT_NOFILE, bytes) !== 0) return USUAL;
  const [soft = 0n, hard = 0n] = limit;
  limit[0] = hard;
  const isRaised = soft === hard || libc.setrlimit(RLIMIT_NOFILE, bytes) === 0;
  const now = isRaised ? hard : soft;
  return now > BigInt(MOST) ? MOST : Number(now);
}

/**
 * The connections that each of `listeners` may have in a process of so many threads.
 *
 * @throws SpikeError `config_invalid` when too few descriptors are left
 */
export function connectionShare(limit: number, threads: number, listeners: number): number {
  const reserve = RESERVE + RESERVE_PER_THREAD * threads;
  // A quarter stays free for connections that arrive faster than they can be rejected.
  const share = Math.floor((limit - reserve) * 3 / 4 / listeners);
  if (share >= LEAST_CONNECTIONS) return share;
  const least = reserve + Math.ceil(LEAST_CONNECTIONS * listeners * 4 / 3);
  throw new SpikeError(
    "config_invalid",
    `The limit of open files is ${limit}; this process needs at least ${least}`,
    { hint: "Raise it: LimitNOFILE= of the systemd unit, or ulimit -n" },
  );
}
