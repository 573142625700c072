import { SpikeError } from "../../lib/error/error.ts";
import { tryLock } from "./file.ts";

/** Ports of one system: Nexus has the first, keepers have those after it; probes are answered ten further on. */
export interface Ports {
  readonly nexus: number;
  readonly keepers: readonly number[];
  readonly health: { readonly nexus: number; readonly keepers: readonly number[] };
}

/** A block of ports that no other system of this user takes while the lock is held. */
export interface PortLease extends Disposable {
  readonly ports: Ports;
}

const FIRST = 8553;
const STEP = 20;
/** From a port to that of its health probes: so the first block has the default ports of both kinds. */
const TO_HEALTH = 10;
/** Where Linux begins to hand out ports for outgoing connections, one of which would block ours by chance. */
const EPHEMERAL = 32_768;

/** First ports of all blocks, in the order in which they are tried. */
export function* candidateBlocks(keepers: number): Generator<number> {
  for (let first = FIRST; first + TO_HEALTH + keepers < EPHEMERAL; first += STEP) yield first;
}

/** The ports of the block that begins with `first`. */
export function portsFrom(first: number, keepers: number): Ports {
  const from = (nexus: number) => ({
    nexus,
    keepers: Array.from({ length: keepers }, (_, i) => nexus + 1 + i),
  });
  return { ...from(first), health: from(first + TO_HEALTH) };
}

/** Who asks for ports, and where systems of this user keep their locks. */
export interface PortRequest {
  /** Directory of the system; its ports stay its own as long as the directory is there. */
  readonly dir: string;
  readonly lockDir: string;
  readonly keepers: number;
  /** Whether a directory, running or not, still has the block that begins with `first`. */
  readonly isClaimed: (dir: string, first: number) => boolean;
}

/**
 * Takes the first block that is nobody's and whose ports are free; one of a system that does not run only when
 * there is no other.
 */
export function leaseAnyPorts(request: PortRequest): PortLease {
  for (const mayRob of [false, true]) {
    for (const first of candidateBlocks(request.keepers)) {
      const lease = tryLease(first, request, mayRob);
      if (lease === undefined) continue;
      if (areFree(lease.ports)) return lease;
      lease[Symbol.dispose]();
    }
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
  request: PortRequest,
  patienceMs: number,
): Promise<PortLease | undefined> {
  const lease = tryLease(first, request, false);
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

/** The file of a block is its lock, and says whose the block is. */
function tryLease(first: number, request: PortRequest, mayRob: boolean): PortLease | undefined {
  const { dir, lockDir, keepers, isClaimed } = request;
  const path = `${lockDir}/port-${first}.lock`;
  const lock = tryLock(path);
  if (lock === undefined) return undefined;
  const owner = Deno.readTextFileSync(path);
  if (!mayRob && owner !== "" && owner !== dir && isClaimed(owner, first)) {
    lock.close();
    return undefined;
  }
  Deno.writeTextFileSync(path, dir);
  return { ports: portsFrom(first, keepers), [Symbol.dispose]: () => lock.close() };
}

function areFree({ nexus, keepers, health }: Ports): boolean {
  return [nexus, ...keepers, health.nexus, ...health.keepers].every(isFree);
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
