import assert from "node:assert/strict";
import { connect } from "node:http2";
import { connect as connectUnix } from "node:net";
import { type Authority, createAuthority } from "../authority/authority.ts";
import { type EndpointAddress, parseEndpoint } from "./endpoint.ts";
import { encodeFrame, FrameReader, GRPC_CODE, type GrpcStatus, readStatus } from "./grpc.ts";
import { parseSpiffeId, parseTrustDomain } from "../spiffe/id.ts";
import { createIssuer, type Issuer } from "../authority/issuer.ts";
import type { SvidSource } from "../spiffe/source.ts";
import { FakeTimers } from "../spiffe/_fake_timers.ts";
import { verifyPeer } from "../spiffe/verify.ts";
import { decodeX509BundlesResponse, decodeX509SvidResponse } from "./message.ts";
import { serveWorkloadApi, type WorkloadServer } from "./server.ts";
import { openWorkloadSource } from "./source.ts";

const ID = parseSpiffeId("spiffe://spike.ist/spike/keeper");
const HEADERS = { "content-type": "application/grpc", "workload.spiffe.io": "true" };
const SVID_PATH = "/SpiffeWorkloadAPI/FetchX509SVID";
const BUNDLES_PATH = "/SpiffeWorkloadAPI/FetchX509Bundles";

interface Scene {
  readonly authority: Authority;
  readonly issuer: Issuer;
  readonly path: string;
  readonly address: EndpointAddress;
  serve(): Promise<WorkloadServer>;
}

/** A socket path in a directory of its own, and an identity to serve there. */
async function withScene(run: (scene: Scene) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "spike-wl-" });
  const authority = await createAuthority({ trustDomain: parseTrustDomain("spike.ist") });
  const federated = [await createAuthority({ trustDomain: parseTrustDomain("other.test") })];
  const timers = new FakeTimers(Date.now());
  const startTimer = timers.start;
  const issuer = await createIssuer({ authority, id: ID, ttlMs: 3_600_000, federated, startTimer });
  const path = `${directory}/api.sock`;
  const servers: WorkloadServer[] = [];
  try {
    await run({
      authority,
      issuer,
      path,
      address: { kind: "unix", path },
      serve: async () => {
        const server = await serveWorkloadApi({ listen: { path }, identity: issuer });
        servers.push(server);
        return server;
      },
    });
  } finally {
    for (const server of servers) await server.close();
    issuer.close();
    await Deno.remove(directory, { recursive: true });
  }
}

/** Resolves at the next announcement. */
function changed(source: SvidSource): Promise<void> {
  return new Promise((resolve) => {
    const unsubscribe = source.subscribe(() => {
      unsubscribe();
      resolve();
    });
  });
}

interface Answer {
  readonly httpStatus: number;
  readonly status: GrpcStatus | undefined;
  readonly messages: readonly Uint8Array[];
}

/** One raw call. It ends with the stream, or after the first message when `isStream`. */
function call(
  scene: Scene,
  headers: Record<string, string>,
  { isStream = false, body = encodeFrame(new Uint8Array()) } = {},
): Promise<Answer> {
  const session = connect("http://localhost", {
    createConnection: () => connectUnix({ path: scene.path }),
  });
  const stream = session.request({ ":method": "POST", ":path": SVID_PATH, ...headers });
  const frames = new FrameReader();
  const messages: Uint8Array[] = [];
  let httpStatus = 0;
  let status: GrpcStatus | undefined;
  return new Promise((resolve, reject) => {
    const finish = () => session.destroy();
    session.on("close", () => resolve({ httpStatus, status, messages }));
    session.on("error", reject);
    stream.on("error", reject);
    stream.on("response", (received) => {
      httpStatus = Number(received[":status"]);
      status = readStatus(received);
      if (isStream && messages.length > 0) finish();
    });
    stream.on("trailers", (received) => status = readStatus(received));
    stream.on("data", (chunk: Uint8Array) => {
      messages.push(...frames.push(chunk));
      if (isStream && httpStatus !== 0) finish();
    });
    stream.on("close", finish);
    stream.end(body);
  });
}

