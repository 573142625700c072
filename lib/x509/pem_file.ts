import { SpikeError } from "../error/error.ts";
import { fileFault } from "../error/os_file_fault.ts";

/** Four times the size of a bundle of a thousand authorities. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Facts about a file that is not opened. */
export interface FileLook {
  /** Changes whenever the file, or a link on the way to it, is written or replaced. */
  readonly appearance: string;
}

/**
 * Reads the metadata of a file of certificates or a key.
 *
 * @throws {SpikeError} fs_file_open_failed if it is not a regular file, not accessible or too large
 */
export async function lookAtFile(path: string): Promise<FileLook> {
  const { dev, ino, size, mtime, ctime, isFile, isDirectory } = await onDisk(path, Deno.stat(path));
  // A pipe or a device could block the reader or never end. Reading a directory reports its own error.
  if (!isFile && !isDirectory) throw unreadable(path, "it is not a regular file");
  if (size > MAX_BYTES) {
    throw unreadable(path, `it has ${size} bytes, at most ${MAX_BYTES} are read`);
  }
  return { appearance: [dev, ino, size, mtime?.getTime(), ctime?.getTime()].join(":") };
}

/**
 * Reads a file of PEM or JSON as text, without a UTF-8 byte order mark.
 *
 * @throws {SpikeError} fs_file_open_failed, or data_invalid_input for binary or UTF-16; names the file, never its content
 */
export async function readTextOf(path: string): Promise<string> {
  const bytes = await onDisk(path, Deno.readFile(path));
  try {
    const fault = notText(bytes);
    if (fault === undefined) return new TextDecoder().decode(bytes);
    throw new SpikeError("data_invalid_input", `File ${path} is ${fault.what}, expected PEM text`, {
      hint: fault.hint,
    });
  } finally {
    bytes.fill(0);
  }
}

function notText(bytes: Uint8Array): { what: string; hint: string } | undefined {
  const [first = 0, second = 0] = bytes;
  const isMarked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  const head = bytes.subarray(0, 1024);
  const isWide = bytes.length > 1 && (first === 0) !== (second === 0);
  if (isMarked || isWide) {
    return { what: "UTF-16 text", hint: "Convert it with: iconv -f UTF-16 -t UTF-8" };
  }
  if (first === 0x30 && second >= 0x80 || head.includes(0)) {
    return {
      what: "binary",
      hint:
        "Convert DER to PEM with: openssl x509 -inform DER, or openssl pkey -inform DER for a key",
    };
  }
  return undefined;
}

async function onDisk<T>(path: string, operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (cause) {
    throw unreadable(path, fileFault(cause), cause);
  }
}

function unreadable(path: string, why: string, cause?: unknown): SpikeError {
  return new SpikeError("fs_file_open_failed", `File ${path} cannot be read: ${why}`, { cause });
}

/** Adds the file name to a {@linkcode SpikeError} that `read` throws. */
export function inFile<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof SpikeError)) throw cause;
    const options = cause.hint === undefined ? { cause } : { cause, hint: cause.hint };
    throw new SpikeError(cause.code, `File ${path}: ${cause.message}`, options);
  }
}
