import { SpikeError } from "../../lib/api/error.ts";
import { tryLock } from "./file.ts";

/** Ports of one system: Nexus has the first, keepers have those after it. */
export interface Ports {
  readonly nexus: number;
  readonly keepers: readonly number[];
}

/** A block of ports that no other system of this user takes while the lock is held. */
export interface PortLease extends Disposable {
  readonly ports: Ports;
}

const FIRST = 8553;
const STEP = 20;
/** Where Linux begins to hand out ports for outgoing connections, one of which would block ours by chance. */
const EPHEMERAL = 32_768;

/** First ports of all blocks, in the order in which they are tried. */
export function* candidateBlocks(keepers: number): Generator<number> {
  for (let first = FIRST; first + keepers < EPHEMERAL; first += STEP) yield first;
}

/** The ports of the block that begins with `first`. */
export function portsFrom(first: number, keepers: number): Ports {
  return { nexus: first, keepers: Array.from({ length: keepers }, (_, i) => first + 1 + i) };
}

/** Takes the first block that is locked by nobody and whose ports are free. */
export function leaseAnyPorts(keepers: number, lockDir: string): PortLease {
  for (const first of candidateBlocks(keepers)) {
    const lease = tryLease(first, keepers, lockDir);
    if (lease === undefined) continue;
    if (areFree(lease.ports)) return lease;
    lease[Symbol.dispose]();
  }
  throw new SpikeError("net_peer_connection", `No free ports were found from ${FIRST} on`, {
    hint: "Stop other development systems",
  });
}

/**
 * Takes the block that a system had before. Its own processes may still be about to end, so it waits a while
 * for the ports. Undefined when another system has them now, or somebody else does.
 */
export async function leaseSamePorts(
  first: number,
  keepers: number,
  lockDir: string,
  patienceMs: number,
): Promise<PortLease | undefined> {
  const lease = tryLease(first, keepers, lockDir);
  if (lease === undefined) return undefined;
  const endMs = Date.now() + patienceMs;
  while (!areFree(lease.ports)) {
    if (Date.now() > endMs) {
      lease[Symbol.dispose]();
      return undefined;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return lease;
}

function tryLease(first: number, keepers: number, lockDir: string): PortLease | undefined {
  const lock = tryLock(`${lockDir}/port-${first}.lock`);
  if (lock === undefined) return undefined;
  return { ports: portsFrom(first, keepers), [Symbol.dispose]: () => lock.close() };
}

function areFree({ nexus, keepers }: Ports): boolean {
  return [nexus, ...keepers].every(isFree);
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
