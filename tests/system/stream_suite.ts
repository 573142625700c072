/** Bodies of any length over mutual TLS: who is slower makes the other wait, and what goes wrong is never a clean end. */
import assert from "node:assert/strict";
import { connect } from "node:tls";
import { createMtlsServer, type Fetch } from "../../lib/mtls/mod.ts";
import { pemEncode } from "../../lib/x509/mod.ts";
import { type SvidSource } from "../../lib/spiffe/mod.ts";
import { SpikeError } from "../../lib/error/error.ts";
import { authority, client, NEXUS, RecordedLog, sourceOf, SUPERUSER } from "../e2e/mtls_fixture.ts";
import { DevSystem, temporaryDirectory } from "../e2e/harness.ts";

const TYPE = "application/vnd.spike.stream";
const HEADERS = { "content-type": TYPE };
const MIB = 1024 * 1024;

async function serve(fetch: Fetch, most = 4) {
  const domain = await authority();
  const log = new RecordedLog();
  const server = createMtlsServer({
    source: await sourceOf(domain, NEXUS),
    admit: () => true,
    fetch,
    log,
    streams: { mediaType: TYPE, most, patienceMs: 5_000 },
  });
  const port = await server.listen({ host: "127.0.0.1", port: 0 });
  const source = await sourceOf(domain, SUPERUSER);
  return {
    url: `https://127.0.0.1:${port}/`,
    port,
    source,
    client: client(source),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Answers a stream with itself. */
const echo: Fetch = (_request, { streamBody }) => {
  assert.ok(streamBody);
  const copied = async function* () {
    for await (const piece of streamBody()) yield piece.slice() as Uint8Array<ArrayBuffer>;
  };
  return new Response(ReadableStream.from(copied()), { headers: HEADERS });
};

async function* pieces(count: number, size = 65_536): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(size);
  for (let i = 0; i < count; i++) {
    new DataView(piece.buffer).setUint32(0, i);
    yield piece;
  }
}

/** A raw connection, to see bytes as they are. */
function open(port: number, source: SvidSource) {
  const { svid } = source.current();
  const cert = svid.certificates.map((der) => pemEncode("CERTIFICATE", der)).join("");
  const key = pemEncode("PRIVATE KEY", svid.privateKey);
  return connect({ host: "127.0.0.1", port, cert, key, rejectUnauthorized: false });
}

Deno.test("a stream goes there and back, both at once, with and without a length", async () => {
  await using server = await serve(echo);
  await using _client = server.client;
  for (const length of [undefined, 64 * 65_536]) {
    const { status, peer, body } = await server.client.stream(server.url, pieces(64), {
      headers: HEADERS,
      length,
    });
    assert.deepEqual([status, peer], [200, NEXUS]);
    let bytes = 0;
    for await (const piece of body) bytes += piece.length;
    assert.equal(bytes, 64 * 65_536);
  }
});

Deno.test("a client that pushes more than is taken has to wait, and nothing is lost", async () => {
  const go = Promise.withResolvers<void>();
  let taken = 0;
  await using server = await serve(async (_request, { streamBody }) => {
    assert.ok(streamBody);
    const body = streamBody();
    await go.promise;
    for await (const piece of body) taken += piece.length;
    return Response.json({ taken }, { headers: { "content-length": String(12) } });
  });
  const socket = open(server.port, server.source);
  socket.on("error", () => {});
  const total = 64 * MIB;
  const piece = new Uint8Array(65_536);
  socket.write(
    `POST / HTTP/1.1\r\nhost: x\r\ncontent-type: ${TYPE}\r\ncontent-length: ${total}\r\n\r\n`,
  );
  let sent = 0;
  const stuck = Promise.withResolvers<void>();
  const push = () => {
    let timer = setTimeout(stuck.resolve, 1_000);
    const more = () => {
      clearTimeout(timer);
      while (sent < total) {
        sent += piece.length;
        if (!socket.write(piece)) {
          timer = setTimeout(stuck.resolve, 1_000);
          return void socket.once("drain", more);
        }
      }
    };
    more();
  };
  push();
  await stuck.promise;
  // What both kernels hold is on its way; all else waits where it comes from.
  assert.ok(sent < 24 * MIB, `${sent} bytes went out`);
  const answer = new Promise<string>((resolve) => {
    socket.once("data", (bytes: Uint8Array) => resolve(new TextDecoder().decode(bytes)));
  });
  go.resolve();
  assert.match(await answer, /^HTTP\/1\.1 200 /);
  assert.equal(taken, total);
  socket.destroy();
});

Deno.test("a server that gives more than is taken has to wait", async () => {
  let given = 0;
  const endless: Fetch = () => {
    const bytes = async function* () {
      for await (const piece of pieces(1024)) {
        given += piece.length;
        yield piece.slice() as Uint8Array<ArrayBuffer>;
      }
    };
    return new Response(ReadableStream.from(bytes()), { headers: HEADERS });
  };
  await using server = await serve(endless);
  await using _client = server.client;
  const { body } = await server.client.stream(server.url, pieces(0), { headers: HEADERS });
  const taking = body[Symbol.asyncIterator]();
  await taking.next();
  // As long as it gives anything, it is given the time to.
  for (let before = -1; before !== given;) {
    before = given;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  assert.ok(given < 24 * MIB, `${given} bytes were given`);
  let came = 65_536;
  for await (const piece of { [Symbol.asyncIterator]: () => taking }) came += piece.length;
  assert.equal(given, 1024 * 65_536);
  assert.ok(came >= given);
});

Deno.test("what fails after its beginning ends the connection, never the answer", async () => {
  for (const length of [undefined, 5 * 65_536]) {
    const failing: Fetch = () => {
      const bytes = async function* () {
        yield* pieces(3) as AsyncGenerator<Uint8Array<ArrayBuffer>>;
        throw new SpikeError("cipher_not_authentic", "no");
      };
      const sized = length === undefined ? {} : { "content-length": String(length) };
      return new Response(ReadableStream.from(bytes()), { headers: { ...HEADERS, ...sized } });
    };
    await using server = await serve(failing);
    await using _client = server.client;
    const { status, body } = await server.client.stream(server.url, pieces(1), {
      headers: HEADERS,
    });
    assert.equal(status, 200);
    await assert.rejects(Array.fromAsync(body), { code: "net_peer_connection" });
    const socket = open(server.port, server.source);
    socket.on("error", () => {});
    let text = "";
    socket.on("data", (bytes: Uint8Array) => text += new TextDecoder("latin1").decode(bytes));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write(
      `POST / HTTP/1.1\r\nhost: x\r\ncontent-type: ${TYPE}\r\ncontent-length: 0\r\n\r\n`,
    );
    await closed;
    assert.doesNotMatch(text, /\r\n0\r\n\r\n$/);
  }
});

Deno.test("a source that fails is told as it is", async () => {
  await using server = await serve(echo);
  await using _client = server.client;
  const failing = async function* () {
    yield* pieces(5);
    throw new Error("the disk is gone");
  };
  const taking = async () => {
    const { body } = await server.client.stream(server.url, failing(), { headers: HEADERS });
    await Array.fromAsync(body);
  };
  await assert.rejects(taking(), /the disk is gone/);
});

Deno.test("a refusal reaches a client in the middle of a long body", async () => {
  await using server = await serve(() => Response.json({ err: "no" }, { status: 401 }));
  await using _client = server.client;
  const { status, body } = await server.client.stream(server.url, pieces(1_000), {
    headers: HEADERS,
  });
  assert.equal(status, 401);
  const told = (await Array.fromAsync(body)).map((piece) => new TextDecoder().decode(piece));
  assert.ok(told.length <= 1);
});

Deno.test("there are only so many streams at a time", async () => {
  const go = Promise.withResolvers<void>();
  await using server = await serve(async (_request, { streamBody }) => {
    assert.ok(streamBody);
    await go.promise;
    await Array.fromAsync(streamBody());
    return new Response("ok");
  }, 2);
  await using _client = server.client;
  const ask = () => server.client.stream(server.url, pieces(1), { headers: HEADERS });
  const all = [ask(), ask(), ask()];
  assert.equal((await Promise.race(all)).status, 429);
  go.resolve();
  const statuses = (await Promise.all(all)).map(({ status }) => status).sort();
  assert.deepEqual(statuses, [200, 200, 429]);
});

Deno.test("the command line encrypts and decrypts what is long, and writes whole files only", async () => {
  await using tmp = await temporaryDirectory();
  await using system = await DevSystem.start(`${tmp.path}/d`);
  const at = (name: string) => `${tmp.path}/${name}`;
  const bytes = new Uint8Array(5 * MIB + 77);
  for (let i = 0; i < bytes.length; i += 65_536) {
    crypto.getRandomValues(bytes.subarray(i, i + 65_536));
  }
  await Deno.writeFile(at("in"), bytes);
  assert.equal((await system.spike(["cipher", "key", "create", "pay"])).code, 0);
  for (const named of [[], ["--key", "pay", "--aad", "x"]]) {
    const run = async (...args: string[]) => await system.spike(["cipher", ...args, ...named]);
    const encrypted = await run("encrypt", "-f", at("in"), "-o", at("enc"));
    assert.deepEqual([encrypted.code, encrypted.stderr], [0, ""]);
    const decrypted = await run("decrypt", "-f", at("enc"), "-o", at("out"));
    assert.deepEqual([decrypted.code, decrypted.stderr], [0, ""]);
    assert.deepEqual(await Deno.readFile(at("out")), bytes);
    const stream = await Deno.readFile(at("enc"));
    const edge = 57 + 3 * 65_552;
    const damages: Record<string, Uint8Array> = {
      "cut at a chunk's edge": stream.slice(0, edge),
      "cut elsewhere": stream.slice(0, edge + 5),
      "a bit changed": stream.with(edge + 9, (stream[edge + 9] ?? 0) ^ 1),
    };
    for (const [what, damaged] of Object.entries(damages)) {
      await Deno.writeFile(at("bad"), damaged);
      await Deno.writeTextFile(at("old"), "old");
      const toFile = await run("decrypt", "-f", at("bad"), "-o", at("old"));
      assert.equal(toFile.code, 2, what);
      assert.match(toFile.stderr, /^Error: /);
      assert.equal(await Deno.readTextFile(at("old")), "old");
      const toPipe = await run("decrypt", "-f", at("bad"));
      assert.equal(toPipe.code, 2, what);
    }
    const names = (await Array.fromAsync(Deno.readDir(tmp.path))).map(({ name }) => name).sort();
    assert.deepEqual(names, ["bad", "d", "enc", "in", "old", "out"]);
  }
  await system.logged("nexus", /"stream_failed"/);
  const mixed = await system.spike(["cipher", "decrypt", "-f", at("enc")]);
  assert.equal(mixed.code, 2);
  assert.match(mixed.stderr, /with this key/);
});
