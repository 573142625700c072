import { printable } from "../../lib/text/printable.ts";

/** Tells a person who looks on; progress goes to standard error, so that standard output stays for results. */
export type Say = (line: string) => void;

/** Writes one line to standard error. */
export const sayOnStderr: Say = (line) => {
  try {
    Deno.stderr.writeSync(new TextEncoder().encode(`${printable(line)}\n`));
  } catch {
    // A terminal that is gone is no reason to end, and there is nobody left to tell.
  }
};

/** A line about one process. */
export function about(name: string, what: string): string {
  return `${name.padEnd(10)} ${what}`;
}
