import { createServer, type Http2Server } from "node:http2";
import { connect } from "node:net";

/** Where it listens: a unix path, or host and port. */
export type ListenPlace =
  | { readonly path: string }
  | { readonly host: string; readonly port: number };

/** What {@linkcode LastingListener} needs. */
export interface LastingListenerOptions {
  /** Port 0 picks one. */
  readonly place: ListenPlace;
  /** Gives each server its handlers: one that died is replaced. */
  readonly prepare: (server: Http2Server) => void;
  /** Removes what a listener before it left at the path. */
  readonly clear: () => Promise<void>;
  /** How long no connection may have come before it connects to itself. Default: two seconds. */
  readonly watchMs?: number;
}

/** How long a connection to this machine may take to arrive. */
const PATIENCE_MS = 300;
const TRIES = 3;

/**
 * An HTTP/2 listener that survives a shortage of file descriptors. The runtime's own accepts nothing after one any
 * more and does not say so; this one connects to itself, and is replaced when that does not arrive. Sessions stay.
 */
export class LastingListener {
  readonly #options: LastingListenerOptions;
  #place: ListenPlace;
  #server: Http2Server | undefined;
  #watching: ReturnType<typeof setTimeout> | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isClosed = false;
  #accepted = 0;

  constructor(options: LastingListenerOptions) {
    this.#options = options;
    this.#place = options.place;
  }

  /** Where it listens, with the port that was picked. */
  get place(): ListenPlace {
    return this.#place;
  }

  /** Listens. Rejects with the system's error when it cannot. */
  async open(): Promise<void> {
    await this.#listen();
    const bound = this.#server?.address();
    const { place } = this;
    if ("host" in place && typeof bound === "object" && bound) {
      this.#place = { host: place.host, port: bound.port };
    }
    this.#watch();
  }

  /** Takes no more connections; resolves when nothing is looked after any more. Sessions are the caller's to end. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#watching);
    await this.#looking;
    await new Promise<void>((resolve) => {
      if (!this.#server?.listening) return resolve();
      this.#server.close(() => resolve());
    });
  }

  async #listen(): Promise<void> {
    await this.#options.clear();
    const server = createServer();
    server.on("connection", () => this.#accepted++);
    this.#options.prepare(server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#place, () => {
        server.off("error", reject);
        // The next look finds out what it has led to.
        server.on("error", () => {});
        resolve();
      });
    });
    this.#server = server;
  }

  #watch(): void {
    const before = this.#accepted;
    this.#watching = setTimeout(async () => {
      if (this.#accepted === before) await (this.#looking = this.#look());
      if (!this.#isClosed) this.#watch();
    }, this.#options.watchMs ?? 2_000);
  }

  async #look(): Promise<void> {
    const before = this.#accepted;
    const hasArrived = () => this.#isClosed || this.#accepted > before;
    for (let i = 0; i < TRIES && !hasArrived(); i++) await connectOnce(this.#place, hasArrived);
    if (hasArrived()) return;
    this.#server?.close();
    // There may be no descriptor for it yet: then the next look comes here again.
    await this.#listen().catch(() => {});
  }
}

function connectOnce(place: ListenPlace, hasArrived: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(place);
    const end = () => {
      clearTimeout(patience);
      clearInterval(looking);
      socket.destroy();
      resolve();
    };
    const patience = setTimeout(end, PATIENCE_MS);
    const looking = setInterval(() => hasArrived() && end(), 5);
    socket.on("error", () => {});
  });
}
