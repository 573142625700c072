import assert from "node:assert/strict";
import { nameCounts, readVectors } from "./_vectors.ts";
import { parseTrustDomain, type TrustDomain } from "./id.ts";
import { type PeerRefusal, verifyPeer } from "./verify.ts";

interface Case {
  id: string;
  why: string;
  at: string;
  chain: string[];
  bundles: Record<string, string[]>;
  expect: "accept" | "reject" | "either";
  recommend?: "accept" | "reject";
  spiffe_id?: string;
}

const { cases } = readVectors<{ cases: Case[] }>("x509-svid.json");
nameCounts("x509-svid.json", { peers: [65, cases.length] });

const decode = (base64: string) => Uint8Array.fromBase64(base64);

function bundlesOf(c: Case): Map<TrustDomain, Uint8Array[]> {
  return new Map(
    Object.entries(c.bundles).map(([name, anchors]) => [
      parseTrustDomain(name),
      anchors.map(decode),
    ]),
  );
}

function judge(c: Case, change: { chain?: Uint8Array[]; at?: number } = {}) {
  const { chain = c.chain.map(decode), at = Date.parse(c.at) } = change;
  return verifyPeer(chain, bundlesOf(c), at);
}

function named(id: string): Case {
  const found = cases.find((c) => c.id === id);
  assert(found, id);
  return found;
}

/** The reason every refused case has to give; what is not named here is a malformed ID. */
const REASONS: Record<string, PeerRefusal> = {
  "reject/untrusted-root": "unknown-authority",
  "reject/same-name-other-key": "unknown-authority",
  "reject/untrusted-root-sent-along": "unknown-authority",
  "reject/missing-intermediate": "unknown-authority",
  "reject/no-bundle-for-domain": "no-bundle",
  "reject/empty-bundle": "no-bundle",
  "reject/cross-domain": "unknown-authority",
  "reject/cross-domain-2": "unknown-authority",
  "reject/bad-signature": "unknown-authority",
  "reject/empty-chain": "empty-chain",
  "reject/expired-leaf": "expired",
  "reject/not-yet-valid-leaf": "not-yet-valid",
  "reject/expired-intermediate": "expired",
  "reject/expired-root": "expired",
  "reject/leaf-is-ca": "leaf-is-ca",
  "reject/leaf-key-cert-sign": "leaf-cert-sign",
  "reject/leaf-crl-sign": "leaf-crl-sign",
  "reject/two-spiffe-uris": "many-uri-sans",
  "reject/second-uri-not-spiffe": "many-uri-sans",
  "reject/same-uri-twice": "many-uri-sans",
  "reject/no-san": "no-uri-san",
  "reject/dns-only": "no-uri-san",
  "reject/no-path": "no-path",
  "reject/pathlen": "path-length",
  "reject/issuer-not-ca": "issuer-not-ca",
  "reject/issuer-without-basic-constraints": "issuer-not-ca",
  "reject/issuer-without-key-cert-sign": "issuer-cert-sign",
  "reject/leaf-signed-by-leaf": "issuer-not-ca",
  "reject/unknown-critical-extension": "critical-extension",
  "reject/version-1": "unparsable",
  "reject/version-1-forged": "unparsable",
  "either/no-key-usage": "leaf-key-usage",
};

for (const c of cases) {
  const outcome = c.expect === "either" ? c.recommend : c.expect;
  Deno.test(`peer ${c.id}: ${c.why}`, () => {
    const verdict = judge(c);
    if (outcome === "accept") {
      assert.equal(verdict.ok && verdict.id, c.spiffe_id, JSON.stringify(verdict));
    } else {
      assert.equal(verdict.ok, false);
      assert.equal(!verdict.ok && verdict.reason, REASONS[c.id] ?? "bad-id");
      assert.match(!verdict.ok && verdict.message || "", /^[A-Z][^\n]*[^.]$/);
    }
  });
}

Deno.test("a verdict carries trust domain, serial number and the earliest end of the path", () => {
  const verdict = judge(named("accept/leaf-under-root"));
  assert.deepEqual(verdict, {
    ok: true,
    id: "spiffe://example.org/app/web",
    trustDomain: "example.org",
    notAfterMs: Date.parse("2026-06-01T13:00:00Z"),
    leafNotBeforeMs: Date.parse("2026-06-01T11:00:00Z"),
    leafNotAfterMs: Date.parse("2026-06-01T13:00:00Z"),
    serial: "3256d6860f9016899ff4d03024f068d4f7bbf05b",
  });
});

