/** Whatever a server answers, a client of ours ends with a clean failure, soon, and without taking much memory. */
import assert from "node:assert/strict";
import { SpikeError } from "../../lib/error/mod.ts";
import { promptly } from "../contract/wire.ts";
import { answering, endless, hostileServer, type Hostility, saying } from "./hostile_server.ts";

const OK = "HTTP/1.1 200 OK\r\n";

/** Answers that are no HTTP, or none to the end. */
const BROKEN: readonly (readonly [what: string, answer: Hostility])[] = [
  ["an end", (socket) => socket.end()],
  ["a reset", (socket) => socket.destroy()],
  ["silence", () => {}],
  ["garbage", saying(new Uint8Array(1000).fill(0xff))],
  ["HTTP/2", saying("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")],
  ["a head without an end", saying(`${OK}x: y`)],
  ["an endless head", endless(OK, "x: y\r\n")],
  ["an endless header", endless(`${OK}x: `, "y")],
  ["an endless status line", endless("HTTP/1.1 200 ", "O")],
  ["endless good intentions", endless("", "HTTP/1.1 100 Continue\r\n\r\n")],
  ["endless hints", endless("", "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n")],
  [
    "another protocol",
    saying("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nhello"),
  ],
  ["no status", saying("HTTP/1.1 OK\r\n\r\n")],
  ["a status of four digits", saying("HTTP/1.1 2000 OK\r\ncontent-length: 2\r\n\r\n{}")],
  ["less than was announced", saying(`${OK}content-length: 100\r\n\r\n{}`)],
  ["nothing of what was announced", saying(`${OK}content-length: 100\r\n\r\n`)],
  ["an announcement of a negative length", saying(`${OK}content-length: -1\r\n\r\n{}`)],
  ["an announcement that is no number", saying(`${OK}content-length: x\r\n\r\n{}`)],
  ["two announcements", saying(`${OK}content-length: 2\r\ncontent-length: 3\r\n\r\n{}x`)],
  ["two framings", saying(`${OK}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}`)],
  ["a chunk of no length", saying(`${OK}transfer-encoding: chunked\r\n\r\nx\r\n{}\r\n0\r\n\r\n`)],
  [
    "a chunk of an immense length",
    saying(`${OK}transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}`),
  ],
  ["chunks without an end", saying(`${OK}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n`)],
  ["an endless extension of a chunk", endless(`${OK}transfer-encoding: chunked\r\n\r\n2;`, "x")],
  [
    "endless trailers",
    endless(`${OK}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n`, "x: y\r\n"),
  ],
  ["an immense announcement", endless(`${OK}content-length: 999999999999\r\n\r\n`, "x")],
  ["an endless body", endless(`${OK}transfer-encoding: chunked\r\n\r\n`, "1\r\nx\r\n")],
  [
    "an endless refusal",
    endless("HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
  ],
];

/** A stream may take as long as it takes, so this is nothing to be refused there. */
const SLOW: typeof BROKEN = [
  ["a body that comes slowly", (socket) => {
    socket.write(`${OK}content-length: 1000\r\n\r\n`);
    const timer = setInterval(() => socket.write(" "), 100);
    socket.on("close", () => clearInterval(timer));
  }],
];

/** Statuses that no answer of Nexus has. */
const STATUSES = [
  "201 Created",
  "204 No Content",
  "206 Partial",
  "301 Moved",
  "304 Not Modified",
  "402 Pay",
  "418 Tea",
  "599 No",
];

const deep = (open: string, close: string, n: number) => open.repeat(n) + close.repeat(n);
const COLLIDING = Array.from({ length: 50_000 }, (_, i) => `"${(20_000 + i) * 2 ** 16}":"v"`)
  .join();

/** Bodies of a success that are no answer to anything. */
const BODIES: readonly (readonly [what: string, body: string | Uint8Array])[] = [
  ["nothing", ""],
  ["a page", "<html><body>It works!</body></html>"],
  ["no UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d)],
  ["compressed", Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0)],
  ["an array", "[]"],
  ["a number", "1e999"],
  ["deep arrays", deep("[", "]", 100_000)],
  ["deep objects", deep('{"data":', "}", 50_000)],
  ["deep data", `{"data":${deep("[", "]", 60)}}`],
  ["colliding names", `{${COLLIDING}}`],
  ["colliding keys", `{"data":{${COLLIDING}}}`],
  ["a million empty arrays", `{"data":[${"[],".repeat(300_000)}[]]}`],
  ["a lone surrogate", '{"data":{"k":"\\ud800"},"keys":["\\udfff"],"path":"\\ud800"}'],
  ["a code that is none", '{"err":{"toString":1}}'],
  ["a code of another kind", '{"err":5}'],
  ["data of another kind", '{"data":["a"]}'],
  ["null for a value", '{"data":{"k":null}}'],
];

Deno.test("whatever a server sends, a client ends soon with a clean failure", async (t) => {
  await using hostile = await hostileServer();
  const { client } = hostile;
  const fails = async (work: () => Promise<unknown>): Promise<SpikeError> => {
    const beganMs = performance.now();
    const error = await promptly(
      "A failure",
      work().then(() => new Error("It did not fail"), (error: unknown) => error),
    );
    assert.ok(error instanceof SpikeError, error instanceof Error ? error.stack : String(error));
    assert.ok(performance.now() - beganMs < 8_000, `${performance.now() - beganMs} ms`);
    return error;
  };
  for (const [what, answer] of BROKEN) {
    await t.step(what, async () => {
      hostile.answer = answer;
      const { code } = await fails(() => client.getSecret("a"));
      assert.ok(
        ["net_peer_connection", "access_unauthorized", "api_internal_error"].includes(code),
        code,
      );
    });
    await t.step(`${what}, for a stream`, async () => {
      hostile.answer = answer;
      await fails(async () => {
        let left = 2_000;
        for await (const _ of await client.encryptStream(pieces(), {})) {
          // A stream may be of any length: who takes it says when it is enough.
          if (left-- === 0) throw new SpikeError("data_invalid_input", "It is enough");
        }
      });
    });
  }
  for (const [what, answer] of SLOW) {
    await t.step(what, async () => {
      hostile.answer = answer;
      assert.equal((await fails(() => client.getSecret("a"))).code, "net_peer_connection");
    });
  }
  for (const status of STATUSES) {
    await t.step(`status ${status}`, async () => {
      hostile.answer = answering('{"data":{"k":"v"}}', "", status);
      await fails(() => client.getSecret("a"));
    });
  }
  for (const [what, body] of BODIES) {
    await t.step(`a body that is ${what}`, async () => {
      hostile.answer = answering(body);
      assert.equal((await fails(() => client.getSecret("a"))).code, "data_unmarshal_failure");
      for (const status of ["400 Bad", "500 No", "599 No"]) {
        hostile.answer = answering(body, "spike-reason: x\r\nspike-reason: busy\r\n", status);
        await fails(() => client.getSecret("a"));
      }
    });
  }
});

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(100);
}
