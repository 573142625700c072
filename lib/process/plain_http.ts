/**
 * As much of HTTP/1.1 as a probe needs: one request without a body on each connection, and its answer. It takes
 * connections one at a time from the runtime's own listener, which continues after a failure to accept one, as when the
 * process is out of file descriptors.
 */

/** The parts of a request that are used. */
export interface PlainRequest {
  readonly method: string;
  readonly url: string;
}

/** An answer. */
export interface PlainAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Limits of a listener. */
export interface PlainLimits {
  /** Connections at a time; one more costs the one that has been silent for longest. */
  readonly most: number;
  /** Time limit for a request to arrive, and for an answer to be read. */
  readonly patienceMs: number;
}

const MOST_HEAD_BYTES = 4096;
const HEAD_END = "\r\n\r\n";
/** Pause after a failure to accept a connection. */
const REST_MS = 100;

/** Answers requests until the listener is closed; `onFailure` gets failures to accept a connection. */
export async function servePlain(
  listener: Deno.Listener,
  answer: (request: PlainRequest) => Promise<PlainAnswer>,
  { most, patienceMs }: PlainLimits,
  onFailure: (error: Error) => void,
): Promise<void> {
  const silent = new Set<Deno.Conn>();
  let open = 0;
  for (;;) {
    let connection: Deno.Conn;
    try {
      connection = await listener.accept();
    } catch (error) {
      if (error instanceof Deno.errors.BadResource) return;
      onFailure(error as Error);
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
      continue;
    }
    if (open >= most && !endOldest(silent)) {
      close(connection);
      continue;
    }
    open++;
    silent.add(connection);
    const patience = setTimeout(() => close(connection), patienceMs);
    exchange(connection, answer, () => silent.delete(connection))
      // The other end has left, or was left.
      .catch(() => {})
      .finally(() => {
        clearTimeout(patience);
        silent.delete(connection);
        open--;
        close(connection);
      });
  }
}

function endOldest(silent: Set<Deno.Conn>): boolean {
  for (const oldest of silent) {
    silent.delete(oldest);
    close(oldest);
    return true;
  }
  return false;
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}

async function exchange(
  connection: Deno.Conn,
  answer: (request: PlainRequest) => Promise<PlainAnswer>,
  onRequest: () => void,
): Promise<void> {
  const head = await readHead(connection);
  onRequest();
  const request = requestOf(head);
  const found = request
    ? await answer(request)
    : { status: 400, type: "text/plain; charset=utf-8", body: "This is not a request\n" };
  await writeAll(connection, answerBytes(found, request?.method === "HEAD"));
  await connection.closeWrite();
}

/** The head of a request, or what came until it was too much or ended. */
async function readHead(connection: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(MOST_HEAD_BYTES);
  const latin1 = new TextDecoder("latin1");
  for (let length = 0; length < buffer.length;) {
    const count = await connection.read(buffer.subarray(length));
    if (count === null) break;
    length += count;
    const text = latin1.decode(buffer.subarray(0, length));
    if (text.includes(HEAD_END)) return text;
  }
  return "";
}

/** RFC 9112 section 3: method, target and version; the headers mean nothing here. */
function requestOf(head: string): PlainRequest | undefined {
  const [, method, url] = /^([A-Z]{1,16}) (\S+) HTTP\/1\.[01]\r\n/.exec(head) ?? [];
  return method && url ? { method, url } : undefined;
}

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

function answerBytes({ status, type, body }: PlainAnswer, isHead: boolean): Uint8Array {
  const encoder = new TextEncoder();
  const bytes = encoder.encode(body);
  const head = encoder.encode([
    `HTTP/1.1 ${status} ${REASONS[status] ?? ""}`,
    `content-type: ${type}`,
    `content-length: ${bytes.length}`,
    "cache-control: no-store",
    "x-content-type-options: nosniff",
    "connection: close",
    HEAD_END.slice(2),
  ].join("\r\n"));
  const all = new Uint8Array(head.length + (isHead ? 0 : bytes.length));
  all.set(head);
  if (!isHead) all.set(bytes, head.length);
  return all;
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await connection.write(rest));
}
