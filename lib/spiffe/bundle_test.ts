import assert from "node:assert/strict";
import { nameCounts, readVectors } from "./_vectors.ts";
import { parseAnyBundle, parseBundle, parseBundleMap, parseJwtBundle } from "./bundle.ts";
import { parseTrustDomain } from "./id.ts";

interface Case {
  readonly id: string;
  readonly document: string;
  readonly parses: boolean | null;
  readonly recommend?: string;
  readonly x509_authorities: number;
  readonly jwt_authorities?: number;
  readonly sequence?: string;
  readonly refresh_hint?: number;
  readonly why: string;
}

const { cases } = readVectors<{ cases: Case[] }>("spiffe-bundle.json");
nameCounts("spiffe-bundle.json", { documents: [25, cases.length] });

const encode = (text: string) => new TextEncoder().encode(text);
const refusal = (why: RegExp) => ({ code: "data_invalid_input", message: why });

function named(id: string): Case {
  const found = cases.find((each) => each.id === id);
  assert(found, id);
  return found;
}

for (const c of cases) {
  const isRead = c.parses ?? c.recommend !== "refuse";
  Deno.test(`bundle ${c.id} is ${isRead ? "read" : "refused"}: ${c.why}`, () => {
    if (!isRead) {
      assert.throws(
        () => parseBundle(encode(c.document)),
        refusal(/^Trust bundle is not usable: /),
      );
      return;
    }
    const bundle = parseBundle(encode(c.document));
    assert.equal(bundle.x509Authorities.length, c.x509_authorities);
    if (c.jwt_authorities !== undefined) {
      assert.equal(bundle.jwtAuthorities.size, c.jwt_authorities);
    }
    assert.equal(bundle.sequence?.toString(), c.sequence);
    assert.equal(bundle.refreshHintS, c.refresh_hint);
  });
}

Deno.test("a bundle holds the certificate and the key themselves", () => {
  const { document } = named("with-jwt");
  const bundle = parseBundle(encode(document));
  const { keys } = JSON.parse(document);
  assert.deepEqual(bundle.x509Authorities, [Uint8Array.fromBase64(keys[0].x5c[0])]);
  const key = bundle.jwtAuthorities.get("k1");
  assert.equal(key?.asymmetricKeyType, "ec");
  assert.equal(key.export({ format: "jwk" }).x, keys[1].x);
});

const EC = '"kty":"EC","crv":"P-256","x":"WKn-ZIGevcwGIyyrzFoZNBdaq9_TsqzGl96oc0CWuis",' +
  '"y":"y77t-RvAHRKTsSGdIYUfweuOvwrvDD-Q3Hv5J0fSKbE"';

Deno.test("keys of a Workload API's JWT bundle need no use, but still a kid", () => {
  const without = encode(`{"keys":[{${EC},"kid":"a"}]}`);
  assert.equal(parseJwtBundle(without).jwtAuthorities.size, 1);
  assert.equal(parseBundle(without).jwtAuthorities.size, 0);
  assert.throws(() => parseJwtBundle(encode(`{"keys":[{${EC}}]}`)), refusal(/has no kid/));
  const other = encode(`{"keys":[{${EC},"kid":"a","use":"wit-svid"}]}`);
  assert.equal(parseJwtBundle(other).jwtAuthorities.size, 0);
});

const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  ["nothing", "", /empty/],
  ["a name that comes twice", '{"keys":[],"keys":[]}', /a name twice/],
  ["a key that is no object", '{"keys":[1]}', /key 1 is no object/],
  ["x5c that is no array", '{"keys":[{"kty":"EC","use":"x509-svid","x5c":"AA=="}]}', /no array/],
  ["x5c of numbers", '{"keys":[{"kty":"EC","use":"x509-svid","x5c":[1]}]}', /holds no text/],
  ["a certificate cut short", '{"keys":[{"kty":"EC","use":"x509-svid","x5c":["MIIB"]}]}', /cut/],
  [
    "a JWT key off its curve",
    `{"keys":[{${EC.replace('"y":"y', '"y":"x')},"kid":"a","use":"jwt-svid"}]}`,
    /no usable/,
  ],
  [
    "a JWT key without a parameter",
    '{"keys":[{"kty":"RSA","use":"jwt-svid","kid":"a","n":"AQ"}]}',
    /has no e/,
  ],
  ["a sequence beyond 64 bits", '{"keys":[],"spiffe_sequence":18446744073709551616}', /64 bits/],
  ["a negative sequence", '{"keys":[],"spiffe_sequence":-1}', /64 bits/],
  ["a sequence with a fraction", '{"keys":[],"spiffe_sequence":1.0}', /64 bits/],
  ["a refresh hint that is null", '{"keys":[],"spiffe_refresh_hint":null}', /64 bits/],
  ["too many keys", `{"keys":[${"{},".repeat(1000)}{}]}`, /1001 keys/],
];

