import { SpikeError } from "./error.ts";

/** Reasons by the runtime's error classes. */
const FAULTS: readonly (readonly [new (message?: string) => Error, string])[] = [
  [Deno.errors.NotFound, "it does not exist"],
  [Deno.errors.PermissionDenied, "permission is denied to this user"],
  [Deno.errors.IsADirectory, "it is a directory"],
  [Deno.errors.NotADirectory, "a part of its path is not a directory"],
];

/** Why a file or a socket cannot be used, without terms of the runtime. */
export function fileFault(error: unknown): string {
  const known = FAULTS.find(([kind]) => error instanceof kind);
  if (known) return known[1];
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Deno.errors.NotCapable) return withoutRight(message);
  // After the number follow the system call and the path; the surrounding message names the path.
  return message.replace(/ \(os error \d+\).*$/s, "");
}

/** Whether the operating system or the runtime refused a file, directory or stream, as opposed to a bug. */
export function isFileFault(error: unknown): error is Error {
  return error instanceof Error &&
    (/\(os error \d+\)/.test(error.message) || error instanceof Deno.errors.NotCapable);
}

/** Error for a file whose purpose is not known here: the system's message, which names the file. */
export function asFileError(cause: Error): SpikeError {
  const message = cause instanceof Deno.errors.NotCapable
    ? fileFault(cause)
    : cause.message.replace(/ \(os error \d+\)/, "");
  return new SpikeError("fs_file_open_failed", `A file or directory cannot be used: ${message}`, {
    cause,
  });
}

/** Files that give control over processes; the runtime opens them only with all permissions granted. */
const CLOSED = "files of the system, below /proc, /sys and /dev, are closed to this program";

function withoutRight(message: string): string {
  const [, right] = /^Requires (.+), run again with /.exec(message) ?? [];
  return right?.startsWith("all access") ? CLOSED : `this program has no ${right ?? message}`;
}
