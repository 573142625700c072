/** A server with the identity of Nexus that answers with the bytes it is given. */
import { createServer, type TLSSocket } from "node:tls";
import type { AddressInfo } from "node:net";
import { type Client, createClient } from "../../lib/client/mod.ts";
import { createMtlsClient } from "../../lib/mtls/mod.ts";
import { authority, NEXUS, pemOf, sourceOf, SUPERUSER } from "./mtls_fixture.ts";

/** What it does with a connection on which something was asked. */
export type Hostility = (socket: TLSSocket) => void;

/** The server, a client of it, and what it does next. */
export interface HostileServer extends AsyncDisposable {
  readonly client: Client;
  answer: Hostility;
}

const encoder = new TextEncoder();

/** Bytes, then the end of the connection. */
export function saying(text: string | Uint8Array): Hostility {
  return (socket) => socket.end(typeof text === "string" ? encoder.encode(text) : text);
}

/** A complete answer. */
export function answering(body: string | Uint8Array, head = "", status = "200 OK"): Hostility {
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  const start = encoder.encode(
    `HTTP/1.1 ${status}\r\n${head}connection: close\r\ncontent-length: ${bytes.length}\r\n\r\n`,
  );
  return saying(new Uint8Array([...start, ...bytes]));
}

/** The same bytes again and again, until the other end has had enough. */
export function endless(head: string, piece: string): Hostility {
  const bytes = encoder.encode(piece.repeat(Math.ceil(65_536 / piece.length)));
  return (socket) => {
    const more = () => {
      for (let i = 0; i < 16 && !socket.destroyed; i++) if (!socket.write(bytes)) return;
      if (!socket.destroyed) setImmediate(more);
    };
    socket.on("drain", more);
    socket.write(encoder.encode(head));
    more();
  };
}

/** Starts one. An answer may have `maxAnswerBytes`; what does not come within `patienceMs` is given up. */
export async function hostileServer(
  { maxAnswerBytes = 1024 * 1024, patienceMs = 500 } = {},
): Promise<HostileServer> {
  const domain = await authority();
  const server = createServer({
    ...pemOf(await sourceOf(domain, NEXUS)),
    requestCert: true,
    rejectUnauthorized: false,
  });
  const sockets = new Set<TLSSocket>();
  let answer: Hostility = (socket) => socket.destroy();
  server.on("secureConnection", (socket: TLSSocket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    let heard = "";
    const hear = (chunk: Uint8Array) => {
      heard += new TextDecoder("latin1").decode(chunk);
      if (!heard.includes("\r\n\r\n")) return;
      socket.off("data", hear);
      socket.resume();
      answer(socket);
    };
    socket.on("data", hear);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  const transport = createMtlsClient({
    source: await sourceOf(domain, SUPERUSER),
    isExpectedPeer: (id) => id === NEXUS,
    peerName: "a SPIKE Nexus",
    timeouts: { connectMs: patienceMs, headersMs: patienceMs, totalMs: 2 * patienceMs },
    streamPatience: { standstillMs: patienceMs, headersMs: patienceMs },
    maxAnswerBytes,
  });
  return {
    client: createClient({ nexusUrl: `https://127.0.0.1:${port}`, transport }),
    set answer(next: Hostility) {
      answer = next;
    },
    [Symbol.asyncDispose]: async () => {
      await transport.close();
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
