/**
 * Ends of connections whose client is in mid-sentence. A connection that is closed over unread bytes is reset, and
 * the reset can overtake the answer; so our side ends first, and what still comes is dropped for a while.
 */
import type { TLSSocket } from "node:tls";

const LINGER_MS = 2_000;

/** How much more is taken, so that who sends a long body comes to read the answer. */
const MOST_DROPPED_BYTES = 16 * 1024 * 1024;

/** Whose input nobody parses any more. */
const dropping = new WeakSet<TLSSocket>();

/** Lets the answer under way out, then ends the connection, however much the client still has to say. */
export function endAfterAnswer(socket: TLSSocket): void {
  dropInput(socket);
  // What the runtime calls after the last answer of a connection.
  socket.destroySoon = () => void socket.end();
}

/** Sends what is the last on a connection, and ends it. */
export function endWith(answer: string, socket: TLSSocket): void {
  dropInput(socket);
  socket.end(answer);
}

/**
 * Takes a connection from its parser: what comes from now on is dropped. It ends when the client has ended it, or
 * has sent too much, or when its time is over: a client that never reads or never stops must not keep it.
 */
export function dropInput(socket: TLSSocket): void {
  if (dropping.has(socket)) return;
  dropping.add(socket);
  let dropped = 0;
  socket.removeAllListeners("data");
  socket.on("data", (chunk: Uint8Array) => {
    dropped += chunk.length;
    if (dropped > MOST_DROPPED_BYTES) socket.destroy();
  });
  // The parser holds a connection back while nobody reads a body.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
}
