import process from "node:process";
import { SpikeError } from "../api/error.ts";
import { hardenProcess } from "../seal/locked_memory.ts";
import type { PlainFailure } from "./supervise.ts";

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

/** @throws SpikeError `config_invalid` when something listens on the address already */
export function assertPortIsFree({ host, port }: { host: string; port: number }): void {
  if (port === 0) return;
  try {
    Deno.listen({ hostname: host || "0.0.0.0", port }).close();
  } catch (cause) {
    throw new SpikeError(
      "config_invalid",
      `Cannot listen on ${host || "*"}:${port}: ${messageOf(cause)}`,
      {
        hint: "Another process holds the port; stop it or choose another port",
        cause,
      },
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
