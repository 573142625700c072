import { SpikeError } from "../error/error.ts";

/**
 * The bytes of a file that has at most `limitBytes`; of what has no end, such as a device, no more is read.
 *
 * @throws SpikeError `data_invalid_input` for a longer one, and what the operating system refuses with
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