Deno.test("a refusal for time names the end and the instant, and the ID it is about", () => {
  const c = named("accept/leaf-under-root");
  const verdict = judge(c, { at: Date.parse("2026-06-01T13:00:00.001Z") });
  assert(!verdict.ok);
  assert.equal(verdict.reason, "expired");
  assert.equal(verdict.id, "spiffe://example.org/app/web");
  assert.match(verdict.message, /2026-06-01T13:00:00.000Z.*2026-06-01T13:00:00.001Z/);
  assert(judge(c, { at: Date.parse("2026-06-01T13:00:00Z") }).ok);
});

Deno.test("bytes after a certificate, and a certificate cut short, are refused by position", () => {
  const c = named("accept/one-intermediate");
  const [leaf = new Uint8Array(), intermediate = new Uint8Array()] = c.chain.map(decode);
  const broken: Uint8Array[][] = [
    [leaf, new Uint8Array([...intermediate, 0])],
    [leaf, intermediate.subarray(0, -1)],
    [leaf, new Uint8Array()],
    [leaf, intermediate, new Uint8Array(70_000)],
  ];
  for (const chain of broken) {
    const verdict = judge(c, { chain });
    assert(!verdict.ok && verdict.reason === "unparsable", JSON.stringify(verdict));
    assert.match(verdict.message, new RegExp(`^Certificate ${chain.length} of ${chain.length} `));
  }
});

Deno.test("ten certificates are judged, eleven are not", () => {
  const c = named("accept/leaf-under-root");
  const [leaf = new Uint8Array()] = c.chain.map(decode);
  assert(judge(c, { chain: Array(10).fill(leaf) }).ok);
  const verdict = judge(c, { chain: Array(11).fill(leaf) });
  assert(!verdict.ok && verdict.reason === "too-many");
});

Deno.test("an anchor that cannot be read neither trusts nor harms", () => {
  const c = named("accept/leaf-under-root");
  const [[domain, anchors] = []] = bundlesOf(c);
  assert(domain && anchors);
  const chain = c.chain.map(decode);
  const at = Date.parse(c.at);
  const junk = new Uint8Array([1, 2, 3]);
  assert(verifyPeer(chain, new Map([[domain, [junk, ...anchors]]]), at).ok);
  const verdict = verifyPeer(chain, new Map([[domain, [junk]]]), at);
  assert(!verdict.ok && verdict.reason === "unknown-authority");
});

Deno.test("an instant that is no time is a bug and not a verdict", () => {
  assert.throws(() => judge(named("accept/leaf-under-root"), { at: NaN }), /not a time/);
});

/** A small generator with a seed (mulberry32), so that a failure can be repeated. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

function mutate(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const copy = [...bytes];
  for (let edits = 1 + random(3); edits > 0; edits--) {
    const at = random(copy.length);
    const kind = random(4);
    if (kind === 0) copy.splice(at, 1 + random(4));
    else if (kind === 1) copy.splice(at, 0, random(256));
    else if (kind === 2) copy[at] = (copy[at] ?? 0) ^ (1 << random(8));
    else copy[at] = random(256);
  }
  return new Uint8Array(copy);
}

Deno.test("no damage to a good chain or its anchor makes the verdict throw or another ID come out", () => {
  const random = randomFrom(20260601);
  const bases = ["accept/one-intermediate", "accept/rsa-root", "accept/dns-san-too"].map(named);
  for (let round = 0; round < 3000; round++) {
    const c = bases[round % bases.length] ?? named("accept/leaf-under-root");
    const chain = c.chain.map(decode);
    const bundles = bundlesOf(c);
    const [[domain, anchors] = []] = bundles;
    assert(domain && anchors);
    const all = [...chain, ...anchors];
    const victim = random(all.length);
    const changed = all.map((der, i) => i === victim ? mutate(der, random) : der);
    bundles.set(domain, changed.slice(chain.length));
    const verdict = verifyPeer(changed.slice(0, chain.length), bundles, Date.parse(c.at));
    if (verdict.ok) assert.equal(verdict.id, c.spiffe_id, `round ${round}`);
  }
});
