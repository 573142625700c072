/** What can be read from, and be left alone for a while: the connection below TLS, since TLS goes on reading. */
export interface Readable {
  pause(): void;
  resume(): void;
  readonly destroyed: boolean;
}

/** What is in the system's buffers comes well within this time. */
const AWAITED_MS = 10;

/**
 * Connections that are not read from, because their identity has enough under way: what its clients send waits in the
 * buffers of the system, where it costs this process nothing, and reaches their ends as back-pressure. They are read
 * from again in the order in which they were held.
 */
export class Holds<R extends Readable = Readable> {
  readonly #held = new Map<string, Set<R>>();
  /** Of each identity with held connections: those that are read from again and have brought nothing yet. */
  readonly #awaited = new Map<string, Set<R>>();

  /** `room` tells how many more requests of an identity are worth reading. */
  constructor(readonly room: (identity: string) => number) {}

  /** Stops reading from a connection if its identity has enough under way. */
  consider(identity: string, connection: R): void {
    this.#awaited.get(identity)?.delete(connection);
    if (this.room(identity) > 0 || connection.destroyed) return;
    const held = this.#held.get(identity) ?? new Set();
    if (held.has(connection)) return;
    this.#held.set(identity, held.add(connection));
    connection.pause();
  }

  /** Something of an identity is over: reads from as many connections as there is room for requests. */
  proceed(identity: string): void {
    const held = this.#held.get(identity);
    if (!held) return;
    const awaited = this.#awaited.get(identity) ?? new Set();
    let room = this.room(identity) - awaited.size;
    for (const connection of held) {
      if (room <= 0) break;
      held.delete(connection);
      if (connection.destroyed) continue;
      room--;
      awaited.add(connection);
      connection.resume();
    }
    if (held.size === 0) {
      this.#held.delete(identity);
      this.#awaited.delete(identity);
    } else if (!this.#awaited.has(identity)) {
      this.#awaited.set(identity, awaited);
      // What brings nothing must not keep back the rest.
      setTimeout(() => {
        this.#awaited.delete(identity);
        this.proceed(identity);
      }, AWAITED_MS);
    }
  }

  /** A connection has ended. */
  forget(identity: string, connection: R): void {
    const held = this.#held.get(identity);
    if (held?.delete(connection) && held.size === 0) this.#held.delete(identity);
  }
}
