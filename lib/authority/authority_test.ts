import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { FakeTimers } from "../spiffe/_fake_timers.ts";
import { createAuthority, importState, type LeafOverrides } from "./authority.ts";
import { parseSpiffeId, parseTrustDomain } from "../spiffe/id.ts";
import type { X509Svid } from "../spiffe/source.ts";
import { parseSvid } from "../spiffe/svid.ts";
import { type PeerRefusal, verifyPeer } from "../spiffe/verify.ts";

const DOMAIN = parseTrustDomain("spike.ist");
const ID = parseSpiffeId("spiffe://spike.ist/spike/pilot/role/superuser");
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

function make(timers = new FakeTimers()) {
  return createAuthority({ trustDomain: DOMAIN, clock: timers.now });
}

function leafOf(svid: X509Svid): X509Certificate {
  const [leaf] = svid.certificates;
  assert(leaf !== undefined);
  return new X509Certificate(leaf);
}

Deno.test("an issued SVID passes as one's own and as a peer's", async () => {
  const timers = new FakeTimers();
  const authority = await make(timers);
  const svid = await authority.issue(ID, HOUR_MS, { hint: "h" });

  assert.deepEqual(parseSvid({ spiffeId: ID, ...svid }), svid);
  const bundles = new Map([[DOMAIN, authority.anchors()]]);
  const verdict = verifyPeer(svid.certificates, bundles, timers.nowMs);
  assert(verdict.ok, JSON.stringify(verdict));
  assert.equal(verdict.id, ID);
  assert.equal(verdict.notAfterMs, timers.nowMs + HOUR_MS);
  assert.equal(svid.notBeforeMs, timers.nowMs - 10_000);
});

Deno.test("leaf and anchor are laid out as the standard wants", async () => {
  const authority = await make();
  const leaf = leafOf(await authority.issue(ID, HOUR_MS));
  const [anchorDer] = authority.anchors();
  assert(anchorDer !== undefined);
  const anchor = new X509Certificate(anchorDer);

  assert.equal(leaf.subject, "C=US\nO=SPIKE development");
  assert.equal(leaf.subjectAltName, `URI:${ID}`);
  assert.equal(leaf.ca, false);
  assert(leaf.verify(anchor.publicKey));
  assert.equal(anchor.subjectAltName, "URI:spiffe://spike.ist");
  assert.equal(anchor.ca, true);
  assert(anchor.verify(anchor.publicKey));
});

Deno.test("serial numbers are sixteen bytes, positive and all different", async () => {
  const authority = await make();
  const serials = new Set<string>();
  for (let count = 0; count < 8; count++) {
    serials.add(leafOf(await authority.issue(ID, HOUR_MS)).serialNumber);
  }
  assert.equal(serials.size, 8);
  for (const serial of serials) assert.match(serial, /^[4-7][0-9A-F]{31}$/);
});

Deno.test("a serial number is positive whatever the random source gives", async () => {
  for (const byte of [0x00, 0xff]) {
    const random = (length: number) => new Uint8Array(length).fill(byte);
    const authority = await createAuthority({ trustDomain: DOMAIN, random });
    const { serialNumber } = leafOf(await authority.issue(ID, HOUR_MS));
    assert.equal(serialNumber.slice(0, 2), byte === 0 ? "40" : "7F");
  }
});

Deno.test("no leaf outlives its anchor", async () => {
  const timers = new FakeTimers();
  const clock = timers.now;
  const authority = await createAuthority({ trustDomain: DOMAIN, clock, anchorTtlMs: HOUR_MS });
  assert.equal((await authority.issue(ID, DAY_MS)).notAfterMs, timers.nowMs + HOUR_MS);
});

Deno.test("an ID of another trust domain is not issued", async () => {
  const authority = await make();
  await assert.rejects(authority.issue(parseSpiffeId("spiffe://other.test/w"), HOUR_MS), {
    code: "data_invalid_input",
    message: /spiffe:\/\/other.test\/w.*spike.ist/,
  });
});

const REFUSED: readonly (readonly [PeerRefusal, LeafOverrides])[] = [
  ["not-yet-valid", { notBeforeMs: Date.UTC(2026, 5, 1, 0, 0, 1) }],
  ["expired", { notAfterMs: Date.UTC(2026, 4, 31, 23, 59, 59) }],
  ["leaf-is-ca", { isCa: true }],
  ["no-uri-san", { uriSans: [], dnsSans: ["nexus.example"] }],
  ["no-uri-san", { uriSans: [] }],
  ["many-uri-sans", { uriSans: [ID, ID] }],
  ["bad-id", { uriSans: ["spiffe://spike.ist/Ü"].map(encodeURI) }],
  ["no-path", { uriSans: ["spiffe://spike.ist"] }],
  ["leaf-key-usage", { keyUsage: null }],
  ["leaf-cert-sign", { keyUsage: ["digitalSignature", "keyCertSign"] }],
  ["leaf-crl-sign", { keyUsage: ["digitalSignature", "cRLSign"] }],
];

