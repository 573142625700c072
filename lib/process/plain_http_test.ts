import assert from "node:assert/strict";
import { servePlain } from "./plain_http.ts";

/** A listener that answers each request with its own words. */
function serve(most = 4) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const over = servePlain(
    listener,
    ({ method, url }) =>
      Promise.resolve({ status: 200, type: "text/plain", body: `${method} ${url}` }),
    { most, patienceMs: 5_000 },
    (error) => {
      throw error;
    },
  );
  const port = (listener.addr as Deno.NetAddr).port;
  return {
    port,
    connect: () => Deno.connect({ hostname: "127.0.0.1", port }),
    async [Symbol.asyncDispose]() {
      listener.close();
      await over;
    },
  };
}

async function exchange(connection: Deno.Conn, text: string): Promise<string> {
  await connection.write(new TextEncoder().encode(text));
  return await new Response(connection.readable).text();
}

Deno.test("a request is answered, and its connection ends", async () => {
  await using server = serve();
  const answer = await fetch(`http://127.0.0.1:${server.port}/livez?x`);
  assert.equal(await answer.text(), "GET /livez?x");
  assert.equal(answer.headers.get("connection"), "close");
});

Deno.test("the answer to HEAD has the length of a body and none", async () => {
  await using server = serve();
  const text = await exchange(await server.connect(), "HEAD /a HTTP/1.1\r\nhost: x\r\n\r\n");
  assert.match(text, /content-length: 7\r\n[^]*\r\n\r\n$/);
});

for (const head of ["\r\n\r\n", "GET\r\n\r\n", "get / HTTP/1.1\r\n\r\n", "GET / HTTP/2\r\n\r\n"]) {
  Deno.test(`${JSON.stringify(head)} is not a request`, async () => {
    await using server = serve();
    assert.match(await exchange(await server.connect(), head), /^HTTP\/1\.1 400 /);
  });
}

Deno.test("a head without end is refused when it is too long", async () => {
  await using server = serve();
  assert.match(
    await exchange(await server.connect(), `GET / HTTP/1.1\r\nx: ${"x".repeat(4096)}`),
    /^HTTP\/1\.1 400 |^$/,
  );
});

Deno.test("silent connections keep nobody out: the oldest makes room", async () => {
  await using server = serve(4);
  const silent = [];
  for (let i = 0; i < 12; i++) silent.push(await server.connect());
  const answer = await fetch(`http://127.0.0.1:${server.port}/`);
  assert.equal(await answer.text(), "GET /");
  assert.equal(await silent[0]?.read(new Uint8Array(1)), null);
  for (const connection of silent) connection.close();
});