Deno.test("the client gets the identity and all bundles over a unix socket", async () => {
  await withScene(async (scene) => {
    await scene.serve();
    const source = openWorkloadSource(scene.address);
    const { svid, bundles } = await source.ready(10_000);
    assert.deepEqual(svid, scene.issuer.current()?.svids[0]);
    assert.deepEqual([...bundles.keys()].sort(), ["other.test", "spike.ist"]);
    const verdict = verifyPeer(svid.certificates, bundles, Date.now());
    assert(verdict.ok);
    assert.equal(verdict.id, ID);
    await source.close();
  });
});

Deno.test("the client gets the identity over TCP", async () => {
  await withScene(async (scene) => {
    const listen = { host: "127.0.0.1", port: 0 };
    const server = await serveWorkloadApi({ listen, identity: scene.issuer });
    const source = openWorkloadSource(parseEndpoint(server.address));
    assert.equal((await source.ready(10_000)).svid.id, ID);
    await source.close();
    await server.close();
  });
});

Deno.test("the client sees renewals and new anchors on the open stream", async () => {
  await withScene(async (scene) => {
    await scene.serve();
    const source = openWorkloadSource(scene.address);
    const first = await source.ready(10_000);

    const renewed = changed(source);
    await scene.issuer.renew();
    await renewed;
    assert.deepEqual(source.current().svid, scene.issuer.current()?.svids[0]);
    assert.notDeepEqual(source.current().svid, first.svid);

    const rotated = changed(source);
    await scene.authority.rotate();
    await rotated;
    assert.equal(source.current().bundles.get(scene.authority.trustDomain)?.length, 2);
    assert.equal(source.current().generation, 3);
    await source.close();
  });
});

Deno.test("the client waits for a socket that is yet to appear", async () => {
  await withScene(async (scene) => {
    const timers = new FakeTimers();
    const source = openWorkloadSource(scene.address, {
      startTimer: timers.start,
      random: () => 0.5,
    });
    const ready = source.ready(60_000);
    await timers.running(100);
    await scene.serve();
    timers.advance(100);
    assert.equal((await ready).svid.id, ID);
    await source.close();
  });
});

Deno.test("the client keeps its identity while the agent is away and finds it again", async () => {
  await withScene(async (scene) => {
    const timers = new FakeTimers();
    const log: string[] = [];
    const server = await scene.serve();
    const source = openWorkloadSource(scene.address, {
      startTimer: timers.start,
      random: () => 0.5,
      log: (reason) => log.push(reason),
    });
    await source.ready(60_000);

    await server.close();
    await timers.running(1000);
    timers.advance(1000);
    await timers.running(2000);
    assert.equal(source.current().generation, 1);

    await scene.issuer.renew();
    await scene.serve();
    const back = changed(source);
    timers.advance(2000);
    await back;
    assert.deepEqual(source.current().svid, scene.issuer.current()?.svids[0]);
    assert.equal(log.length, 2, log.join("; "));
    assert.match(log[1] ?? "", /^UNAVAILABLE: connect (ENOENT|ECONNREFUSED)/);
    await source.close();
  });
});

Deno.test("the client drops an identity that the agent takes away, and takes it back", async () => {
  await withScene(async (scene) => {
    const timers = new FakeTimers();
    await scene.serve();
    const source = openWorkloadSource(scene.address, {
      startTimer: timers.start,
      random: () => 0.5,
    });
    await source.ready(60_000);

    const dropped = changed(source);
    scene.issuer.withdraw();
    await timers.running(250);
    assert.equal(source.current().generation, 1);
    timers.advance(250);
    await dropped;
    assert.throws(() => source.current(), /PERMISSION_DENIED: no identity issued/);

    await scene.issuer.renew();
    await timers.running(2000);
    timers.advance(2000);
    await source.ready(60_000);
    assert.equal(source.current().generation, 2);
    await source.close();
  });
});

