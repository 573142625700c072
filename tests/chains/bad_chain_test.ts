/**
 * Each bad chain is judged three times: by the verifier alone, by a server as a client's, and by a client as a
 * server's. The last two go over real TLS wherever the runtime lets such certificates be sent.
 */
import assert from "node:assert/strict";
import { createServer } from "node:https";
import { connect } from "node:tls";
import {
  MemorySource,
  parseSpiffeId,
  parseTrustDomain,
  pemEncode,
  type TrustDomain,
  verifyPeer,
  type X509Svid,
} from "../../lib/spiffe/mod.ts";
import { client, failureOf, serve, type Served } from "../e2e/mtls_fixture.ts";
import { IDENTITY, withTable } from "../../scripts/write_docs.ts";
import { BAD_CHAINS, type BadChain, type Presented, type World } from "./bad_chain.ts";
import { chainTable } from "./table.ts";
import { type Leaf, makeLeaf, makeRoot, NEXUS } from "./forge.ts";

const world: World = { root: makeRoot("root"), other: makeRoot("other") };
const good = makeLeaf(world.root);

function bundlesOf({ bundles = {} }: Partial<Presented>): Map<TrustDomain, readonly Uint8Array[]> {
  const all = { "spike.ist": [world.root.der], "other.test": [world.other.der], ...bundles };
  return new Map(Object.entries(all).map(([name, anchors]) => [parseTrustDomain(name), anchors]));
}

/** The good side's own SVID; nothing checks its path here. */
function svidOf({ der, key }: Leaf): X509Svid {
  return {
    id: parseSpiffeId(NEXUS),
    certificates: [der],
    privateKey: key.privateKey.export({ format: "der", type: "pkcs8" }),
    notBeforeMs: Date.now() - 3_600_000,
    notAfterMs: Date.now() + 3_600_000,
    hint: "",
  };
}

function pemOf({ chain, key }: Presented): { cert: string; key: string } {
  return {
    cert: chain.map((der) => pemEncode("CERTIFICATE", der)).join(""),
    key: key.privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}

const REQUEST = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";

/** What a server of ours answers to who presents this; the reason it logs, if it came as far. */
function callServer(served: Served, presented: Presented): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect({
      host: "127.0.0.1",
      port: served.port,
      ...pemOf(presented),
      rejectUnauthorized: false,
    });
    socket.on("secureConnect", () => socket.write(REQUEST));
    socket.on("data", (chunk: Uint8Array) => {
      answer += new TextDecoder().decode(chunk);
      socket.end();
    });
    socket.on("error", (error) => reject(error));
    socket.on("close", () => resolve(answer));
  });
}

/** What our client says of a server that presents this, and how many requests reached it. */
async function callClient(
  source: MemorySource,
  presented: Presented,
): Promise<{ message: string; requests: number }> {
  let requests = 0;
  const server = createServer({
    ...pemOf(presented),
    requestCert: true,
    rejectUnauthorized: false,
  });
  server.on("request", (_request, response) => {
    requests++;
    response.end();
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await using caller = client(source);
  const { message } = await failureOf(caller.post(`https://127.0.0.1:${port}/`, "secret"));
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return { message, requests };
}

Deno.test("the world in which bad chains are refused takes good ones", async () => {
  const presented = { chain: [good.der], key: good.key };
  const bundles = bundlesOf({});
  assert(verifyPeer(presented.chain, bundles, Date.now()).ok);
  const source = new MemorySource({ svid: svidOf(good), bundles });
  await using served = await serve(source);
  assert.match(await callServer(served, presented), /^HTTP\/1\.1 200/);
  await using caller = client(source);
  assert.equal((await caller.post(served.url, "{}")).status, 200);
});

Deno.test(`${BAD_CHAINS.length} bad chains are refused by verifier, server and client`, async (t) => {
  const source = new MemorySource({ svid: svidOf(good), bundles: bundlesOf({}) });
  await using served = await serve(source);
  for (const bad of BAD_CHAINS) {
    await t.step(`${bad.name}: ${bad.why}`, async () => {
      const presented = bad.make(world);
      const bundles = bundlesOf(presented);
      const verdict = verifyPeer(presented.chain, bundles, Date.now());
      assert.equal(!verdict.ok && verdict.reason, bad.reason);
      source.set(svidOf(good), bundles);
      await Promise.resolve();
      if (bad.isUnsendable) await assertUnsendable(served, presented);
      else await assertRefused(bad, { served, source, presented });
    });
  }
});

async function assertRefused(
  bad: BadChain,
  { served, source, presented }: { served: Served; source: MemorySource; presented: Presented },
): Promise<void> {
  const before = served.log.lines.length;
  assert.equal(await callServer(served, presented), "");
  const [line] = served.log.lines.slice(before);
  assert.equal(line?.event, "peer_refused");
  assert.equal(line.fields["reason"], bad.isIllegible ? "no-certificate" : bad.reason);
  const { message, requests } = await callClient(source, presented);
  assert.match(message, /^The server at \S+ is not trusted: /);
  if (!bad.isIllegible) {
    const { detail } = line.fields;
    assert(
      message.endsWith(withoutTime(detail)) || withoutTime(message).endsWith(withoutTime(detail)),
    );
  }
  assert.equal(requests, 0);
}

/** Judged at two instants, a refusal for time differs in the second one. */
function withoutTime(text: unknown): string {
  return String(text).replace(/it is \d{4}-\S+Z/, "it is now");
}

/** A runtime that sends it one day makes this fail, so that the chain is tried over TLS from then on. */
async function assertUnsendable(served: Served, presented: Presented): Promise<void> {
  const before = served.log.lines.length;
  const answer = await callServer(served, presented).catch(() => "not sent");
  assert.equal(answer, "not sent");
  assert.deepEqual(served.log.lines.slice(before), []);
}

Deno.test("the page about identity lists the chains that the tests try", () => {
  const page = Deno.readTextFileSync(IDENTITY);
  const hint = "run: deno run --allow-read --allow-write scripts/write_docs.ts";
  assert.equal(page, withTable(page, chainTable()), hint);
});

Deno.test("every bad chain has a name of its own and a reason, and there are enough of them", () => {
  assert(BAD_CHAINS.length >= 60);
  assert.equal(new Set(BAD_CHAINS.map(({ name }) => name)).size, BAD_CHAINS.length);
  assert(BAD_CHAINS.every(({ why }) => why !== "" && !/[|\n]/.test(why)));
  const overTls = BAD_CHAINS.filter(({ isUnsendable }) => !isUnsendable);
  assert(overTls.length >= 60, "most go over TLS");
});
