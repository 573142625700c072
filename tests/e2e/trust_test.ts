/** What happens to connections when trust, time or one's own identity changes. */
import assert from "node:assert/strict";
import type { Authority } from "../../lib/authority/authority.ts";
import type { BundleMap } from "../../lib/spiffe/mod.ts";
import {
  authority,
  bundlesOf,
  client,
  failureOf,
  NEXUS,
  RecordedLog,
  serve,
  sourceOf,
  SUPERUSER,
} from "./mtls_fixture.ts";
import { hasNode, NodeClient } from "./node_client.ts";

const HOUR_MS = 3_600_000;
const GUEST = "spiffe://other.test/app";
const ISO = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;

/** The refusals of a listener so far, but for that of its self-test. */
function refusals(log: RecordedLog) {
  return log.lines.filter(({ event, level }) => event === "peer_refused" && level === "warn");
}

/** Why peers were refused so far. */
function reasons(log: RecordedLog): unknown[] {
  return refusals(log).map(({ fields }) => fields["reason"]);
}

Deno.test("a peer of a federated domain is judged by its own bundle, and mints no identity of ours", async () => {
  const ours = await authority();
  const other = await authority("other.test");
  const trusted = [ours, other];
  await using served = await serve(await sourceOf(ours, NEXUS, { trusted }));
  await using guest = client(await sourceOf(other, GUEST, { trusted }));
  assert.equal((await guest.post(served.url, "{}")).status, 200);
  const ofOurs = { uriSans: [SUPERUSER] };
  await using forged = client(await sourceOf(other, GUEST, { trusted, overrides: ofOurs }));
  await failureOf(forged.post(served.url, "{}"));
  const ofTheirs = { uriSans: [GUEST] };
  await using reverse = client(await sourceOf(ours, NEXUS, { trusted, overrides: ofTheirs }));
  await failureOf(reverse.post(served.url, "{}"));
  assert.deepEqual(reasons(served.log), ["unknown-authority", "unknown-authority"]);
});

Deno.test("a server of a federated domain that calls itself our Nexus gets no byte", async () => {
  const ours = await authority();
  const other = await authority("other.test");
  const trusted = [ours, other];
  const overrides = { uriSans: [NEXUS] };
  await using served = await serve(await sourceOf(other, GUEST, { trusted, overrides }));
  await using pilot = client(await sourceOf(ours, SUPERUSER, { trusted }));
  const failure = await failureOf(pilot.post(served.url, "secret"));
  assert.equal(failure.code, "access_unauthorized");
  assert.match(failure.message, /is not trusted: No path leads from the leaf/);
});

/** Bundles in which our own domain wrongly has the anchors of the other one, too. */
function pooled(ours: Authority, other: Authority): BundleMap {
  const all = [...ours.anchors(), ...other.anchors()];
  return new Map([[ours.trustDomain, all], [other.trustDomain, other.anchors()]]);
}

const canResume = await hasNode();

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  Deno.test({
    name: `a resumed ${version} session is judged anew: a forged superuser, and an old authority` +
      (canResume ? "" : " (SKIPPED: node is not on PATH)"),
    ignore: !canResume,
    fn: async () => {
      const ours = await authority();
      const other = await authority("other.test");
      const source = await sourceOf(ours, NEXUS);
      source.set(source.current().svid, pooled(ours, other));
      await using served = await serve(source);
      await using node = new NodeClient();
      const { port } = served;
      const overrides = { uriSans: [SUPERUSER] };
      const identity = await sourceOf(other, GUEST, { overrides });
      const honest = await sourceOf(ours, SUPERUSER);
      const first = await node.exchange({ port, identity, version });
      const second = await node.exchange({ port, identity: honest, version });
      const again = await node.exchange({ port, identity, version, session: first.session });
      assert.match(first.answer, /^HTTP\/1\.1 200/);
      assert.match(again.answer, /^HTTP\/1\.1 200/);
      assert(!first.isReused && again.isReused, "the session was resumed");
      // The runtime goes on to trust both authorities, as the union of all bundles; we do not.
      source.set(source.current().svid, bundlesOf(ours, other));
      const { session } = again;
      const forged = await node.exchange({ port, identity, version, session });
      assert.equal(forged.answer, "");
      const honestAgain = await node.exchange({
        port,
        identity: honest,
        version,
        session: second.session,
      });
      assert.match(honestAgain.answer, /^HTTP\/1\.1 200/);
      assert(honestAgain.isReused, "sessions outlive the change of bundles");
      source.set(source.current().svid, bundlesOf(await authority(), other));
      const former = await node.exchange({
        port,
        identity: honest,
        version,
        session: honestAgain.session,
      });
      assert.equal(former.answer, "");
      assert.deepEqual(reasons(served.log), ["unknown-authority", "unknown-authority"]);
    },
  });
}

