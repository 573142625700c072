import { connect } from "node:net";
import type { EndpointAddress } from "../../../lib/workload_api/endpoint.ts";
import type { FileFacts, Machine } from "./machine.ts";

const PATIENCE_MS = 2_000;

/** This machine. */
export const REAL_MACHINE: Machine = { stat, list, reach, lockMemory };

async function stat(path: string): Promise<FileFacts | undefined> {
  try {
    const info = await Deno.stat(path);
    const kind = info.isFile
      ? "file"
      : info.isDirectory
      ? "directory"
      : info.isSocket
      ? "socket"
      : "other";
    return { kind, mode: (info.mode ?? 0) & 0o777, isOwn: info.uid === Deno.uid() };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function list(path: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name).sort();
}

function reach(address: EndpointAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = address.kind === "unix"
      ? connect({ path: address.path })
      : connect({ host: address.host, port: address.port });
    const finish = (error?: Error) => {
      clearTimeout(timer);
      socket.destroy();
      if (error) reject(error);
      else resolve();
    };
    const timer = setTimeout(
      () => finish(new Error(`no connection within ${PATIENCE_MS} ms`)),
      PATIENCE_MS,
    );
    socket.once("connect", () => finish());
    socket.once("error", finish);
  });
}

async function lockMemory(): Promise<string> {
  const { allocateLocked } = await import("../../../lib/seal/locked_memory.ts");
  return allocateLocked(1).report.mlock;
}