for (const [reason, overrides] of REFUSED) {
  const said = JSON.stringify(overrides);
  Deno.test(`overrides ${said} make a leaf that is refused as ${reason}`, async () => {
    const timers = new FakeTimers();
    const authority = await make(timers);
    const { certificates } = await authority.issue(ID, HOUR_MS, overrides);
    const bundles = new Map([[DOMAIN, authority.anchors()]]);
    const verdict = verifyPeer(certificates, bundles, timers.nowMs);
    assert.equal(verdict.ok ? "accepted" : verdict.reason, reason, JSON.stringify(verdict));
  });
}

Deno.test("overrides that are harmless leave an SVID that is accepted", async () => {
  const timers = new FakeTimers();
  const authority = await make(timers);
  const bundles = new Map([[DOMAIN, authority.anchors()]]);
  const harmless: LeafOverrides[] = [
    { dnsSans: ["nexus.example"] },
    { extKeyUsage: null },
    { subject: "CN=somebody" },
    { keyUsage: ["digitalSignature"] },
  ];
  for (const overrides of harmless) {
    const { certificates } = await authority.issue(ID, HOUR_MS, overrides);
    const verdict = verifyPeer(certificates, bundles, timers.nowMs);
    assert(verdict.ok, JSON.stringify([overrides, verdict]));
  }
});

Deno.test("rotate() keeps the former anchor beside the new one until retire()", async () => {
  const timers = new FakeTimers();
  const authority = await make(timers);
  let announced = 0;
  const unsubscribe = authority.subscribe(() => announced++);
  const old = await authority.issue(ID, HOUR_MS);
  await authority.rotate();
  const fresh = await authority.issue(ID, HOUR_MS);

  const isAccepted = ({ certificates }: X509Svid) =>
    verifyPeer(certificates, new Map([[DOMAIN, authority.anchors()]]), timers.nowMs).ok;
  assert.equal(authority.anchors().length, 2);
  assert.deepEqual([isAccepted(old), isAccepted(fresh)], [true, true]);

  authority.retire();
  assert.deepEqual([isAccepted(old), isAccepted(fresh)], [false, true]);
  authority.retire();
  assert.equal(announced, 2, "nothing changes the second time");
  unsubscribe();
  await authority.rotate();
  assert.equal(announced, 2);
});

Deno.test("a prepared key is trusted at once and signs from rotate() on", async () => {
  const timers = new FakeTimers();
  const authority = await make(timers);
  const former = authority.anchors();
  await authority.prepare();
  const [old, next] = authority.anchors();
  assert.deepEqual([old], former);
  const { certificates } = await authority.issue(ID, HOUR_MS);
  assert(verifyPeer(certificates, new Map([[DOMAIN, former]]), timers.nowMs).ok);
  await authority.rotate();
  assert.deepEqual(authority.anchors(), [next, old]);
  authority.retire();
  assert.deepEqual(authority.anchors(), [next]);
});

Deno.test("rotate() drops anchors that have ended", async () => {
  const timers = new FakeTimers();
  const clock = timers.now;
  const authority = await createAuthority({ trustDomain: DOMAIN, clock, anchorTtlMs: DAY_MS });
  timers.advance(DAY_MS + 1000);
  await authority.rotate();
  assert.equal(authority.anchors().length, 1);
});

Deno.test("an imported state goes on where the exported authority was", async () => {
  const timers = new FakeTimers();
  const authority = await make(timers);
  await authority.rotate();
  const state = await authority.exportState();

  const copy = await importState(JSON.parse(JSON.stringify(state)), { clock: timers.now });
  assert.equal(copy.trustDomain, DOMAIN);
  assert.deepEqual(copy.anchors(), authority.anchors());
  const svid = await copy.issue(ID, HOUR_MS);
  const bundles = new Map([[DOMAIN, authority.anchors()]]);
  assert(verifyPeer(svid.certificates, bundles, timers.nowMs).ok);
});

Deno.test("a state whose key and anchor do not belong together is refused", async () => {
  const [one, two] = [await make(), await make()];
  const [first, second] = [await one.exportState(), await two.exportState()];
  await assert.rejects(importState({ ...first, privateKey: second.privateKey }), {
    code: "data_invalid_input",
  });
  await assert.rejects(importState({ ...first, anchors: [] }), { code: "data_invalid_input" });
});
