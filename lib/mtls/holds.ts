/** A connection that can be read from, or left alone for a while: the one below TLS, since TLS goes on reading. */
export interface Readable {
  pause(): void;
  resume(): void;
  readonly destroyed: boolean;
}

/** What time is, for connections that are held. */
export interface HoldTime {
  /** Milliseconds, never going back. */
  readonly clock: () => number;
  /** Calls a function once after some milliseconds, and after one more look at the network. */
  readonly later: (work: () => void, ms: number) => void;
}

const REAL_TIME: HoldTime = {
  clock: () => performance.now(),
  later: (work, ms) => void setTimeout(work, ms),
};

/** How often held connections are looked at. */
const TICK_MS = 10;
/** What waits in the system's buffers comes within so many ticks; each gives the network one look. */
const AWAITED_TICKS = 2;
/**
 * A connection that is held learns nothing of its end: a peer that died would keep its requests counted for ever. So
 * each is read from once in a while, one at a time, however much its identity has under way.
 */
const LOOK_AFTER_MS = 1_000;

/** The held connections of one identity. */
interface Line<R> {
  /** When each was held, in that order. */
  readonly held: Map<R, number>;
  /** Those that are read from again and have brought nothing yet, with the ticks since. */
  readonly awaited: Map<R, number>;
}

/**
 * Connections that are not read from, because their identity has enough under way: what its clients send waits in the
 * buffers of the system, where it costs this process nothing, and reaches their ends as back-pressure. They are read
 * from again in the order in which they were held.
 */
export class Holds<R extends Readable = Readable> {
  readonly #lines = new Map<string, Line<R>>();
  readonly #time: HoldTime;

  /** `room` says how many more requests of an identity are worth reading. */
  constructor(readonly room: (identity: string) => number, time: HoldTime = REAL_TIME) {
    this.#time = time;
  }

  /** Stops reading from a connection if its identity has enough under way. */
  consider(identity: string, connection: R): void {
    const line = this.#lines.get(identity);
    line?.awaited.delete(connection);
    if (connection.destroyed || line?.held.has(connection) || this.room(identity) > 0) return;
    this.#lineOf(identity).held.set(connection, this.#time.clock());
    connection.pause();
  }

  /** Something of an identity is over: reads from as many connections as there is room for requests. */
  proceed(identity: string): void {
    const line = this.#lines.get(identity);
    if (!line) return;
    let room = this.room(identity) - line.awaited.size;
    for (const connection of line.held.keys()) {
      if (room <= 0) return;
      if (release(line, connection)) room--;
    }
  }

  /** A connection has ended. */
  forget(identity: string, connection: R): void {
    const line = this.#lines.get(identity);
    line?.held.delete(connection);
    line?.awaited.delete(connection);
  }

  #lineOf(identity: string): Line<R> {
    const known = this.#lines.get(identity);
    if (known) return known;
    const line: Line<R> = { held: new Map(), awaited: new Map() };
    this.#lines.set(identity, line);
    this.#time.later(() => this.#tick(identity, line), TICK_MS);
    return line;
  }

  #tick(identity: string, line: Line<R>): void {
    for (const [connection, ticks] of line.awaited) {
      if (ticks + 1 >= AWAITED_TICKS) line.awaited.delete(connection);
      else line.awaited.set(connection, ticks + 1);
    }
    const [oldest] = line.held;
    if (oldest && this.#time.clock() - oldest[1] >= LOOK_AFTER_MS) release(line, oldest[0]);
    this.proceed(identity);
    if (line.held.size === 0 && line.awaited.size === 0) return void this.#lines.delete(identity);
    this.#time.later(() => this.#tick(identity, line), TICK_MS);
  }
}

/** Reads from a connection again; false when it has ended. */
function release<R extends Readable>({ held, awaited }: Line<R>, connection: R): boolean {
  held.delete(connection);
  if (connection.destroyed) return false;
  awaited.set(connection, 0);
  connection.resume();
  return true;
}
