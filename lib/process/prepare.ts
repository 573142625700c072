import process from "node:process";
import { exitCodeOf, SpikeError } from "../api/error.ts";
import { listenFault } from "../api/listen_fault.ts";
import { hardenProcess } from "../seal/locked_memory.ts";
import { type PlainFailure, plainFailure } from "./supervise.ts";

/** The first thing a server role does: nothing it makes is readable by others, and it leaves no core dump. */
export function prepareProcess(): void {
  process.umask(0o077);
  hardenProcess();
}

/** A failure as a person reads it, on standard error. */
export function reportFailure({ message, hint }: PlainFailure): void {
  const lines = [`Error: ${message}`, ...(hint ? [`Hint: ${hint}`] : [])];
  Deno.stderr.writeSync(new TextEncoder().encode(lines.join("\n") + "\n"));
}

/**
 * The outermost frame of a server role: `--help` prints `help` and needs nothing else, and a failure before the
 * threads run is told to a person. Answers the exit code.
 */
export async function asRole(
  args: readonly string[],
  help: () => string,
  run: () => Promise<number>,
): Promise<number> {
  if (args.some((arg) => arg === "--help" || arg === "-h" || arg === "help")) {
    console.log(help().trimEnd());
    return 0;
  }
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof SpikeError)) throw error;
    reportFailure(plainFailure(error));
    return exitCodeOf(error.code);
  }
}

/** @throws {SpikeError} `config_invalid` when something listens on the address already, or it is not ours */
export function assertPortIsFree({ host, port }: { host: string; port: number }): void {
  if (port === 0) return;
  try {
    Deno.listen({ hostname: host || "0.0.0.0", port }).close();
  } catch (cause) {
    throw listenFault(cause, { host, port });
  }
}
