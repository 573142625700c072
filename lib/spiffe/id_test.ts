import assert from "node:assert/strict";
import { nameCounts, readVectors } from "./_vectors.ts";
import {
  isMemberOf,
  parseSpiffeId,
  parseTrustDomain,
  pathFromSegments,
  pathOf,
  SpiffeIdError,
  trustDomainOf,
} from "./id.ts";

interface Vectors {
  ids: {
    input: string;
    valid: boolean | null;
    recommend?: string;
    trust_domain?: string;
    path?: string;
    leaf_ok?: boolean;
    why: string;
  }[];
  trust_domains: { input: string; valid: boolean; name: string | null }[];
  join_segments: { segments: string[]; path: string | null }[];
  membership: { id: string; trust_domain: string; member: boolean }[];
}

const vectors = readVectors<Vectors>("spiffe-id.json");
nameCounts("spiffe-id.json", {
  IDs: [118, vectors.ids.length],
  "trust domains": [16, vectors.trust_domains.length],
  "lists of segments": [13, vectors.join_segments.length],
  memberships: [6, vectors.membership.length],
});

function faultOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    assert(error instanceof SpiffeIdError, String(error));
    assert.equal(error.code, "spiffe_invalid_spiffe_id");
    return error.fault;
  }
}

for (const [i, c] of vectors.ids.entries()) {
  const valid = c.valid ?? c.recommend === "accept";
  const shown = JSON.stringify(c.input.slice(0, 60));
  Deno.test(`SPIFFE ID ${i} ${shown} is ${valid ? "read" : "refused"}: ${c.why}`, () => {
    if (!valid) return assert.notEqual(faultOf(() => parseSpiffeId(c.input)), undefined);
    const id = parseSpiffeId(c.input);
    assert.equal(id, c.input);
    assert.equal(trustDomainOf(id), c.trust_domain);
    assert.equal(pathOf(id), c.path);
    assert.equal(pathOf(id) !== "", c.leaf_ok);
  });
}

for (const c of vectors.trust_domains) {
  Deno.test(`trust domain ${JSON.stringify(c.input)} is ${c.valid ? "read" : "refused"}`, () => {
    if (c.valid) assert.equal(parseTrustDomain(c.input), c.name);
    else assert.notEqual(faultOf(() => parseTrustDomain(c.input)), undefined);
  });
}

for (const c of vectors.join_segments) {
  Deno.test(`segments ${JSON.stringify(c.segments)} ${c.path === null ? "do not" : ""} join`, () => {
    if (c.path !== null) assert.equal(pathFromSegments(c.segments), c.path);
    else assert.notEqual(faultOf(() => pathFromSegments(c.segments)), undefined);
  });
}

for (const c of vectors.membership) {
  Deno.test(`${c.id} is ${c.member ? "" : "not "}a member of ${c.trust_domain}`, () => {
    const td = parseTrustDomain(c.trust_domain);
    assert.equal(isMemberOf(parseSpiffeId(c.id), td), c.member);
  });
}

Deno.test("every fault of a SPIFFE ID is told apart", () => {
  const faults: Record<string, string> = {
    "": "empty",
    "https://example.org/x": "wrong-scheme",
    "spiffe:///x": "no-trust-domain",
    "spiffe://Example.org/x": "bad-trust-domain-character",
    "spiffe://example.org/a b": "bad-path-character",
    "spiffe://example.org//x": "empty-segment",
    "spiffe://example.org/../x": "dot-segment",
    "spiffe://example.org/x/": "trailing-slash",
    [`spiffe://example.org/${"p".repeat(2048)}`]: "too-long",
    [`spiffe://${"t".repeat(256)}/x`]: "too-long",
  };
  for (const [text, fault] of Object.entries(faults)) {
    assert.equal(faultOf(() => parseSpiffeId(text)), fault, text.slice(0, 60));
  }
});

Deno.test("the message of a refused ID shows it on one line, bounded and without hidden characters", () => {
  const act = () => parseSpiffeId(`spiffe://example.org/a\n\u202e${"x".repeat(1000)}`);
  assert.throws(act, (error: Error) => {
    assert.match(error.message, /^[\x20-\x7e…]+$/);
    assert(error.message.includes("\\u202e"));
    return error.message.length < 400;
  });
});
