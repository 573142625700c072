/**
 * One kind of overload, as a process of its own: reads what to do from standard input, says how many connections
 * it holds when it is in force, and goes on until it is killed or its time is over.
 */
import { connect, type TLSSocket } from "node:tls";
import type { Identity } from "../contract/identity.ts";
import { requestBytes } from "../contract/wire.ts";

/** What to do. */
export interface Orders {
  readonly kind: Kind;
  readonly port: number;
  /** Whose connections these are. */
  readonly identities: readonly Identity[];
  /** Connections to hold. */
  readonly connections: number;
  /** A secret that may be read, and a large one. */
  readonly paths: { readonly small: string; readonly large: string };
  readonly mostMs: number;
}

/** The kinds of overload. */
export type Kind = "idle" | "slow heads" | "oversized" | "never reading" | "flood";

/** What is done with a connection once it is there; it is opened again when it ends. */
const CONDUCT: Readonly<Record<Kind, (socket: TLSSocket, orders: Orders) => void>> = {
  // Asks just often enough not to be taken for gone: an idle connection is ended after 30 seconds.
  "idle": (socket, { paths }) => {
    socket.write(getOf(paths.small));
    const timer = setInterval(() => socket.write(getOf(paths.small)), 25_000);
    socket.once("close", () => clearInterval(timer));
  },
  "slow heads": (socket) => {
    socket.write("POST /v1/store/secrets?action=get HTTP/1.1\r\nhost: localhost\r\nx: ");
    const timer = setInterval(() => socket.write("x"), 1_000);
    socket.once("close", () => clearInterval(timer));
  },
  "oversized": (socket) => {
    const isHead = Math.random() < 0.5;
    socket.write("POST /v1/store/secrets HTTP/1.1\r\nhost: localhost\r\n");
    if (!isHead) socket.write("content-length: 1000000000\r\n\r\n");
    const chunk = new Uint8Array(65_536).fill(0x78);
    const push = () => {
      while (socket.writable && socket.write(chunk));
    };
    socket.on("drain", push);
    push();
  },
  "never reading": (socket, { paths }) => {
    socket.pause();
    for (let i = 0; i < 8; i++) socket.write(getOf(paths.large));
  },
  "flood": (socket, { paths }) => {
    const request = getOf(paths.small);
    for (let i = 0; i < 8; i++) socket.write(request);
    socket.on("data", (chunk: Uint8Array) => {
      const answers = new TextDecoder().decode(chunk).split("HTTP/1.1 ").length - 1;
      for (let i = 0; i < answers; i++) socket.write(request);
    });
  },
};

function getOf(path: string): Uint8Array {
  return requestBytes({ target: "/v1/store/secrets?action=get", body: JSON.stringify({ path }) });
}

/** Handshakes cost both sides the most, and are not what is tried here. */
const REOPEN_MS = 1_000;
/** Handshakes under way at a time. */
const AT_ONCE = 32;

/** On a slow machine not all connections may be there by then; it is told how many are. */
const READY_MS = 60_000;

async function carryOut(orders: Orders): Promise<void> {
  setTimeout(() => Deno.exit(0), orders.mostMs);
  let begun = 0;
  let opened = 0;
  const isLate = Promise.withResolvers<void>();
  setTimeout(isLate.resolve, READY_MS);
  const hold = async () => {
    while (begun < orders.connections) {
      await holdOne(orders, begun++);
      opened++;
    }
  };
  await Promise.race([isLate.promise, Promise.all(Array.from({ length: AT_ONCE }, hold))]);
  console.log(opened);
  // No more are opened while it is measured.
  begun = orders.connections;
}

/** Resolves when it is open; from then on it is opened again whenever it ends. */
function holdOne(orders: Orders, index: number): Promise<void> {
  const identity = orders.identities[index % orders.identities.length];
  return new Promise((resolve) => {
    const open = () => {
      const socket = connect({
        host: "127.0.0.1",
        port: orders.port,
        rejectUnauthorized: false,
        ...(identity ? { cert: identity.certificates, key: identity.privateKey } : {}),
      });
      socket.once("secureConnect", () => {
        resolve();
        CONDUCT[orders.kind](socket, orders);
      });
      // The end of a connection is what is wanted of the server.
      socket.on("error", () => {});
      // Without a handler nobody would hear of the end.
      if (orders.kind !== "never reading") socket.on("data", () => {});
      socket.once("close", () => setTimeout(open, REOPEN_MS));
    };
    open();
  });
}

if (import.meta.main) {
  await carryOut(JSON.parse(await new Response(Deno.stdin.readable).text()));
}