Deno.test("an authority that goes takes its idle connections with it, and its busy ones after the answer", async () => {
  const old = await authority();
  const next = await authority();
  const source = await sourceOf(old, NEXUS);
  const gate = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  await using served = await serve(source, {
    fetch: async (request) => {
      if (request.url.endsWith("/slow")) {
        arrived.resolve();
        await gate.promise;
      }
      return Response.json({});
    },
  });
  const caller = async () => {
    const made = await sourceOf(old, SUPERUSER);
    made.set(made.current().svid, pool(old, next));
    return client(made);
  };
  await using idler = await caller();
  await idler.post(served.url, "{}");
  await using worker = await caller();
  const answer = worker.post(`${served.url}slow`, "{}");
  await arrived.promise;
  // Old and new overlap: nobody notices.
  const rotated = await sourceOf(next, NEXUS);
  source.set(rotated.current().svid, pool(old, next));
  await Promise.resolve();
  assert.deepEqual(reasons(served.log), []);
  // The old one goes.
  source.set(rotated.current().svid, bundlesOf(next));
  await served.log.warning("peer_refused");
  gate.resolve();
  assert.equal((await answer).status, 200);
  await using late = await caller();
  await failureOf(late.post(served.url, "{}"));
  assert.deepEqual(reasons(served.log), Array(3).fill("unknown-authority"));
});

/** Two authorities of one domain in one bundle, as during a rotation. */
function pool(...authorities: readonly Authority[]): BundleMap {
  const [first] = authorities;
  assert(first);
  return new Map([[first.trustDomain, authorities.flatMap((each) => each.anchors())]]);
}

Deno.test("SVIDs of ten seconds are renewed on both sides under load, and no request fails", async () => {
  const ca = await authority();
  let now = Date.now();
  const clock = () => now;
  // The runtime looks at the real clock, which stands still in comparison.
  const notBeforeMs = now - 5_000;
  const renewed = (id: string) =>
    sourceOf(ca, id, { overrides: { notBeforeMs, notAfterMs: now + 10_000 } });
  const [nexus, own] = [await renewed(NEXUS), await renewed(SUPERUSER)];
  const serials = new Set<string>();
  await using served = await serve(nexus, {
    clock,
    fetch: (_request, { peer }) => {
      serials.add(peer.serial);
      return Response.json({});
    },
  });
  await using pilot = client(own, { clock });
  for (let round = 0; round < 40; round++) {
    const requests = [1, 2, 3].map(() => pilot.post(served.url, "{}"));
    const [source, id] = round % 2 === 0 ? [own, SUPERUSER] : [nexus, NEXUS];
    const { svid, bundles } = (await renewed(id)).current();
    source.set(svid, bundles);
    for (const { status } of await Promise.all(requests)) assert.equal(status, 200);
    now += 4_000;
  }
  assert.deepEqual(refusals(served.log), []);
  assert(serials.size >= 20, `${serials.size} SVIDs of the caller were seen`);
});

/** An identity that lives from a day ago to a day hence, for who is not to be the one that the clock hits. */
async function lasting(ca: Authority, id: string) {
  const now = Date.now();
  const overrides = { notBeforeMs: now - 24 * HOUR_MS, notAfterMs: now + 24 * HOUR_MS };
  return await sourceOf(ca, id, { overrides });
}

/** Made a day ago, so that no jump of a clock leaves its validity. */
async function oldAuthority(): Promise<Authority> {
  let behindMs = 24 * HOUR_MS;
  const made = await authority("spike.ist", () => Date.now() - behindMs);
  behindMs = 0;
  return made;
}

function assertBothTimes(text: unknown, nowMs: number): void {
  const times = String(text).match(ISO) ?? [];
  assert.equal(times.length, 2, `both times in: ${text}`);
  assert.equal(times[1], new Date(nowMs).toISOString());
  assert.notEqual(times[0], times[1]);
}

