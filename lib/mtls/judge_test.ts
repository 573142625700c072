import assert from "node:assert/strict";
import {
  bytes,
  extension,
  leafExtensions,
  makeCertificate,
  name,
  newKey,
  seq,
  signerExtensions,
  tlv,
} from "../x509/_make_certificate.ts";
import { createAuthority } from "../authority/authority.ts";
import { MemorySource, parseSpiffeId, parseTrustDomain } from "../spiffe/mod.ts";
import { createJudge } from "./judge.ts";

const HOUR_MS = 3_600_000;
const ID = parseSpiffeId("spiffe://spike.ist/app");

async function scene() {
  const authority = await createAuthority({ trustDomain: parseTrustDomain("spike.ist") });
  const svid = await authority.issue(ID, HOUR_MS);
  const bundles = new Map([[authority.trustDomain, authority.anchors()]]);
  const source = new MemorySource({ svid, bundles });
  const time = { now: Date.now() };
  const judge = createJudge(source, () => time.now);
  return { source, svid, time, judge };
}

Deno.test("the same chain is judged once per set of anchors", async () => {
  const { source, svid, judge } = await scene();
  const first = judge(svid.certificates);
  assert.equal(judge(svid.certificates), first);
  const [[domain, anchors] = []] = source.current().bundles;
  assert(domain && anchors);
  source.set(svid, new Map([[domain, anchors.map((der) => der.slice())]]));
  assert.equal(judge(svid.certificates), first, "a new snapshot with the same anchors");
  source.set(svid, new Map([[domain, [...anchors, ...anchors]]]));
  assert.notEqual(judge(svid.certificates), first);
});

Deno.test("the chain of a connection is hashed at its first judgement only", async () => {
  const { svid, judge } = await scene();
  let looks = 0;
  const chain = new Proxy(svid.certificates, {
    get: (certificates, name) => {
      looks++;
      return Reflect.get(certificates, name);
    },
  });
  const first = judge(chain);
  assert.ok(first.ok && looks > 0);
  looks = 0;
  assert.equal(judge(chain), first);
  assert.equal(looks, 0);
});

Deno.test("an anchor that is replaced by another takes remembered verdicts with it", async () => {
  const { source, svid, judge } = await scene();
  assert(judge(svid.certificates).ok);
  const other = await createAuthority({ trustDomain: parseTrustDomain("spike.ist") });
  source.set(svid, new Map([[other.trustDomain, other.anchors()]]));
  assert.equal(judge(svid.certificates).ok, false);
});

Deno.test("a remembered verdict does not outlive the path", async () => {
  const { svid, time, judge } = await scene();
  assert.equal(judge(svid.certificates).ok, true);
  time.now = svid.notAfterMs + 1000;
  const later = judge(svid.certificates);
  assert.equal(!later.ok && later.reason, "expired");
});

Deno.test("a clock that is set back makes a remembered verdict be judged anew", async () => {
  const { svid, time, judge } = await scene();
  assert.equal(judge(svid.certificates).ok, true);
  time.now = svid.notBeforeMs - 1000;
  const earlier = judge(svid.certificates);
  assert.equal(!earlier.ok && earlier.reason, "not-yet-valid");
});

Deno.test("a refusal is not remembered", async () => {
  const { source, svid, judge } = await scene();
  const { bundles } = source.current();
  source.set(svid, new Map());
  assert.equal(judge(svid.certificates).ok, false);
  source.set(svid, bundles);
  assert.equal(judge(svid.certificates).ok, true);
});

Deno.test("without an identity nobody is judged", async () => {
  const { source, svid, judge } = await scene();
  source.withdraw("gone");
  assert.throws(() => judge(svid.certificates), { code: "spiffe_unable_to_fetch_x509_source" });
});

const ROOT = name("root");
const root = (key = newKey(), ...more: Uint8Array[]) =>
  makeCertificate({ subject: ROOT, key, extensions: [...signerExtensions(), ...more] });
const NOON = Date.parse("2026-06-01T12:00:00Z");

/** A judge of a domain with these anchors of one name. */
async function judgeOf(anchors: Uint8Array[]) {
  const { source, svid } = await scene();
  const [domain = assert.fail()] = source.current().bundles.keys();
  source.set(svid, new Map([[domain, anchors]]));
  return createJudge(source, () => NOON);
}

Deno.test("a limit on failed checks touches neither peers with key identifiers nor remembered ones", async () => {
  const key = newKey();
  const keyId = (id: number) => extension("2.5.29.14", tlv(0x04, bytes(id)));
  const pointer = extension("2.5.29.35", seq(tlv(0x80, bytes(9))));
  const anchors = [root(newKey(), keyId(1)), root(newKey(), keyId(2)), root(key, keyId(9))];
  const leaf = (...more: Uint8Array[]) =>
    makeCertificate({ issuer: ROOT, signer: key, extensions: [...leafExtensions(ID), ...more] });
  const judge = await judgeOf(anchors);
  assert.equal(judge([leaf(pointer)], { mostFailures: 1 }).ok, true);
  const plain = [leaf()];
  assert.equal(judge(plain, { mostFailures: 1 }).ok, false);
  assert.equal(judge(plain).ok, true);
  assert.equal(judge(plain, { mostFailures: 1 }).ok, true);
});

Deno.test("a limit on failed checks ends the verification of a stranger", async () => {
  const judge = await judgeOf([root(), root(), root()]);
  const chain = [makeCertificate({ issuer: ROOT, extensions: leafExtensions(ID) })];
  const refused = (limits = {}) => {
    const verdict = judge(chain, limits);
    return !verdict.ok && [verdict.reason, verdict.message];
  };
  assert.match(String(refused({ mostFailures: 2 })), /^too-costly,.* within 2 signature checks/);
  assert.match(String(refused()), /^unknown-authority,/);
});
