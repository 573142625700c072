/** HTTP/1.1 over mutual TLS as bytes: what a test writes is what arrives, and what it reads is what was sent. */
import { connect, type TLSSocket } from "node:tls";
import type { Identity } from "./identity.ts";

/** An answer as it was on the wire. */
export interface Answer {
  readonly version: string;
  readonly status: number;
  /** Values in order of arrival, by lower-case name. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Uint8Array;
}

/** The connection ended, properly or not, and no (further) answer had come. */
export class ConnectionEnded extends Error {
  override readonly name = "ConnectionEnded";
}

/** Whatever is asked is answered within this time, on a busy machine too. */
const PROMPT_MS = 10_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const latin1 = new TextDecoder("latin1");

/** `work`, or a failure that says what was awaited in vain. */
export async function promptly<T>(
  what: string,
  work: Promise<T>,
  detail: () => string = () => "",
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`${what} took longer than ${PROMPT_MS} ms ${detail()}`)),
    PROMPT_MS,
  );
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** One connection. */
export class Wire implements Disposable {
  readonly #socket: TLSSocket;
  #received: Uint8Array = new Uint8Array(0);
  #changed = Promise.withResolvers<void>();
  #hasEnded = false;

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("data", (chunk: Uint8Array) => {
      const joined = new Uint8Array(this.#received.length + chunk.length);
      joined.set(this.#received);
      joined.set(chunk, this.#received.length);
      this.#received = joined;
      this.#tell();
    });
    const end = () => {
      this.#hasEnded = true;
      this.#tell();
    };
    socket.on("end", end);
    socket.on("close", end);
    // A reset is one of the ways in which a connection ends.
    socket.on("error", end);
  }

  /** Connects; a server that refuses the identity ends the connection only afterwards. */
  static open(
    port: number,
    identity: Identity | undefined,
  ): Promise<Wire> {
    return promptly(
      "A handshake",
      new Promise((resolve, reject) => {
        const socket = connect({
          host: "127.0.0.1",
          port,
          rejectUnauthorized: false,
          ...(identity ? { cert: identity.certificates, key: identity.privateKey } : {}),
        });
        socket.once("secureConnect", () => {
          socket.setNoDelay(true);
          socket.off("error", reject);
          resolve(new Wire(socket));
        });
        socket.once("error", reject);
      }),
    );
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Resolves when the other end has ended the connection, with what it sent and nobody has read as an answer. */
  ended(): Promise<string> {
    const work = async () => {
      while (!this.#hasEnded) await this.#changed.promise;
      return decoder.decode(this.#received);
    };
    return promptly("The end of a connection", work());
  }

  /** Queues bytes; those to a connection that has ended are lost, as on any network. */
  write(bytes: Uint8Array | string): void {
    if (this.#hasEnded) return;
    this.#socket.write(typeof bytes === "string" ? encoder.encode(bytes) : bytes);
  }

  /** Writes the same bytes again and again until `limitBytes` are out or the server has had enough. */
  async flood(chunk: Uint8Array, limitBytes: number): Promise<number> {
    let sent = 0;
    while (sent < limitBytes && !this.#hasEnded) {
      sent += chunk.length;
      if (this.#socket.write(chunk)) continue;
      // The end of the connection is told in the same way.
      this.#socket.once("drain", () => this.#tell());
      while (!this.#hasEnded && this.#socket.writableNeedDrain) await this.#changed.promise;
    }
    return sent;
  }

  /** Sends no more, and goes on reading. */
  finish(): void {
    this.#socket.end();
  }

  /**
   * The next answer. An answer to HEAD and one of status 304 have no body, whatever their length says.
   *
   * @throws ConnectionEnded when there is none
   */
  answer(options: { toHead?: boolean } = {}): Promise<Answer> {
    const work = async () => {
      for (;;) {
        const found = this.#take(options.toHead ?? false);
        if (found) return found;
        if (this.#hasEnded) {
          throw new ConnectionEnded(`Ended after ${this.#received.length} bytes of an answer`);
        }
        await this.#changed.promise;
      }
    };
    return promptly("An answer", work());
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #take(toHead: boolean): Answer | undefined {
    const text = latin1.decode(this.#received);
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const [first = "", ...lines] = text.slice(0, end).split("\r\n");
    const [, version, code] = /^(HTTP\/\d\.\d) (\d{3}) /.exec(first) ?? [];
    if (!version || !code) throw new Error(`This is no status line: ${first}`);
    const headers = headersOf(lines);
    const status = Number(code);
    const length = toHead || status < 200 || status === 304
      ? 0
      : Number(headers.get("content-length")?.[0]);
    if (Number.isNaN(length)) throw new Error(`An answer ${first} without content-length`);
    if (this.#received.length < end + 4 + length) return undefined;
    const body = this.#received.slice(end + 4, end + 4 + length);
    this.#received = this.#received.subarray(end + 4 + length);
    return { version, status, headers, body };
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

function headersOf(lines: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (const line of lines) {
    const at = line.indexOf(":");
    const name = line.slice(0, at).toLowerCase();
    headers.set(name, [...headers.get(name) ?? [], line.slice(at + 1).trim()]);
  }
  return headers;
}

/** A request to write. */
export interface Asked {
  readonly method?: string;
  /** Path and query. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

/** A whole request. Headers given take the place of those of the same name; an empty one leaves it out. */
export function requestBytes(
  { method = "POST", target, headers = {}, body = "" }: Asked,
): Uint8Array {
  const payload = typeof body === "string" ? encoder.encode(body) : body;
  const all = {
    "host": "localhost",
    "content-type": "application/json",
    "content-length": String(payload.length),
    ...headers,
  };
  const lines = Object.entries(all).filter(([, value]) => value !== "")
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const head = encoder.encode(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`);
  const whole = new Uint8Array(head.length + payload.length);
  whole.set(head);
  whole.set(payload, head.length);
  return whole;
}

/** One request on a connection of its own. */
export async function ask(
  port: number,
  identity: Identity | undefined,
  asked: Asked,
): Promise<Answer> {
  using wire = await Wire.open(port, identity);
  wire.write(requestBytes(asked));
  return await wire.answer({ toHead: asked.method === "HEAD" });
}

/** The body as text. */
export function textOf({ body }: Answer): string {
  return decoder.decode(body);
}

/** The one value of a header; undefined when it is missing or there are several. */
export function headerOf({ headers }: Answer, name: string): string | undefined {
  const values = headers.get(name) ?? [];
  return values.length === 1 ? values[0] : undefined;
}
