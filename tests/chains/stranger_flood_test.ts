/** Strangers that fail many handshakes from the address of an honest peer. */
import assert from "node:assert/strict";
import { MemorySource } from "../../lib/spiffe/mod.ts";
import { serve } from "../e2e/mtls_fixture.ts";
import type { Presented } from "./bad_chain.ts";
import { makeIntermediate, makeLeaf, makeRoot } from "./forge.ts";
import { bundlesOf, callServer, good, svidOf, world } from "./peer.ts";

const FAILURES = 200;

function honest(): Presented {
  const middle = makeIntermediate("intermediate", world.root);
  const { der, key } = makeLeaf(middle);
  return { chain: [der, middle.der], key };
}

Deno.test("an address with many failed handshakes is limited, and honest peers behind it still get in", async () => {
  const source = new MemorySource({ svid: svidOf(good), bundles: bundlesOf({}) });
  await using served = await serve(source);
  const stranger = makeLeaf(makeRoot("root"));
  const known = honest();
  assert.match(await callServer(served, known), /^HTTP\/1\.1 200/);
  for (let i = 0; i < FAILURES; i++) {
    assert.equal(await callServer(served, { chain: [stranger.der], key: stranger.key }), "");
  }
  const events = served.log.lines.map(({ event }) => event);
  const singly = events.filter((event) => event === "peer_refused").length;
  assert.equal(events.filter((event) => event === "handshakes_limited").length, 1);
  assert(singly < FAILURES, `${singly} lines`);
  assert.match(await callServer(served, known), /^HTTP\/1\.1 200/, "a known peer");
  assert.match(await callServer(served, honest()), /^HTTP\/1\.1 200/, "a newcomer");
});