for (const [jump, reason] of [[2 * HOUR_MS, "expired"], [-HOUR_MS, "not-yet-valid"]] as const) {
  const hours = `${jump / HOUR_MS} h`;

  Deno.test(`a server whose clock jumps by ${hours} refuses old and new connections with both times`, async () => {
    const ca = await oldAuthority();
    let now = Date.now();
    await using served = await serve(await lasting(ca, NEXUS), { clock: () => now });
    const identity = await sourceOf(ca, SUPERUSER);
    await using pilot = client(identity);
    assert.equal((await pilot.post(served.url, "{}")).status, 200);
    now += jump;
    await failureOf(pilot.post(served.url, "{}"));
    await using another = client(identity);
    await failureOf(another.post(served.url, "{}"));
    assert.deepEqual(reasons(served.log), [reason, reason]);
    for (const { fields } of refusals(served.log)) assertBothTimes(fields["detail"], now);
    now -= jump;
    assert.equal((await pilot.post(served.url, "{}")).status, 200, "back with the clock");
  });

  Deno.test(`a client whose clock jumps by ${hours} sends nothing to a server out of its time`, async () => {
    const ca = await oldAuthority();
    let now = Date.now();
    let requests = 0;
    await using served = await serve(await sourceOf(ca, NEXUS), {
      fetch: () => {
        requests++;
        return Response.json({});
      },
    });
    await using pilot = client(await lasting(ca, SUPERUSER), { clock: () => now });
    await pilot.post(served.url, "{}");
    now += jump;
    const failure = await failureOf(pilot.post(served.url, "{}"));
    assert.equal(failure.code, "access_unauthorized");
    assertBothTimes(failure.message, now);
    assert.equal(requests, 1);
    now -= jump;
    assert.equal((await pilot.post(served.url, "{}")).status, 200, "back with the clock");
  });

  Deno.test(`a client whose own SVID is out of its time by ${hours} says so itself`, async () => {
    const ca = await oldAuthority();
    let now = Date.now();
    await using served = await serve(await lasting(ca, NEXUS));
    await using pilot = client(await sourceOf(ca, SUPERUSER), { clock: () => now });
    now += jump;
    const failure = await failureOf(pilot.post(served.url, "{}"));
    assert.equal(failure.code, "spiffe_unable_to_fetch_x509_source");
    assert.match(failure.message, /^Own SVID spiffe:\/\/spike.ist\/spike\/pilot/);
    assertBothTimes(failure.message, now);
    assert.deepEqual(reasons(served.log), []);
  });
}

Deno.test("an SVID that has expired, or is not valid yet, is refused on a new connection with both times", async () => {
  const ca = await oldAuthority();
  const now = Date.now();
  const times = {
    expired: { notBeforeMs: now - 2 * HOUR_MS, notAfterMs: now - HOUR_MS },
    "not-yet-valid": { notBeforeMs: now + HOUR_MS, notAfterMs: now + 2 * HOUR_MS },
  };
  for (const [reason, overrides] of Object.entries(times)) {
    await using served = await serve(await lasting(ca, NEXUS), { clock: () => now });
    // Its own clock agrees with its certificate.
    const clock = () => overrides.notBeforeMs + 1000;
    await using pilot = client(await sourceOf(ca, SUPERUSER, { overrides }), { clock });
    await failureOf(pilot.post(served.url, "{}"));
    assert.deepEqual(reasons(served.log), [reason]);
    assertBothTimes((await served.log.warning("peer_refused"))["detail"], now);
  }
});

Deno.test("a withdrawn identity ends its connections, makes no new ones, and comes back by itself", async () => {
  const ca = await authority();
  const nexus = await sourceOf(ca, NEXUS);
  const own = await sourceOf(ca, SUPERUSER);
  await using served = await serve(nexus);
  await using pilot = client(own);
  await pilot.post(served.url, "{}");
  const { svid, bundles } = nexus.current();
  nexus.withdraw("no identity issued");
  // The idle connection ends at once.
  await served.log.warning("peer_refused");
  await using another = client(await sourceOf(ca, SUPERUSER));
  await failureOf(another.post(served.url, "{}"));
  assert.deepEqual(reasons(served.log), ["no-identity", "no-identity"]);
  nexus.set(svid, bundles);
  assert.equal((await pilot.post(served.url, "{}")).status, 200);

  const mine = own.current();
  own.withdraw("no identity issued");
  const failure = await failureOf(pilot.post(served.url, "{}"));
  assert.equal(failure.code, "spiffe_unable_to_fetch_x509_source");
  assert.match(failure.message, /no identity issued/);
  own.set(mine.svid, mine.bundles);
  assert.equal((await pilot.post(served.url, "{}")).status, 200);
});
