import { SpikeError } from "../error/error.ts";
import { mixedRandom } from "./mixed_random.ts";
import type { RandomSource } from "./random.ts";

/** What a thread must be permitted to read, and nothing more, so that it can draw random bytes. */
export const RANDOM_DEVICE = "/dev/urandom";

/**
 * Opened when the module is loaded and never closed: later a thread may have lost the permission, or the process
 * may have no file descriptor left.
 */
const device = openDevice();

/** Whether it was opened, and else why not: only who draws has to know of it. */
function openDevice(): Deno.FsFile | { readonly cause: unknown } {
  try {
    const file = Deno.openSync(RANDOM_DEVICE, { read: true });
    if (file.statSync().isCharDevice) return file;
    file.close();
    return { cause: new Error("It is not a character device") };
  } catch (cause) {
    return { cause };
  }
}

/** Bytes of the operating system's generator, which are never kept in store: each draw is one system call. */
function readDevice(length: number): Uint8Array {
  if (!(device instanceof Deno.FsFile)) throw noDevice(device.cause);
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const count = device.readSync(bytes.subarray(at));
    if (!count) throw noDevice(new Error("It ended"));
    at += count;
  }
  return bytes;
}

function noDevice(cause: unknown): SpikeError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SpikeError(
    "crypto_random_generation_failed",
    `Cannot read random bytes from ${RANDOM_DEVICE}: ${why}`,
    { hint: `Check that ${RANDOM_DEVICE} exists and is readable in this container`, cause },
  );
}

/**
 * The one source of randomness outside tests: bytes that the operating system gives at the moment they are drawn,
 * mixed with the runtime's generator, a count and the clocks.
 */
export const osRandom: RandomSource = mixedRandom({
  system: readDevice,
  runtime: (length) => crypto.getRandomValues(new Uint8Array(length)),
  clocks: () => [Date.now(), performance.now()],
});
