/** What the runtime's kinds of error say of a file. */
const FAULTS: readonly (readonly [new (message?: string) => Error, string])[] = [
  [Deno.errors.NotFound, "it does not exist"],
  [Deno.errors.PermissionDenied, "permission is denied to this user"],
  [Deno.errors.IsADirectory, "it is a directory"],
  [Deno.errors.NotADirectory, "a part of its path is no directory"],
  [
    Deno.errors.NotCapable,
    "this program has no access to it; files of the system, below /proc, /sys and /dev, are closed to it",
  ],
];

/** Why a file or a socket cannot be used, in words that need no knowledge of the runtime. */
export function fileFault(error: unknown): string {
  const known = FAULTS.find(([kind]) => error instanceof kind);
  if (known) return known[1];
  const message = error instanceof Error ? error.message : String(error);
  // What follows the number is the runtime's call and the path, which the message around this has.
  return message.replace(/ \(os error \d+\).*$/s, "");
}
