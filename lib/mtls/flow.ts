/**
 * Back-pressure. Pausing a TLS socket of this runtime does not stop it from reading (Deno 2.9.6): the TLS layer reads on
 * and buffers. What does stop it is the TCP handle below, which is no public part of the runtime, so its absence is a
 * state that everything here has to work in: then only ceilings bound memory.
 */
import type { TLSSocket } from "node:tls";

interface TcpHandle {
  readStop(): unknown;
  readStart(): unknown;
}

function handleOf(socket: TLSSocket): TcpHandle | undefined {
  const { _handle: tls } = socket as unknown as {
    _handle?: { _nativeTcpHandle?: Partial<TcpHandle> } | null;
  };
  const tcp = tls?._nativeTcpHandle;
  const isUsable = typeof tcp?.readStop === "function" && typeof tcp.readStart === "function";
  return isUsable ? tcp as TcpHandle : undefined;
}

/** Stops reading from the network, so that the peer has to wait; false when the runtime does not offer it. */
export function stopReading(socket: TLSSocket): boolean {
  const handle = socket.destroyed ? undefined : handleOf(socket);
  handle?.readStop();
  return handle !== undefined;
}

/** Goes on reading. */
export function resumeReading(socket: TLSSocket): void {
  if (!socket.destroyed) handleOf(socket)?.readStart();
}
