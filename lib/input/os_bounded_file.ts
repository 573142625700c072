import { SpikeError } from "../error/error.ts";

/**
 * Reads a file of at most `limitBytes` bytes. Reading stops at the limit, so an endless device is safe.
 *
 * @param what Names the file in the error.
 * @throws {SpikeError} data_invalid_input if the file is longer
 * @throws {Error} the runtime's error if the file cannot be opened or read
 */
export function readFileAtMost(path: string, limitBytes: number, what: string): Uint8Array {
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(limitBytes + 1);
  let size = 0;
  while (size <= limitBytes) {
    const count = file.readSync(bytes.subarray(size));
    if (count === null) return bytes.slice(0, size);
    size += count;
  }
  throw new SpikeError("data_invalid_input", `${what} is longer than ${limitBytes} bytes`);
}
