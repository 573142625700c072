/** What is refused before it comes to a handler is told with the caller and the fault, whatever it is. */
import assert from "node:assert/strict";
import type { Fetch, Refusal } from "../../lib/mtls/mod.ts";
import { pemEncode } from "../../lib/x509/mod.ts";
import { ODD_HTTP } from "../contract/bad_http.ts";
import { promptly, requestBytes, Wire } from "../contract/wire.ts";
import { authority, NEXUS, serve, sourceOf, SUPERUSER } from "./mtls_fixture.ts";

/** A server that keeps what it hands on and what it refuses. */
async function watched(limits: { requestsPerIdentity?: number; fetch?: Fetch } = {}) {
  const ca = await authority();
  const refusals: Refusal[] = [];
  let handled = 0;
  let changed = Promise.withResolvers<void>();
  const tell = () => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const fetch: Fetch = async (request, context) => {
    handled++;
    tell();
    if (limits.fetch) return await limits.fetch(request, context);
    await context.readBody(1024).catch(() => {});
    return new Response("{}", { headers: { "content-length": "2" } });
  };
  const onRefused = (refusal: Refusal) => {
    refusals.push(refusal);
    tell();
  };
  const served = await serve(await sourceOf(ca, NEXUS), { ...limits, fetch, onRefused });
  const { svid } = (await sourceOf(ca, SUPERUSER)).current();
  const caller = {
    certificates: svid.certificates.map((der) => pemEncode("CERTIFICATE", der)).join(""),
    privateKey: pemEncode("PRIVATE KEY", svid.privateKey),
    bundle: "",
  };
  return {
    refusals,
    log: served.log,
    handled: () => handled,
    /** Resolves when so many requests were handed on or refused. */
    came: (count: number) =>
      promptly(
        "A request",
        (async () => {
          while (handled + refusals.length < count) await changed.promise;
        })(),
      ),
    open: () => Wire.open(served.port, caller),
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  };
}

Deno.test("every request that is answered comes to a handler or is told as refused", async (t) => {
  await using server = await watched();
  const odd = ODD_HTTP.filter(({ gives, isFinished }) => gives !== "ended" && !isFinished);
  assert.ok(odd.length > 60, String(odd.length));
  for (const { what, bytes, gives } of odd) {
    await t.step(what, async () => {
      const before = server.handled() + server.refusals.length;
      using wire = await server.open();
      wire.write(bytes);
      await server.came(before + 1);
      if (gives === "served") assert.equal(server.handled() > 0, true);
      for (const { peer, status, fault } of server.refusals.slice(-1)) {
        assert.deepEqual([peer.id, status], [SUPERUSER, 400]);
        assert.match(fault, /^[A-Za-z0-9_-]+$/);
      }
    });
  }
  const faults = new Set(server.refusals.map(({ fault }) => fault));
  for (const fault of ["host", "expect", "connect", "transfer-encoding"]) {
    assert.ok(faults.has(fault), `${fault} is not among ${[...faults]}`);
  }
  const lines = server.log.lines.filter(({ event }) => event === "malformed_request");
  assert.deepEqual(lines, [], "who is told of it logs it");
});

Deno.test("what an identity asks beyond its share is told as refused", async () => {
  const gate = Promise.withResolvers<void>();
  const fetch: Fetch = async () => {
    await gate.promise;
    return new Response("{}", { headers: { "content-length": "2" } });
  };
  await using server = await watched({ requestsPerIdentity: 1, fetch });
  using first = await server.open();
  first.write(requestBytes({ target: "/" }));
  await server.came(1);
  using second = await server.open();
  second.write(requestBytes({ target: "/" }));
  assert.equal((await second.answer()).status, 429);
  await server.came(2);
  gate.resolve();
  const told = server.refusals.map(({ peer, status, fault }) => [peer.id, status, fault]);
  assert.deepEqual(told, [[SUPERUSER, 429, "overloaded"]]);
});
