import type { TLSSocket } from "node:tls";

export interface UnreadLimits {
  /** A connection on which nothing of an answer was taken for so long is ended. */
  readonly patienceMs: number;
  /** All answers that wait to be taken, together. */
  readonly limitBytes: number;
}

/** The defaults of a server. */
export const UNREAD_LIMITS: UnreadLimits = { patienceMs: 15_000, limitBytes: 64 * 1024 * 1024 };

/** What a sweep has seen of a connection. */
interface Seen {
  readonly waitingBytes: number;
  readonly sinceMs: number;
}

/**
 * Bounds what answers that nobody takes can hold: a client that asks and never reads, on however many connections,
 * costs a ceiling and some seconds. Call the function it gives about once a second.
 */
export function watchUnread(
  sockets: ReadonlySet<Pick<TLSSocket, "writableLength" | "destroy">>,
  limits: UnreadLimits = UNREAD_LIMITS,
): (nowMs: number) => void {
  const seen = new WeakMap<object, Seen>();
  return (nowMs) => {
    const waiting = [...sockets].filter((socket) => socket.writableLength > 0);
    let held = waiting.reduce((sum, { writableLength }) => sum + writableLength, 0);
    // The longest first, so that few pay for what few have done.
    waiting.sort((a, b) => b.writableLength - a.writableLength);
    for (const socket of waiting) {
      const bytes = socket.writableLength;
      const before = seen.get(socket);
      const isStuck = before !== undefined && bytes >= before.waitingBytes;
      const sinceMs = isStuck ? before.sinceMs : nowMs;
      seen.set(socket, { waitingBytes: isStuck ? before.waitingBytes : bytes, sinceMs });
      if (held <= limits.limitBytes && nowMs - sinceMs < limits.patienceMs) continue;
      held -= bytes;
      socket.destroy();
    }
    for (const socket of sockets) if (socket.writableLength === 0) seen.delete(socket);
  };
}
