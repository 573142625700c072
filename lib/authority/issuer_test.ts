import assert from "node:assert/strict";
import { FakeTimers } from "../spiffe/_fake_timers.ts";
import { createAuthority } from "./authority.ts";
import { parseSpiffeId, parseTrustDomain } from "../spiffe/id.ts";
import { createIssuer, type Issuer, type IssuerOptions } from "./issuer.ts";

const ID = parseSpiffeId("spiffe://spike.ist/w");
const TTL_MS = 3_600_000;

async function make(options: Partial<IssuerOptions> = {}) {
  const timers = new FakeTimers();
  const trustDomain = parseTrustDomain("spike.ist");
  const authority = await createAuthority({ trustDomain, clock: timers.now });
  const issuer = await createIssuer({
    authority,
    id: ID,
    ttlMs: TTL_MS,
    startTimer: timers.start,
    random: () => 0.5,
    ...options,
  });
  return { timers, authority, issuer };
}

function changed(issuer: Issuer): Promise<void> {
  return new Promise((resolve) => {
    const unsubscribe = issuer.subscribe(() => {
      unsubscribe();
      resolve();
    });
  });
}

Deno.test("an issuer renews at half life", async () => {
  const { timers, issuer } = await make();
  const first = issuer.current()?.svids[0];
  assert.equal(first?.id, ID);
  assert.deepEqual(timers.delays(), [TTL_MS / 2]);

  const renewed = changed(issuer);
  timers.advance(TTL_MS / 2);
  await renewed;
  const second = issuer.current()?.svids[0];
  assert.equal(second?.notAfterMs, timers.nowMs + TTL_MS);
  assert.deepEqual(timers.delays(), [TTL_MS / 2]);
  issuer.close();
  assert.deepEqual(timers.delays(), []);
});

Deno.test("the renewal is jittered by a tenth", async () => {
  for (const [random, delayMs] of [[0, 1_620_000], [1, 1_980_000]] as const) {
    const { timers } = await make({ random: () => random });
    assert.deepEqual(timers.delays(), [delayMs]);
  }
});

Deno.test("anchors of all authorities are handed out, and changes of them at once", async () => {
  const federated = await createAuthority({ trustDomain: parseTrustDomain("other.test") });
  const { authority, issuer } = await make({ federated: [federated] });
  const svid = issuer.current()?.svids[0];

  let announced = 0;
  issuer.subscribe(() => announced++);
  await authority.rotate();
  await federated.rotate();

  assert.equal(announced, 2);
  const answer = issuer.current();
  assert.equal(answer?.svids[0], svid, "the SVID is renewed later, when peers know the new anchor");
  assert.deepEqual([...answer?.bundles ?? []].map(([name, list]) => [name, list.length]), [
    ["other.test", 2],
    ["spike.ist", 2],
  ]);
  issuer.close();
});

Deno.test("withdraw() holds against a renewal that was under way", async () => {
  const { timers, issuer } = await make();
  const renewal = issuer.renew();
  issuer.withdraw();
  await renewal;
  assert.equal(issuer.current(), undefined);
  assert.deepEqual(timers.delays(), []);
  await issuer.renew();
  assert.notEqual(issuer.current(), undefined);
  issuer.close();
});

Deno.test("a renewal that fails is logged and tried again", async () => {
  const log: string[] = [];
  const { timers, authority, issuer } = await make({ log: (reason) => log.push(reason) });
  const first = issuer.current()?.svids[0];
  const issue = authority.issue.bind(authority);
  authority.issue = () => Promise.reject(new Error("no randomness"));
  timers.advance(TTL_MS / 2);
  await timers.running(TTL_MS / 2);
  assert.deepEqual(log, [`SVID for ${ID} is not renewed: no randomness`]);
  assert.equal(issuer.current()?.svids[0], first);

  authority.issue = issue;
  const renewed = changed(issuer);
  timers.advance(TTL_MS / 2);
  await renewed;
  assert.notEqual(issuer.current()?.svids[0], first);
  issuer.close();
});
