import assert from "node:assert/strict";
import { createServer } from "node:https";
import { connect, type TLSSocket } from "node:tls";
import { assertAnswersNobody } from "../../lib/mtls/stranger_check.ts";
import {
  authority,
  bundlesOf,
  client,
  failureOf,
  NEXUS,
  pemOf,
  serve,
  sourceOf,
  SUPERUSER,
} from "./mtls_fixture.ts";

const decoder = new TextDecoder();

Deno.test("a server knows its caller by the SPIFFE ID of the handshake", async () => {
  const ca = await authority();
  await using served = await serve(await sourceOf(ca, NEXUS));
  await using pilot = client(await sourceOf(ca, SUPERUSER));
  const answer = await pilot.post(served.url, "hello");
  assert.equal(answer.status, 200);
  assert.equal(answer.peer, NEXUS);
  assert.equal(decoder.decode(answer.body), JSON.stringify({ peer: SUPERUSER, bytes: 5 }));
});

Deno.test("a client without a certificate gets no answer and a log line of its own", async () => {
  const ca = await authority();
  await using served = await serve(await sourceOf(ca, NEXUS));
  assert.equal(await rawExchange(served.port, {}), "");
  assert.equal((await served.log.warning("peer_refused")).reason, "no-certificate");
});

Deno.test("refusals are named on the server and explained to the client", async (t) => {
  const ca = await authority();
  const stranger = await authority();
  const cases = [
    {
      name: "certificate of another authority",
      reason: "unknown-authority",
      source: await sourceOf(stranger, SUPERUSER, { trusted: [ca] }),
    },
    {
      name: "role that may not connect",
      reason: "wrong-role",
      source: await sourceOf(ca, "spiffe://spike.ist/workload/app"),
    },
  ];
  for (const { name, reason, source } of cases) {
    await t.step(name, async () => {
      await using served = await serve(await sourceOf(ca, NEXUS), {
        admit: (id) => id === SUPERUSER,
      });
      await using pilot = client(source);
      const failure = await failureOf(pilot.post(served.url, "{}"));
      assert.equal(failure.code, "access_unauthorized");
      assert.match(failure.message, /ended the connection without an answer.*refuses the identity/);
      assert.equal((await served.log.warning("peer_refused")).reason, reason);
    });
  }
});

Deno.test("a federated domain cannot mint an identity of ours", async () => {
  const ours = await authority();
  const other = await authority("other.test");
  const trusted = [ours, other];
  await using served = await serve(await sourceOf(ours, NEXUS, { trusted }));
  const overrides = { uriSans: [SUPERUSER] };
  await using forged = client(
    await sourceOf(other, "spiffe://other.test/app", { trusted, overrides }),
  );
  await failureOf(forged.post(served.url, "{}"));
  assert.equal((await served.log.warning("peer_refused")).reason, "unknown-authority");
  await using guest = client(await sourceOf(other, "spiffe://other.test/app", { trusted }));
  assert.equal((await guest.post(served.url, "{}")).status, 200);
});

