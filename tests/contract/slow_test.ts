/** Clients that take their time: the server's patience is a parameter, so that nobody has to wait for it. */
import assert from "node:assert/strict";
import { createMtlsServer } from "../../lib/mtls/mod.ts";
import { pemEncode } from "../../lib/x509/mod.ts";
import { authority, echo, NEXUS, RecordedLog, sourceOf, SUPERUSER } from "../e2e/mtls_fixture.ts";
import { requestBytes, textOf, Wire } from "./wire.ts";

const HEADERS_MS = 200;
const REQUEST_MS = 400;
const IDLE_MS = 200;
const DRIP_MS = 20;

async function serve() {
  const ca = await authority();
  const server = createMtlsServer({
    source: await sourceOf(ca, NEXUS),
    admit: () => true,
    fetch: echo,
    log: new RecordedLog(),
    headersTimeoutMs: HEADERS_MS,
    requestTimeoutMs: REQUEST_MS,
    keepAliveTimeoutMs: IDLE_MS,
  });
  const port = await server.listen({ host: "127.0.0.1", port: 0 });
  const { svid, bundles } = (await sourceOf(ca, SUPERUSER)).current();
  const pem = (ders: readonly Uint8Array[]) =>
    ders.map((der) => pemEncode("CERTIFICATE", der)).join("");
  const identity = {
    certificates: pem(svid.certificates),
    privateKey: pemEncode("PRIVATE KEY", svid.privateKey),
    bundle: pem([...bundles.values()].flat()),
  };
  return {
    open: () => Wire.open(port, identity),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Sends a byte now and then for as long as the connection is there. */
function drip(wire: Wire): Disposable {
  const timer = setInterval(() => wire.write("x"), DRIP_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

const HEAD = "POST / HTTP/1.1\r\nhost: localhost\r\n";

/** What is sent, and whether a byte follows now and then. */
const SLOW: readonly (readonly [what: string, bytes: string, isDripping: boolean])[] = [
  ["a head that never ends", HEAD, false],
  ["a head that never ends, byte by byte", HEAD, true],
  ["a body that never comes", `${HEAD}content-length: 1000\r\n\r\n`, false],
  ["a body that never ends", `${HEAD}content-length: 1000\r\n\r\n{`, false],
  ["a body that never ends, byte by byte", `${HEAD}content-length: 1000\r\n\r\n{`, true],
  ["chunks that never end", `${HEAD}transfer-encoding: chunked\r\n\r\n1\r\n{\r\n`, false],
];

Deno.test("whoever takes too long is answered with 400 and the end", async () => {
  await using server = await serve();
  await Promise.all(SLOW.map(async ([what, bytes, isDripping]) => {
    using wire = await server.open();
    wire.write(bytes);
    using _drip = isDripping ? drip(wire) : undefined;
    const answer = await wire.answer();
    assert.equal(`${answer.status} ${textOf(answer)}`, '400 {"err":"api_bad_request"}', what);
    assert.equal(await wire.ended(), "", what);
  }));
});

Deno.test("a connection on which nothing was ever asked ends without an answer", async () => {
  await using server = await serve();
  using wire = await server.open();
  assert.equal(await wire.ended(), "");
});

Deno.test("a connection on which nothing more is asked ends", async () => {
  await using server = await serve();
  using wire = await server.open();
  wire.write(requestBytes({ target: "/" }));
  assert.equal((await wire.answer()).status, 200);
  assert.equal(await wire.ended(), "");
});
