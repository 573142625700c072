import { createServer, type Server, type Socket } from "node:net";
import { listenFault } from "../error/os_listen_fault.ts";
import type { Logger } from "../telemetry/mod.ts";
import { accepts } from "./accept_probe.ts";

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
  /** Several listeners of one process share the port. */
  readonly reusePort?: boolean;
}

/** What stands behind a front. */
export interface FrontOptions {
  /** Connections at a time, those included whose handshake is not over. */
  readonly most: number;
  readonly log: Logger;
  /** Takes a connection. */
  readonly onConnection: (socket: Socket) => void;
  /** Ends a connection that is in no use; false when there is none. */
  readonly makeRoom: () => boolean;
  /** How often it is looked whether connections still arrive. Default 2 s. */
  readonly watchMs?: number;
  /** Whether a connection to the address arrives. Default: it is tried. */
  readonly probe?: typeof accepts;
}

/**
 * Takes connections for a server, at most so many. Past the limit the oldest whose handshake is not over makes room
 * for a new one, then an idle one: a crowd that never says who it is keeps out nobody who does.
 *
 * The runtime's listener takes all that wait in the system's queue before anybody can refuse one, and after a failure
 * to take one it never takes another, without a word. So the front connects to itself when nothing has arrived for a
 * while, and opens its listener again when it does not arrive.
 */
export class Front {
  readonly #options: FrontOptions;
  readonly #sockets = new Set<Socket>();
  /** In the order of their arrival. */
  readonly #unknown = new Set<Socket>();
  #server: Server | undefined;
  #address: Address | undefined;
  #watching: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;
  #isAccepting = false;
  #accepted = 0;
  #onDrained: (() => void) | undefined;

  constructor(options: FrontOptions) {
    this.#options = options;
  }

  /** Connections that are open. */
  get size(): number {
    return this.#sockets.size;
  }

  /** Whether it was told to take no more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** False from when connections were found not to arrive until they do again. */
  get isAccepting(): boolean {
    return this.#isAccepting;
  }

  /**
   * Opens the listener; resolves with its port.
   *
   * @throws SpikeError `config_invalid` when it cannot listen there
   */
  async open(address: Address): Promise<number> {
    try {
      const port = await this.#listen(address);
      this.#address = { ...address, port };
      this.#isAccepting = true;
      this.#watch();
      return port;
    } catch (error) {
      throw listenFault(error, address);
    }
  }

  /** The handshake of a connection is over: it makes no more room for those that have not come so far. */
  know(socket: Socket): void {
    this.#unknown.delete(socket);
  }

  /** Takes no more connections, and ends those whose handshake is not over. Resolves when none is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#watching);
    this.#server?.close();
    for (const socket of this.#unknown) socket.destroy();
    if (this.size === 0) return;
    await new Promise<void>((resolve) => this.#onDrained = resolve);
  }

  #listen({ host, port, reusePort }: Address): Promise<number> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#accepted++;
      this.#isAccepting = true;
      this.#take(socket);
    });
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      const where = { port, ...(host ? { host } : {}), ...(reusePort ? { reusePort: true } : {}) };
      server.listen(where, () => {
        server.on("error", (error) => {
          this.#options.log.warn("listener_error", { detail: error.message });
        });
        const bound = server.address();
        resolve(typeof bound === "object" && bound ? bound.port : port);
      });
    });
  }

  #take(socket: Socket): void {
    this.#sockets.add(socket);
    this.#unknown.add(socket);
    socket.once("close", () => this.#forget(socket));
    // Whoever serves it adds a handler of its own; until then a reset must not end the process.
    socket.on("error", () => {});
    if (this.#isClosed || (this.size > this.#options.most && !this.#makeRoom(socket))) {
      return void socket.destroy();
    }
    this.#options.onConnection(socket);
  }

  #makeRoom(newest: Socket): boolean {
    for (const oldest of this.#unknown) {
      if (oldest === newest) break;
      this.#unknown.delete(oldest);
      this.#sockets.delete(oldest);
      oldest.destroy();
      return true;
    }
    return this.#options.makeRoom();
  }

  #forget(socket: Socket): void {
    this.#sockets.delete(socket);
    this.#unknown.delete(socket);
    if (this.size === 0) this.#onDrained?.();
  }

  #watch(): void {
    const before = this.#accepted;
    this.#watching = setTimeout(async () => {
      if (this.#accepted === before) await this.#look();
      if (!this.#isClosed) this.#watch();
    }, this.#options.watchMs ?? 2_000);
  }

  /** Connects to itself, and opens the listener again when that does not arrive. */
  async #look(): Promise<void> {
    const address = this.#address;
    if (!address) return;
    const before = this.#accepted;
    const { log } = this.#options;
    const hasArrived = () => this.#isClosed || this.#accepted > before;
    if (await (this.#options.probe ?? accepts)(address, hasArrived)) return;
    this.#isAccepting = false;
    const { port } = address;
    log.error("listener_dead", { port, connections: this.size });
    this.#server?.close();
    try {
      await this.#listen(address);
      log.warn("listener_reopened", { port });
    } catch (error) {
      log.error("listener_not_reopened", { port, detail: (error as Error).message });
    }
  }
}