for (const [what, document, why] of REFUSED) {
  Deno.test(`a bundle with ${what} is refused`, () => {
    assert.throws(() => parseBundle(encode(document)), refusal(why));
  });
}

Deno.test("a key ID that stands for two keys is refused, the same key twice is one", () => {
  const [a, b] = [
    `{${EC},"kid":"a","use":"jwt-svid"}`,
    `{"kty":"RSA","n":"${"w".repeat(342)}","e":"AQAB","kid":"a","use":"jwt-svid"}`,
  ];
  assert.equal(parseBundle(encode(`{"keys":[${a},${a}]}`)).jwtAuthorities.size, 1);
  assert.throws(() => parseBundle(encode(`{"keys":[${a},${b}]}`)), refusal(/two keys/));
});

Deno.test("a bundle map is read, and refused when a trust domain comes twice", () => {
  const one = `"a.test":${named("one").document}`;
  const map = parseBundleMap(encode(`{"trust_domains":{${one},"b.test":{"keys":[]}}}`));
  assert.deepEqual([...map].map(([name, each]) => [name, each.x509Authorities.length]), [
    ["a.test", 1],
    ["b.test", 0],
  ]);
  const twice = [`${one},${one}`, `${one},"\\u0061.test":{"keys":[]}`];
  for (const pair of twice) {
    assert.throws(
      () => parseBundleMap(encode(`{"trust_domains":{${pair}}}`)),
      refusal(/name twice/),
    );
  }
});

Deno.test("names of a bundle map are plain trust domains", () => {
  const map = (name: string) => encode(`{"trust_domains":{"${name}":{"keys":[]}}}`);
  assert.throws(() => parseBundleMap(map("A.test")), { code: "spiffe_invalid_spiffe_id" });
  assert.throws(() => parseBundleMap(map("spiffe://a.test")), refusal(/is an ID/));
  assert.throws(() => parseBundleMap(encode('{"keys":[]}')), refusal(/trust_domains/));
});

Deno.test("a document without a name is taken for the domain it is read for", () => {
  const domain = parseTrustDomain("a.test");
  assert.deepEqual([...parseAnyBundle(encode('{"keys":[]}'), domain).keys()], ["a.test"]);
  const map = encode('{"trust_domains":{"b.test":{"keys":[]}}}');
  assert.deepEqual([...parseAnyBundle(map, domain).keys()], ["b.test"]);
});

Deno.test("a bundle may have a thousand keys, and a map as many over its domains", () => {
  const keys = (count: number, from = 0) =>
    Array.from({ length: count }, (_, i) => `{"use":"jwt-svid","kid":"${from + i}",${EC}}`);
  const full = encode(`{"keys":[${keys(1_000)}]}`);
  assert.equal(parseBundle(full).jwtAuthorities.size, 1_000);
  const domains = ["a.test", "b.test", "c.test"].map((name) => `"${name}":{"keys":[${keys(300)}]}`);
  const map = parseBundleMap(encode(`{"trust_domains":{${domains}}}`));
  assert.deepEqual([...map.values()].map((each) => each.jwtAuthorities.size), [300, 300, 300]);
});

Deno.test("a bundle with a key too many is refused before any of them is read", () => {
  const keys = Array.from({ length: 1_001 }, () => `{"kty":"EC"}`);
  assert.throws(() => parseBundle(encode(`{"keys":[${keys}]}`)), refusal(/at most 1000 are read/));
});
