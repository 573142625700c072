import assert from "node:assert/strict";
import {
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { encodeFrame, GRPC_CODE, type GrpcStatus } from "./grpc.ts";
import { openStream, type WorkloadStream } from "./stream.ts";

const GRPC = { ":status": 200, "content-type": "application/grpc" };
const OK_TRAILERS = { "grpc-status": "0" };

interface Outcome {
  readonly status: GrpcStatus;
  readonly messages: readonly string[];
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly stream: WorkloadStream;
}

type Behave = (stream: ServerHttp2Stream) => void;

/** What a call sees of a server that behaves so. */
async function callServer(behave: Behave): Promise<Outcome> {
  const directory = await Deno.makeTempDir({ prefix: "spike-stream-" });
  const path = `${directory}/api.sock`;
  const sessions = new Set<ServerHttp2Session>();
  let received: IncomingHttpHeaders = {};
  let body = "";
  const server = createServer();
  server.on("session", (session) => sessions.add(session));
  server.on("stream", (stream, headers) => {
    received = headers;
    stream.on("error", () => {});
    stream.on("data", (chunk: Uint8Array) => body += chunk.toHex());
    stream.on("end", () => behave(stream));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const messages: string[] = [];
  const ends: GrpcStatus[] = [];
  let stream: WorkloadStream | undefined;
  const status = await new Promise<GrpcStatus>((resolve) => {
    stream = openStream({ kind: "unix", path }, "FetchX509SVID", {
      message: (bytes) => messages.push(bytes.toHex()),
      ended: (end) => {
        ends.push(end);
        resolve(end);
      },
    });
  });
  await stream?.close();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    for (const session of sessions) session.destroy();
  });
  await Deno.remove(directory, { recursive: true });
  assert.equal(ends.length, 1, "ended() comes once");
  assert(stream !== undefined);
  return { status, messages, headers: received, body, stream };
}

function respond(chunks: readonly Uint8Array[], trailers?: Record<string, string>): Behave {
  return (stream) => {
    stream.respond(GRPC, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers(trailers ?? {}));
    for (const chunk of chunks) stream.write(chunk);
    stream.end();
  };
}

Deno.test("a call is made as gRPC and the Workload API demand", async () => {
  const { headers, body } = await callServer(respond([], OK_TRAILERS));
  assert.equal(headers[":method"], "POST");
  assert.equal(headers[":path"], "/SpiffeWorkloadAPI/FetchX509SVID");
  assert.equal(headers[":authority"], "localhost");
  assert.equal(headers["content-type"], "application/grpc");
  assert.equal(headers["te"], "trailers");
  assert.equal(headers["workload.spiffe.io"], "true");
  assert.equal(body, "0000000000");
});

Deno.test("messages come in order, whole, and the status after them", async () => {
  const [one, two] = [encodeFrame(new Uint8Array([1])), encodeFrame(new Uint8Array([2, 3]))];
  const chunks = [one.subarray(0, 3), one.subarray(3), two];
  const { messages, status } = await callServer(respond(chunks, OK_TRAILERS));
  assert.deepEqual(messages, ["01", "0203"]);
  assert.deepEqual(status, { code: GRPC_CODE.OK, message: "" });
});

Deno.test("a status in the headers ends the call", async () => {
  const { status } = await callServer((stream) =>
    stream.respond({ ...GRPC, "grpc-status": "7", "grpc-message": "no%20entry" }, {
      endStream: true,
    })
  );
  assert.deepEqual(status, { code: GRPC_CODE.PERMISSION_DENIED, message: "no entry" });
});

const FAILURES: readonly (readonly [string, Behave, number, RegExp])[] = [
  ["an end without a status", respond([]), GRPC_CODE.UNAVAILABLE, /without a status/],
  [
    "an end inside a message",
    respond([new Uint8Array([0, 0, 0, 0, 9, 1])], OK_TRAILERS),
    GRPC_CODE.INTERNAL,
    /inside a message/,
  ],
  [
    "a message over the limit",
    respond([new Uint8Array([0, 4, 0, 0, 0])], OK_TRAILERS),
    GRPC_CODE.RESOURCE_EXHAUSTED,
    /67108864 bytes/,
  ],
  [
    "an HTTP error",
    (stream) => stream.respond({ ":status": 404 }, { endStream: true }),
    GRPC_CODE.UNAVAILABLE,
    /HTTP status 404, expected 200/,
  ],
  [
    "an answer that is not gRPC",
    (stream) =>
      stream.respond({ ":status": 200, "content-type": "text/html" }, { endStream: true }),
    GRPC_CODE.UNAVAILABLE,
    /text\/html/,
  ],
  [
    "a reset",
    (stream) => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM),
    GRPC_CODE.UNAVAILABLE,
    /reset with HTTP\/2 error 11/,
  ],
  [
    "a connection that breaks",
    (stream) => stream.session?.destroy(),
    GRPC_CODE.UNAVAILABLE,
    /connection was lost|without a status/,
  ],
];

for (const [what, behave, code, message] of FAILURES) {
  Deno.test(`${what} ends the call as ${code}`, async () => {
    const { status } = await callServer(behave);
    assert.equal(status.code, code, status.message);
    assert.match(status.message, message);
  });
}

Deno.test("close() is not an end of the call and may come twice", async () => {
  const ends: GrpcStatus[] = [];
  const path = "/nonexistent/spike/api.sock";
  const stream = openStream({ kind: "unix", path }, "FetchX509SVID", {
    message: () => {},
    ended: (status) => ends.push(status),
  });
  await stream.close();
  await stream.close();
  assert.deepEqual(ends, []);
});

Deno.test("a socket that is not there is named in the status", async () => {
  const path = "/nonexistent/spike/api.sock";
  const status = await new Promise<GrpcStatus>((resolve) => {
    openStream({ kind: "unix", path }, "FetchX509SVID", { message: () => {}, ended: resolve });
  });
  assert.deepEqual(status, {
    code: GRPC_CODE.UNAVAILABLE,
    message: `connect ENOENT ${path}`,
  });
});
