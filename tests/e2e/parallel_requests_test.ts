/** Many requests of one identity at a time, while others ask: they wait for their turn, and none fails. */
import assert from "node:assert/strict";
import { connect, type TLSSocket } from "node:tls";
import { requestBytes } from "../contract/wire.ts";
import {
  authority,
  NEXUS,
  pemOf,
  serve,
  type Served,
  sourceOf,
  SUPERUSER,
} from "./mtls_fixture.ts";

const BUSY = "spiffe://spike.ist/workload/busy";
const request = requestBytes({ target: "/x", body: "{}" });

type Pem = { cert: string; key: string };

/** Asks on one connection, so many at a time; resolves when all were answered. */
function askAll(port: number, pem: Pem, all: number, atOnce: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let asked = 0;
    let answered = 0;
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...pem });
    const ask = () => asked < all && asked++ - answered < atOnce && socket.write(request);
    socket.once("secureConnect", () => {
      for (let i = 0; i < atOnce; i++) ask();
    });
    socket.on("data", (chunk: Uint8Array) => {
      const refused = new TextDecoder().decode(chunk).split("HTTP/1.1 429").length - 1;
      if (refused > 0) reject(new Error(`${refused} requests were refused`));
      const count = new TextDecoder().decode(chunk).split("HTTP/1.1 200").length - 1;
      answered += count;
      for (let i = 0; i < count; i++) ask();
      if (answered === all) socket.end();
    });
    socket.once("error", reject);
    socket.once("close", () => resolve(answered));
  });
}

/** Another identity, that asks one question after the other until it is disposed of. */
function company(port: number, pem: Pem): AsyncDisposable {
  let isOver = false;
  const asking = (async () => {
    while (!isOver) assert.equal(await askAll(port, pem, 20, 1), 20);
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      isOver = true;
      await asking;
    },
  };
}

async function scene(): Promise<{ served: Served; busy: Pem; other: Pem }> {
  const ca = await authority();
  const served = await serve(await sourceOf(ca, NEXUS));
  const [busy, other] = [await sourceOf(ca, BUSY), await sourceOf(ca, SUPERUSER)];
  return { served, busy: pemOf(busy), other: pemOf(other) };
}

for (const [connections, atOnce] of [[1, 8], [50, 8], [300, 1]] as const) {
  const name = `${connections} connections of one identity with ${atOnce} requests each`;
  Deno.test(`${name} are all answered while another one asks`, async () => {
    const { served: { port, ...served }, busy, other } = await scene();
    await using _served = served;
    await using _company = company(port, other);
    const asking = Array.from({ length: connections }, () => askAll(port, busy, 24, atOnce));
    assert.deepEqual(await Promise.all(asking), asking.map(() => 24));
  });
}

Deno.test("an identity is answered after its busy connections were cut off", async () => {
  const { served: { port, ...served }, busy, other } = await scene();
  await using _served = served;
  await using _company = company(port, other);
  for (let round = 0; round < 2; round++) {
    const cut = await Promise.all(Array.from({ length: 40 }, () => pipeAndCut(port, busy)));
    for (const socket of cut) socket.destroy();
  }
  assert.equal(await askAll(port, busy, 24, 8), 24);
});

/** A connection with eight requests in the pipe, at the first answer. */
function pipeAndCut(port: number, pem: Pem): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...pem });
    socket.once("secureConnect", () => {
      for (let i = 0; i < 8; i++) socket.write(request);
    });
    socket.once("data", () => resolve(socket));
    socket.once("error", reject);
  });
}
