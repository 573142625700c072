/**
 * Each bad chain is judged three times: by the verifier alone, by a server as a client's, and by a client as a
 * server's. The last two go over real TLS wherever the runtime lets such certificates be sent.
 */
import assert from "node:assert/strict";
import { MemorySource, verifyPeer } from "../../lib/spiffe/mod.ts";
import { IDENTITY, withTable } from "../../scripts/write_docs.ts";
import { client, serve, type Served } from "../e2e/mtls_fixture.ts";
import { mutateDer } from "../fuzz/mutate_der.ts";
import { randomOfCase } from "../fuzz/random.ts";
import { BAD_CHAINS, type BadChain, type Presented } from "./bad_chain.ts";
import { CONSTRAINED_GOOD } from "./constrained_chain.ts";
import { makeIntermediate, makeLeaf } from "./forge.ts";
import { bundlesOf, callClient, callServer, good, svidOf, world } from "./peer.ts";
import { chainTable } from "./table.ts";

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

Deno.test(`${CONSTRAINED_GOOD.length} chains that keep name constraints are accepted by verifier, server and client`, async (t) => {
  const source = new MemorySource({ svid: svidOf(good), bundles: bundlesOf({}) });
  await using served = await serve(source);
  for (const each of CONSTRAINED_GOOD) {
    await t.step(`${each.name}: ${each.why}`, async () => {
      const presented = each.make(world);
      const bundles = bundlesOf(presented);
      const verdict = verifyPeer(presented.chain, bundles, Date.now());
      assert.equal(verdict.ok, true, JSON.stringify(verdict));
      source.set(svidOf(good), bundles);
      await Promise.resolve();
      assert.match(await callServer(served, presented), /^HTTP\/1\.1 200/);
      const { requests } = await callClient(source, presented);
      assert.equal(requests, 1);
    });
  }
});

async function assertRefused(
  bad: BadChain,
  { served, source, presented }: { served: Served; source: MemorySource; presented: Presented },
): Promise<void> {
  const before = served.log.lines.length;
  assert.equal(await callServer(served, presented), "");
  const line = served.log.lines.slice(before).find(({ event }) => event === "peer_refused");
  assert(line, "the server logged a refusal");
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
  const lines = served.log.lines.slice(before);
  assert(!lines.some(({ event }) => event === "peer_refused"), "nothing was there to be judged");
}

const SEED = 20261126;
const DAMAGED = 40;

Deno.test(`${DAMAGED} damaged certificates over TLS get no answer and end no process`, async () => {
  const source = new MemorySource({ svid: svidOf(good), bundles: bundlesOf({}) });
  await using served = await serve(source);
  const middle = makeIntermediate("intermediate", world.root);
  const { der, key } = makeLeaf(middle);
  for (let index = 0; index < DAMAGED; index++) {
    const random = randomOfCase(SEED, index);
    const chain = index % 2 === 0
      ? [mutateDer(der, random), middle.der]
      : [der, mutateDer(middle.der, random)];
    // Some damage leaves nothing changed.
    const isWhole = [der, middle.der].every((each, i) => each.toHex() === chain[i]?.toHex());
    if (isWhole) continue;
    const presented = { chain, key };
    const what = `seed ${SEED}, case ${index}`;
    const answer = await callServer(served, presented).catch(() => "");
    assert.equal(answer, "", what);
    assert.equal((await callClient(source, presented)).requests, 0, what);
  }
});

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
