/** One identity asks for too much: it is told so at once, and others are served as before. */
import assert from "node:assert/strict";
import type { Fetch } from "../../lib/mtls/mod.ts";
import { pemEncode } from "../../lib/x509/mod.ts";
import { headerOf, requestBytes, textOf, Wire } from "../contract/wire.ts";
import { authority, NEXUS, serve, sourceOf, SUPERUSER } from "./mtls_fixture.ts";

const OPERATOR = "spiffe://spike.ist/spike/pilot/role/operator";

/** A server whose handler answers when it is told to, and two identities that can connect. */
async function crowded(limits: { requestsPerIdentity?: number; connectionsPerIdentity?: number }) {
  const ca = await authority();
  const gate = Promise.withResolvers<void>();
  let held = 0;
  let changed = Promise.withResolvers<void>();
  const fetch: Fetch = async (_request, { peer, readBody }) => {
    await readBody(1024);
    held++;
    changed.resolve();
    if (peer.id === SUPERUSER) await gate.promise;
    const body = JSON.stringify({ peer: peer.id });
    return new Response(body, { headers: { "content-length": String(body.length) } });
  };
  const served = await serve(await sourceOf(ca, NEXUS), { fetch, ...limits });
  const identityOf = async (id: string) => {
    const { svid } = (await sourceOf(ca, id)).current();
    return {
      certificates: svid.certificates.map((der) => pemEncode("CERTIFICATE", der)).join(""),
      privateKey: pemEncode("PRIVATE KEY", svid.privateKey),
      bundle: "",
    };
  };
  const [flooder, other] = [await identityOf(SUPERUSER), await identityOf(OPERATOR)];
  return {
    release: () => gate.resolve(),
    /** Resolves when so many requests have come to the handler. */
    holds: async (count: number) => {
      for (; held < count; changed = Promise.withResolvers()) await changed.promise;
    },
    log: served.log,
    flooder: () => Wire.open(served.port, flooder),
    other: () => Wire.open(served.port, other),
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  };
}

Deno.test("more requests than one identity may have under way are answered with 429 at once", async () => {
  await using server = await crowded({ requestsPerIdentity: 2 });
  using first = await server.flooder();
  first.write(requestBytes({ target: "/" }));
  using second = await server.flooder();
  second.write(requestBytes({ target: "/" }));
  await server.holds(2);
  using third = await server.flooder();
  third.write(requestBytes({ target: "/", body: "x".repeat(100) }));
  const refused = await third.answer();
  assert.equal(refused.status, 429);
  assert.equal(textOf(refused), '{"err":"overloaded"}');
  assert.equal(headerOf(refused, "retry-after"), "1");
  assert.deepEqual(await server.log.warning("identity_overloaded"), {
    peer: SUPERUSER,
    refusals: 1,
  });
  using other = await server.other();
  other.write(requestBytes({ target: "/" }));
  assert.equal(textOf(await other.answer()), JSON.stringify({ peer: OPERATOR }));
  server.release();
  assert.equal((await first.answer()).status, 200);
  assert.equal((await second.answer()).status, 200);
  third.write(requestBytes({ target: "/" }));
  assert.equal((await third.answer()).status, 200, "the connection of a refusal goes on");
});

Deno.test("requests that were given up while they waited make room", async () => {
  await using server = await crowded({ requestsPerIdentity: 1 });
  for (let i = 0; i < 3; i++) {
    const wire = await server.flooder();
    wire.write(requestBytes({ target: "/" }));
    wire[Symbol.dispose]();
  }
  server.release();
  using last = await server.flooder();
  for (;;) {
    last.write(requestBytes({ target: "/" }));
    if ((await last.answer()).status === 200) return;
  }
});

Deno.test("more connections than one identity may have cost it those that are idle", async () => {
  await using server = await crowded({ connectionsPerIdentity: 2 });
  server.release();
  using first = await server.flooder();
  using second = await server.flooder();
  for (const wire of [second, first]) {
    wire.write(requestBytes({ target: "/" }));
    assert.equal((await wire.answer()).status, 200);
  }
  using third = await server.flooder();
  assert.equal(await second.ended(), "", "the one that was not used for longest");
  using other = await server.other();
  for (const wire of [first, third, other]) {
    wire.write(requestBytes({ target: "/" }));
    assert.equal((await wire.answer()).status, 200);
  }
});
