import { connect } from "node:net";

/** How long a connection to this machine may take to arrive. */
const PATIENCE_MS = 300;
const TRIES = 6;
/** Where several listeners share a port, the system chooses who gets a connection. */
const TRIES_SHARED = 24;

/** The listener to connect to. */
export interface ProbedAddress {
  readonly host: string;
  readonly port: number;
  /** Several listeners of one process share the port. */
  readonly reusePort?: boolean;
}

/** Where a listener on `host` is reached from this machine. */
export function reachable(host: string): string {
  if (host === "" || host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}

/** Connects to a listener of our own until `hasArrived`; false when no connection does. */
export async function accepts(address: ProbedAddress, hasArrived: () => boolean): Promise<boolean> {
  const tries = address.reusePort ? TRIES_SHARED : TRIES;
  for (let i = 0; i < tries && !hasArrived(); i++) await tryOnce(address, hasArrived);
  return hasArrived();
}

function tryOnce({ host, port }: ProbedAddress, hasArrived: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: reachable(host), port });
    const end = () => {
      clearTimeout(patience);
      clearInterval(looking);
      socket.destroy();
      resolve();
    };
    const patience = setTimeout(end, PATIENCE_MS);
    const looking = setInterval(() => hasArrived() && end(), 5);
    // It is known by its arrival alone: this end may learn of it sooner or never.
    socket.on("error", () => {});
  });
}
