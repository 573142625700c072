import assert from "node:assert/strict";
import { parseSpiffeId, parseTrustDomain, verifyPeer } from "../../lib/spiffe/mod.ts";
import { pemDecodeAll } from "../../lib/x509/pem.ts";
import { Identities } from "./identities.ts";

const WEB = parseSpiffeId("spiffe://spike.ist/app/web");
const FOREIGN = parseSpiffeId("spiffe://other.test/app/web");
const HOUR_MS = 3_600_000;

function identities(): Identities {
  return new Identities(HOUR_MS, () => {});
}

Deno.test("an SVID verifies against the bundle written beside it", async () => {
  await using all = identities();
  const { files } = await all.issue({ id: WEB, ttlMs: 10_000 });
  const chain = pemDecodeAll(files.certificates).map(({ der }) => der);
  const anchors = pemDecodeAll(files.bundle).map(({ der }) => der);
  assert.equal(anchors.length, 1);
  const now = Date.now();
  const verdict = verifyPeer(chain, new Map([[parseTrustDomain("spike.ist"), anchors]]), now);
  assert.ok(verdict.ok, JSON.stringify(verdict));
  assert.equal(verdict.id, WEB);
  assert.ok(files.notAfterMs <= now + 10_000);
});

Deno.test("another trust domain has an authority of its own, which everybody learns of", async () => {
  await using all = identities();
  const source = await all.source(WEB);
  let changes = 0;
  source.subscribe(() => changes++);
  assert.equal(source.current().bundles.size, 1);
  const { svid, files } = await all.issue({ id: FOREIGN, ttlMs: 10_000 });
  await Promise.resolve();
  assert.equal(changes, 1);
  const { bundles } = source.current();
  assert.deepEqual([...bundles.keys()].sort(), ["other.test", "spike.ist"]);
  assert.ok(verifyPeer(svid.certificates, bundles, Date.now()).ok);
  const spike = pemDecodeAll(files.bundle)[0]?.der;
  assert.deepEqual(spike, bundles.get(parseTrustDomain("spike.ist"))?.[0]);
  await source.close();
});

Deno.test("a forged ID names this domain but verifies against no bundle of it", async () => {
  await using all = identities();
  await all.issue({ id: WEB, ttlMs: 10_000 });
  const signer = parseTrustDomain("other.test");
  const { svid } = await all.issue({ id: WEB, ttlMs: 10_000, signer });
  const verdict = verifyPeer(svid.certificates, all.bundles(), Date.now());
  assert.ok(!verdict.ok);
  assert.equal(verdict.reason, "unknown-authority");
});

Deno.test("one socket is one identity: asked for again, it answers the same address", async () => {
  const dir = await Deno.makeTempDir();
  {
    await using all = identities();
    const path = `${dir}/web.sock`;
    const addresses = await Promise.all([all.serve(WEB, path), all.serve(WEB, path)]);
    assert.deepEqual(addresses, [`unix://${path}`, `unix://${path}`]);
  }
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a withdrawn identity is gone for all who have it, and comes back on request", async () => {
  await using all = identities();
  const source = await all.source(WEB);
  await all.change(WEB, "withdraw");
  await Promise.resolve();
  assert.throws(() => source.current(), /no identity issued/);
  await all.changeAuthority(parseTrustDomain("spike.ist"), "rotate");
  assert.throws(() => source.current(), /no identity issued/);
  await all.change(WEB, "return");
  assert.equal(source.current().svid.id, WEB);
  await assert.rejects(all.change(FOREIGN, "withdraw"), { code: "api_not_found" });
  await source.close();
});

Deno.test("an authority is replaced in three steps, and SVIDs hold in between", async () => {
  await using all = identities();
  const domain = parseTrustDomain("spike.ist");
  const source = await all.source(WEB);
  const first = source.current().svid;
  const holds = () => verifyPeer(first.certificates, source.current().bundles, Date.now()).ok;
  assert.equal(await all.changeAuthority(domain, "prepare"), 2);
  assert(holds());
  assert.deepEqual(source.current().svid, first);
  assert.equal(await all.changeAuthority(domain, "rotate"), 2);
  assert.notDeepEqual(source.current().svid, first);
  assert(holds());
  assert.equal(await all.changeAuthority(domain, "retire"), 1);
  assert(!holds());
  const { svid, bundles } = source.current();
  assert(verifyPeer(svid.certificates, bundles, Date.now()).ok);
  await source.close();
});
