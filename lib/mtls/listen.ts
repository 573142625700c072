import type { Address, Front } from "./front.ts";
import { assertAnswersNobody } from "./stranger_check.ts";

/** Where several listeners share a port, the system chooses who gets a connection; this many hardly all miss one. */
const SELF_TESTS = 32;

/**
 * Listens, and resolves with the port when a caller without a certificate was turned away by this very listener:
 * `hasSeenStranger` tells whether it was.
 *
 * @throws {SpikeError} `config_invalid` when it cannot listen there
 */
export async function listen(
  front: Front,
  address: Address,
  hasSeenStranger: () => boolean,
): Promise<number> {
  const port = await front.open(address);
  try {
    for (let i = 0; i < SELF_TESTS && !hasSeenStranger(); i++) {
      await assertAnswersNobody({ host: address.host || "127.0.0.1", port });
    }
    if (!hasSeenStranger()) throw new Error("Self-test: the listener has seen no connection");
  } catch (error) {
    void front.close();
    throw error;
  }
  return port;
}
