import process from "node:process";
import { exitCodeOf, failureLines, SpikeError } from "../error/error.ts";
import { fileFault, isFileFault } from "../error/os_file_fault.ts";
import { listenFault } from "../error/os_listen_fault.ts";
import { requireUtf8 } from "../input/utf8.ts";
import { hardenProcess } from "../seal/locked_memory.ts";
import { printable } from "../text/printable.ts";
import { type PlainFailure, plainFailure } from "./plain_failure.ts";

/** The first thing a server role does: nothing it makes is readable by others, and it leaves no core dump. */
export function prepareProcess(): void {
  process.umask(0o077);
  hardenProcess();
}

/** A failure as a person reads it, on standard error. */
export function reportFailure({ message, ...more }: PlainFailure): void {
  try {
    writeAll(Deno.stderr, failureLines({ headline: message, ...more }));
  } catch {
    // The reader is gone; the exit code still reports how the process ended.
  }
}

/** Prints lines for people; text of another party stays on its line. */
export function sayLines(...lines: readonly string[]): void {
  try {
    writeAll(Deno.stdout, lines);
  } catch (cause) {
    // The reader closed the pipe.
    if (cause instanceof Deno.errors.BrokenPipe) return;
    const message = `Standard output cannot be written: ${fileFault(cause)}`;
    throw new SpikeError("fs_file_open_failed", message, { cause });
  }
}

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, lines: readonly string[]) {
  const text = lines.map((line) => `${printable(line)}\n`).join("");
  for (let rest = new TextEncoder().encode(text); rest.length > 0;) {
    rest = rest.subarray(stream.writeSync(rest));
  }
}

/**
 * The outermost frame of a server role: `--help` prints `help` and needs nothing else, and a failure before the
 * threads run is reported on standard error. Answers the exit code.
 */
export async function asRole(
  args: readonly string[],
  help: () => string,
  run: () => Promise<number>,
): Promise<number> {
  try {
    // The name of the role is the first argument.
    requireUtf8(args, 2);
    if (args.some((arg) => arg === "--help" || arg === "-h" || arg === "help")) {
      sayLines(...help().trimEnd().split("\n"));
      return 0;
    }
    return await run();
  } catch (error) {
    if (!(error instanceof SpikeError || isFileFault(error))) throw error;
    const failure = plainFailure(error);
    reportFailure(failure);
    return exitCodeOf(failure.code);
  }
}

/**
 * Checks that a server can listen on an address.
 *
 * @throws {SpikeError} `config_invalid` when something listens on the address already, or it is not ours
 */
export function assertPortIsFree({ host, port }: { host: string; port: number }): void {
  if (port === 0) return;
  try {
    Deno.listen({ hostname: host || "0.0.0.0", port }).close();
  } catch (cause) {
    throw listenFault(cause, { host, port });
  }
}
