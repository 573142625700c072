/** What the runtime negotiates, read off the wire: docs/security.md and `spike doctor` rely on it. */
import assert from "node:assert/strict";
import { connect, createServer, type Server } from "node:net";
import {
  type GroupName,
  OFFERED,
  probeKeyExchange,
  readChoice,
  readOffer,
} from "../../roles/pilot/doctor/key_exchange.ts";
import type { PeerLink } from "../../lib/mtls/mod.ts";
import { authority, client, NEXUS, serve, sourceOf, SUPERUSER } from "./mtls_fixture.ts";

interface Tapped extends AsyncDisposable {
  readonly port: number;
  /** The first bytes of each side of every connection. */
  readonly first: { client?: Uint8Array; server?: Uint8Array }[];
}

/** Passes connections on to a port, and keeps what each side says first. */
async function tap(to: number): Promise<Tapped> {
  const first: Tapped["first"] = [];
  const server: Server = createServer((client) => {
    const seen: Tapped["first"][number] = {};
    first.push(seen);
    const upstream = connect({ host: "127.0.0.1", port: to });
    client.on("data", (chunk: Uint8Array) => {
      seen.client ??= Uint8Array.from(chunk);
      upstream.write(chunk);
    });
    upstream.on("data", (chunk: Uint8Array) => {
      seen.server ??= Uint8Array.from(chunk);
      client.write(chunk);
    });
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => client.destroy());
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert(address !== null && typeof address === "object");
  return {
    port: address.port,
    first,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

Deno.test("our client offers the hybrid group last and our server follows it, so x25519 is used", async () => {
  const issuer = await authority();
  await using served = await serve(await sourceOf(issuer, NEXUS));
  await using tapped = await tap(served.port);
  const links: PeerLink[] = [];
  await using caller = client(await sourceOf(issuer, SUPERUSER), {
    onPeer: (link) => links.push(link),
  });
  assert.equal((await caller.post(`https://127.0.0.1:${tapped.port}/`, "{}")).status, 200);
  const [{ client: hello, server: answer } = {}] = tapped.first;
  assert(hello && answer);
  assert.deepEqual(readOffer(hello), { groups: OFFERED, keys: ["x25519"] });
  assert.deepEqual(readChoice(answer), { group: "x25519", isRetry: false });
  assert.deepEqual(links, [{
    id: NEXUS,
    side: "made",
    protocol: "TLSv1.3",
    cipher: "TLS_AES_256_GCM_SHA384",
  }]);
});

Deno.test("our server takes what the client wants most, the hybrid group included", async () => {
  await using served = await serve(await sourceOf(await authority(), NEXUS));
  const ask = (...offer: GroupName[]) =>
    probeKeyExchange({ host: "127.0.0.1", port: served.port, offer });
  assert.equal(await ask("X25519MLKEM768", "x25519"), "X25519MLKEM768");
  assert.equal(await ask("x25519", "X25519MLKEM768"), "x25519");
  assert.equal(await ask("secp384r1"), "secp384r1");
  assert.equal(await ask("SecP256r1MLKEM768"), undefined, "it does not know this one");
  assert.equal(await probeKeyExchange({ host: "127.0.0.1", port: served.port }), "x25519");
});

Deno.test("a port that says nothing, something else or is closed has no key exchange", async () => {
  const silent = createServer((socket) => void socket.resume().on("error", () => {}));
  const other = createServer((socket) => {
    socket.resume().on("error", () => {});
    socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  for (const server of [silent, other]) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const target = { host: "127.0.0.1", port, timeoutMs: 50 };
    assert.equal(await probeKeyExchange(target), undefined);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(await probeKeyExchange(target), undefined);
  }
});