Deno.test("no byte of a request reaches a server that is not the expected one", async (t) => {
  const ca = await authority();
  const stranger = await authority();
  const servers = {
    "of another role": await sourceOf(ca, "spiffe://spike.ist/spike/keeper/1"),
    "of another authority": await sourceOf(stranger, NEXUS, { trusted: [ca] }),
    "whose certificate has expired": await sourceOf(ca, NEXUS, {
      overrides: { notBeforeMs: Date.now() - 7_200_000, notAfterMs: Date.now() - 3_600_000 },
    }),
  };
  for (const [name, source] of Object.entries(servers)) {
    await t.step(name, async () => {
      let requests = 0;
      const server = createServer({
        ...pemOf(source),
        requestCert: true,
        rejectUnauthorized: false,
      });
      server.on("request", (_request, response) => {
        requests++;
        response.end();
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as { port: number };
      await using pilot = client(await sourceOf(ca, SUPERUSER));
      const failure = await failureOf(pilot.post(`https://127.0.0.1:${port}/`, "secret"));
      assert.equal(failure.code, "access_unauthorized");
      assert.match(failure.message, /is not trusted/);
      assert.equal(requests, 0);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
  }
});

Deno.test("a rotated SVID is served on new connections without a restart", async () => {
  const ca = await authority();
  const source = await sourceOf(ca, NEXUS);
  await using served = await serve(source);
  await using pilot = client(await sourceOf(ca, SUPERUSER));
  await pilot.post(served.url, "{}");
  const before = await servedSerial(served.port);
  const next = await sourceOf(ca, NEXUS);
  source.set(next.current().svid, next.current().bundles);
  await Promise.resolve();
  assert.notEqual(await servedSerial(served.port), before);
  assert.equal((await pilot.post(served.url, "{}")).status, 200);
});

Deno.test("after a change of bundles the next answer on an old connection asks to close it", async () => {
  const ca = await authority();
  const source = await sourceOf(ca, NEXUS);
  await using served = await serve(source);
  await using pilot = client(await sourceOf(ca, SUPERUSER));
  assert.equal((await pilot.post(served.url, "{}")).headers["connection"], "keep-alive");
  source.set(source.current().svid, source.current().bundles);
  assert.equal((await pilot.post(served.url, "{}")).headers["connection"], "close");
  assert.equal((await pilot.post(served.url, "{}")).headers["connection"], "keep-alive");
});

Deno.test("a connection ends when the bundle no longer holds its authority", async () => {
  const ca = await authority();
  const next = await authority();
  const source = await sourceOf(ca, NEXUS);
  await using served = await serve(source);
  await using pilot = client(await sourceOf(ca, SUPERUSER));
  await pilot.post(served.url, "{}");
  source.set(source.current().svid, bundlesOf(next));
  const failure = await failureOf(pilot.post(served.url, "{}"));
  assert.equal(failure.code, "access_unauthorized");
  assert.equal((await served.log.warning("peer_refused")).reason, "unknown-authority");
});

Deno.test("in the last quarter of the peer's SVID answers ask to close the connection", async () => {
  const ca = await authority();
  let now = Date.now();
  await using served = await serve(await sourceOf(ca, NEXUS), { clock: () => now });
  await using pilot = client(await sourceOf(ca, SUPERUSER, { ttlMs: 3_600_000 }));
  assert.equal((await pilot.post(served.url, "{}")).headers["connection"], "keep-alive");
  now += 2_800_000;
  assert.equal((await pilot.post(served.url, "{}")).headers["connection"], "close");
});

Deno.test("a withdrawn identity accepts no connection", async () => {
  const ca = await authority();
  const source = await sourceOf(ca, NEXUS);
  await using served = await serve(source);
  source.withdraw("no identity issued");
  await using pilot = client(await sourceOf(ca, SUPERUSER));
  await failureOf(pilot.post(served.url, "{}"));
  assert.equal((await served.log.warning("peer_refused")).reason, "no-identity");
});

Deno.test("requests on one connection reuse it", async () => {
  const ca = await authority();
  const peers = new Set<string>();
  await using served = await serve(await sourceOf(ca, NEXUS), {
    fetch: (_request, { peer }) => {
      peers.add(peer.serial);
      return new Response("");
    },
  });
  await using pilot = client(await sourceOf(ca, SUPERUSER));
  for (let i = 0; i < 5; i++) await pilot.post(served.url, "{}");
  assert.equal(peers.size, 1);
});

Deno.test("a request is never sent twice, not even on a kept connection that breaks", async () => {
  const ca = await authority();
  const bodies: string[] = [];
  const { cert, key } = pemOf(await sourceOf(ca, NEXUS));
  const server = createServer({ cert, key, requestCert: true, rejectUnauthorized: false });
  server.on("request", (request, response) => {
    request.on("data", (chunk: Uint8Array) => bodies.push(decoder.decode(chunk)));
    request.on("end", () => bodies.length === 1 ? response.end("{}") : request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await using pilot = client(await sourceOf(ca, SUPERUSER));
  await pilot.post(`https://127.0.0.1:${port}/`, "first");
  await failureOf(pilot.post(`https://127.0.0.1:${port}/`, "second"));
  assert.deepEqual(bodies, ["first", "second"]);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

Deno.test("the self-test refuses a listener that answers a stranger", async () => {
  const ca = await authority();
  const server = createServer(pemOf(await sourceOf(ca, NEXUS)), (_request, response) => {
    response.end("hello");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await assert.rejects(
    assertAnswersNobody({ host: "127.0.0.1", port }),
    /answers a client without/,
  );
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

Deno.test("a port that is taken is an error that says so", async () => {
  const ca = await authority();
  await using served = await serve(await sourceOf(ca, NEXUS));
  const { createMtlsServer } = await import("../../lib/mtls/mod.ts");
  const second = createMtlsServer({
    source: await sourceOf(ca, NEXUS),
    admit: () => true,
    fetch: () => new Response(""),
    log: served.log,
  });
  const failure = await failureOf(second.listen({ host: "127.0.0.1", port: served.port }));
  assert.equal(failure.code, "config_invalid");
  assert.match(failure.message, /EADDRINUSE/);
  await second.close();
});

Deno.test("a server that is not there is an unreachable peer", async () => {
  const ca = await authority();
  const { port } = await serve(await sourceOf(ca, NEXUS)).then(async (served) => {
    await served.server.close();
    return served;
  });
  await using pilot = client(await sourceOf(ca, SUPERUSER));
  const failure = await failureOf(pilot.post(`https://127.0.0.1:${port}/`, "{}"));
  assert.equal(failure.code, "net_peer_connection");
  assert.match(failure.message, /ECONNREFUSED/);
});

const REQUEST = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";

/** Everything that the server sends to a hand-made client. */
function rawExchange(port: number, identity: object): Promise<string> {
  return session(port, identity).then(({ answer }) => answer);
}

interface Session {
  readonly answer: string;
  readonly ticket: Uint8Array | undefined;
}

/** One hand-made connection: sends a request, and gives what came back until the connection ended. */
function session(
  port: number,
  identity: object,
  options: { request?: string; ticket?: Uint8Array | undefined } = {},
): Promise<Session> {
  const { request = REQUEST, ticket: resumed } = options;
  return new Promise((resolve) => {
    let answer = "";
    let ticket: Uint8Array | undefined;
    const socket: TLSSocket = connect({
      host: "127.0.0.1",
      port,
      ...identity,
      rejectUnauthorized: false,
      ...(resumed ? { session: resumed as never } : {}),
    });
    socket.on("session", (fresh: Uint8Array) => ticket = fresh);
    socket.on("secureConnect", () => socket.write(request));
    socket.on("data", (chunk: Uint8Array) => {
      answer += decoder.decode(chunk);
      if (answer.includes("}")) socket.end();
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve({ answer, ticket }));
  });
}

function servedSerial(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
    socket.on("error", reject);
    socket.on("secureConnect", () => {
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      resolve(serialNumber);
    });
  });
}

Deno.test("close() lets a request under way finish and ends idle connections at once", async () => {
  const ca = await authority();
  const gate = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const { server, url } = await serve(await sourceOf(ca, NEXUS), {
    fetch: async () => {
      arrived.resolve();
      await gate.promise;
      return new Response("late");
    },
  });
  await using busy = client(await sourceOf(ca, SUPERUSER));
  const answer = busy.post(url, "{}");
  await arrived.promise;
  const closed = server.close(5_000);
  await using late = client(await sourceOf(ca, SUPERUSER));
  await failureOf(late.post(url, "{}"));
  gate.resolve();
  assert.equal(decoder.decode((await answer).body), "late");
  await closed;
});

Deno.test("what is no HTTP is answered with 400 and the end of the connection", async (t) => {
  const ca = await authority();
  await using served = await serve(await sourceOf(ca, NEXUS));
  const pilot = pemOf(await sourceOf(ca, SUPERUSER));
  const requests = {
    "no HTTP at all": "hello\r\n\r\n",
    "a header without end": `POST / HTTP/1.1\r\nx: ${"a".repeat(20_000)}\r\n\r\n`,
    "two lengths": "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
  };
  for (const [name, request] of Object.entries(requests)) {
    await t.step(name, async () => {
      const { answer } = await session(served.port, pilot, { request });
      assert.match(answer, /^HTTP\/1\.1 400 .*\{"err":"api_bad_request"\}$/s);
    });
  }
});

Deno.test("a connection that never says anything does not delay close()", async () => {
  const ca = await authority();
  const { server, port } = await serve(await sourceOf(ca, NEXUS));
  const socket = await Deno.connect({ hostname: "127.0.0.1", port });
  // A whole exchange on another connection shows that the server has seen the silent one, too.
  await rawExchange(port, {});
  await server.close(60_000);
  assert.equal(await socket.read(new Uint8Array(1)).catch(() => null), null);
  socket.close();
});
