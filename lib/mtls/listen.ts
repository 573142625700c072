import type { Server } from "node:https";
import { listenFault } from "../api/listen_fault.ts";
import { assertAnswersNobody } from "./stranger_check.ts";

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** Several listeners of one process share the port. */
  readonly reusePort?: boolean;
}

/** Where several listeners share a port, the system chooses who gets a connection; this many hardly all miss one. */
const SELF_TESTS = 32;

/**
 * Listens, and resolves with the port when a caller without a certificate was turned away by this very listener:
 * `hasSeenStranger` tells whether it was.
 *
 * @throws {SpikeError} `config_invalid` when it cannot listen there
 */
export async function listen(
  server: Server,
  address: Address,
  hasSeenStranger: () => boolean,
): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(listenFault(error, address)));
    const where = { port: address.port, ...(address.host ? { host: address.host } : {}) };
    server.listen({ ...where, ...(address.reusePort ? { reusePort: true } : {}) }, resolve);
  });
  const bound = server.address();
  const port = typeof bound === "object" && bound ? bound.port : address.port;
  try {
    for (let i = 0; i < SELF_TESTS && !hasSeenStranger(); i++) {
      await assertAnswersNobody({ host: address.host || "127.0.0.1", port });
    }
    if (!hasSeenStranger()) throw new Error("Self-test: the listener has seen no connection");
  } catch (error) {
    server.close();
    server.closeAllConnections();
    throw error;
  }
  return port;
}
