import assert from "node:assert/strict";
import { nameCounts, readVectors } from "./_vectors.ts";
import { parseSvid, splitDer } from "./svid.ts";

interface Case {
  id: string;
  why: string;
  spiffe_id_field: string;
  x509_svid: string;
  x509_svid_key: string;
  usable: boolean | null;
  recommend?: string;
  spiffe_id?: string;
  certificates?: number;
}

const { cases } = readVectors<{ cases: Case[] }>("x509-svid-material.json");
nameCounts("x509-svid-material.json", { "own SVIDs": [29, cases.length] });

const decode = (base64: string) => Uint8Array.fromBase64(base64);

function parse(c: Case) {
  return parseSvid({
    spiffeId: c.spiffe_id_field,
    certificates: decode(c.x509_svid),
    privateKey: decode(c.x509_svid_key),
  });
}

function named(id: string): Case {
  const found = cases.find((c) => c.id === id);
  assert(found, id);
  return found;
}

/** What the message of a refused case has to speak of. */
const COMPLAINTS: Record<string, RegExp> = {
  "wrong-key": /private key does not belong/,
  "wrong-key-type": /private key does not belong/,
  "wrong-curve": /private key does not belong/,
  "key-sec1": /not unencrypted PKCS#8/,
  "key-pkcs1": /not unencrypted PKCS#8/,
  "key-encrypted": /not unencrypted PKCS#8/,
  "key-cut": /not unencrypted PKCS#8/,
  "key-trailing": /not unencrypted PKCS#8/,
  "key-empty": /not unencrypted PKCS#8/,
  "key-pem": /not unencrypted PKCS#8/,
  "chain-empty": /no certificate/,
  "chain-pem": /Certificate 1 .*PEM/,
  "chain-trailing": /Certificate 2 /,
  "chain-cut": /Certificate 1 .*cut short/,
  "chain-second-cut": /Certificate 2 .*cut short/,
  "chain-wrong-order": /URI|path|CA/,
  "intermediate-not-ca": /certificate 2 .*may not sign/,
  "leaf-ca": /CA certificate/,
  "leaf-no-path": /no path/,
  "leaf-two-uris": /2 URIs/,
  "leaf-no-uri": /no URI/,
  "leaf-no-digital-signature": /digitalSignature/,
  "field-differs": /announced as/,
};

for (const c of cases) {
  const usable = c.usable ?? c.recommend !== "refuse";
  Deno.test(`own SVID ${c.id} is ${usable ? "taken" : "refused"}: ${c.why}`, () => {
    if (!usable) {
      const complaint = COMPLAINTS[c.id];
      assert(complaint, "a refused case without an expected complaint");
      return assert.throws(() => parse(c), { code: "data_invalid_input", message: complaint });
    }
    const svid = parse(c);
    assert.equal(svid.id, c.spiffe_id ?? c.spiffe_id_field);
    assert.equal(svid.certificates.length, c.certificates ?? 1);
    assert.deepEqual(svid.privateKey, decode(c.x509_svid_key));
    assert(svid.notBeforeMs < svid.notAfterMs);
    assert.equal(svid.hint, "");
  });
}

Deno.test("an SVID is the same from joined and from single certificates, with its hint", () => {
  const c = named("with-intermediate");
  const certificates = splitDer(decode(c.x509_svid));
  const svid = parseSvid({ certificates, privateKey: decode(c.x509_svid_key), hint: "internal" });
  assert.deepEqual(svid, { ...parse(c), hint: "internal" });
});

Deno.test("an SVID outlives the wiping of what it was read from", () => {
  const c = named("p256");
  const certificates = decode(c.x509_svid);
  const privateKey = decode(c.x509_svid_key);
  const svid = parseSvid({ certificates, privateKey });
  certificates.fill(0);
  privateKey.fill(0);
  assert.deepEqual(svid, parse(c));
});

Deno.test("more certificates than a peer would take are refused", () => {
  const c = named("with-intermediate");
  const [leaf, signer] = splitDer(decode(c.x509_svid));
  assert(leaf && signer);
  const privateKey = decode(c.x509_svid_key);
  const withSigners = (n: number) => [leaf, ...Array<Uint8Array>(n).fill(signer)];
  assert.equal(parseSvid({ certificates: withSigners(9), privateKey }).certificates.length, 10);
  assert.throws(() => parseSvid({ certificates: withSigners(10), privateKey }), /at most 10/);
});

Deno.test("splitDer() splits by the outer length and refuses what is left over", () => {
  const joined = decode(named("with-intermediate").x509_svid);
  const parts = splitDer(joined);
  assert.equal(parts.length, 2);
  assert.deepEqual(new Uint8Array(parts.flatMap((part) => [...part])), joined);
  assert.deepEqual(splitDer(new Uint8Array()), []);
  assert.throws(() => splitDer(new Uint8Array([...joined, 0x30])), { code: "data_invalid_input" });
  assert.throws(() => splitDer(new Uint8Array([0x04, 0x00])), { code: "data_invalid_input" });
});