Deno.test("close() during the first connection attempt resolves", async () => {
  await withScene(async (scene) => {
    const source = openWorkloadSource(scene.address);
    await source.close();
    await assert.rejects(source.ready(10), /it was closed/);
  });
});

Deno.test("a call without the security header gets InvalidArgument", async () => {
  await withScene(async (scene) => {
    await scene.serve();
    const missing = await call(scene, { "content-type": "application/grpc" });
    assert.equal(missing.status?.code, GRPC_CODE.INVALID_ARGUMENT);
    assert.equal(missing.httpStatus, 200);
    const wrong = await call(scene, { ...HEADERS, "workload.spiffe.io": "True" });
    assert.equal(wrong.status?.code, GRPC_CODE.INVALID_ARGUMENT);
    assert.deepEqual(wrong.messages, []);
  });
});

Deno.test("an unknown method gets Unimplemented", async () => {
  await withScene(async (scene) => {
    await scene.serve();
    const answer = await call(scene, {
      ...HEADERS,
      ":path": "/SpiffeWorkloadAPI/FetchJWTSVID",
    });
    assert.equal(answer.status?.code, GRPC_CODE.UNIMPLEMENTED);
  });
});

Deno.test("a caller without an identity gets PermissionDenied from both methods", async () => {
  await withScene(async (scene) => {
    await scene.serve();
    scene.issuer.withdraw();
    for (const path of [SVID_PATH, BUNDLES_PATH]) {
      const { status } = await call(scene, { ...HEADERS, ":path": path });
      assert.deepEqual(status, {
        code: GRPC_CODE.PERMISSION_DENIED,
        message: "no identity issued",
      });
    }
  });
});

Deno.test("what is not gRPC gets an HTTP status", async () => {
  await withScene(async (scene) => {
    await scene.serve();
    const wrongType = await call(scene, { ...HEADERS, "content-type": "application/json" });
    assert.equal(wrongType.httpStatus, 415);
    assert.equal(wrongType.status, undefined);
  });
});

Deno.test("FetchX509Bundles has every trust domain, the own one included", async () => {
  await withScene(async (scene) => {
    await scene.serve();
    const answer = await call(scene, { ...HEADERS, ":path": BUNDLES_PATH }, { isStream: true });
    const { bundles } = decodeX509BundlesResponse(answer.messages[0] ?? new Uint8Array());
    assert.deepEqual([...bundles.keys()].sort(), ["spiffe://other.test", "spiffe://spike.ist"]);
    const [anchor] = scene.authority.anchors();
    assert.deepEqual(bundles.get("spiffe://spike.ist"), anchor);
  });
});

Deno.test("a percent-encoded authority is served", async () => {
  await withScene(async (scene) => {
    await scene.serve();
    const answer = await call(scene, {
      ...HEADERS,
      ":authority": encodeURIComponent(scene.path),
    }, { isStream: true });
    const { svids } = decodeX509SvidResponse(answer.messages[0] ?? new Uint8Array());
    assert.equal(svids[0]?.spiffeId, ID);
  });
});

Deno.test("a request that is far too large ends the call", async () => {
  await withScene(async (scene) => {
    await scene.serve();
    const body = encodeFrame(new Uint8Array(10_000));
    const answer = await call(scene, HEADERS, { body });
    assert.equal(answer.status?.code, GRPC_CODE.RESOURCE_EXHAUSTED);
  });
});

Deno.test("a socket file that was left behind is replaced, one in use is not", async () => {
  await withScene(async (scene) => {
    // A listener that is killed leaves its file; unlinking is what close() adds.
    await new Deno.Command(Deno.execPath(), {
      args: ["eval", `Deno.listen({ transport: "unix", path: "${scene.path}" }); Deno.exit(0);`],
    }).output();
    const server = await scene.serve();
    await assert.rejects(scene.serve(), { code: "config_invalid" });
    const source = openWorkloadSource(parseEndpoint(server.address));
    assert.equal((await source.ready(10_000)).svid.id, ID);
    await source.close();
  });
});
