import { SpikeError } from "../error/error.ts";
import { mixedRandom } from "./mixed_random.ts";
import type { RandomSource } from "./random.ts";

/** The only file that a thread needs read permission for to draw random bytes. */
export const RANDOM_DEVICE = "/dev/urandom";

/**
 * Opened when the module is loaded and never closed: later the thread may have dropped the permission, or the process may
 * be out of file descriptors.
 */
const device = openDevice();

/** The open device, or the cause of the failure, which is reported on the first draw. */
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

/** Reads the operating system's generator, unbuffered: each draw is at least one system call. */
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
 * The only source of randomness outside tests: fresh bytes of the operating system, mixed with the runtime's generator, a
 * counter and the clocks.
 */
export const osRandom: RandomSource = mixedRandom({
  system: readDevice,
  runtime: (length) => crypto.getRandomValues(new Uint8Array(length)),
  clocks: () => [Date.now(), performance.now()],
});
