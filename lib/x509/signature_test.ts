import assert from "node:assert/strict";
import { constants, generateKeyPairSync, sign } from "node:crypto";
import {
  bytes,
  ECDSA_SHA256,
  type KeyPair,
  makeCertificate,
  newKey,
  NULL,
  oid,
  seq,
  type Signing,
  tlv,
} from "./_make_certificate.ts";
import { parseCertificate } from "./certificate.ts";
import { checkSignature } from "./signature.ts";

const rsa: KeyPair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const weakRsa: KeyPair = generateKeyPairSync("rsa", { modulusLength: 1024 });
const p256 = newKey();
const p384: KeyPair = generateKeyPairSync("ec", { namedCurve: "P-384" });
const p521: KeyPair = generateKeyPairSync("ec", { namedCurve: "P-521" });
const ed25519: KeyPair = generateKeyPairSync("ed25519");

const plain = (id: string, hash: string | null, ...parameters: Uint8Array[]): Signing => ({
  identifier: seq(oid(id), ...parameters),
  make: (tbs, key) => sign(hash, tbs, key),
});

function pss(hash: string, hashId: string, saltLength: number, maskHashId = hashId): Signing {
  const identifierOf = (id: string) => seq(oid(id), NULL);
  return {
    identifier: seq(
      oid("1.2.840.113549.1.1.10"),
      seq(
        tlv(0xa0, identifierOf(hashId)),
        tlv(0xa1, seq(oid("1.2.840.113549.1.1.8"), identifierOf(maskHashId))),
        tlv(0xa2, bytes(2, 1, saltLength)),
      ),
    ),
    make: (tbs, key) =>
      sign(hash, tbs, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }),
  };
}

const SHA256 = "2.16.840.1.101.3.4.2.1";
const SHA512 = "2.16.840.1.101.3.4.2.3";
const RSA_SHA256 = plain("1.2.840.113549.1.1.11", "sha256", NULL);

function check(key: KeyPair, signing: Signing, issuer: KeyPair = key) {
  const certificate = parseCertificate(makeCertificate({ key, signing }));
  return checkSignature(
    certificate,
    parseCertificate(makeCertificate({ key: issuer, signing, signer: key })),
  );
}

const GOOD: [string, KeyPair, Signing][] = [
  ["ECDSA P-256 with SHA-256", p256, ECDSA_SHA256],
  ["ECDSA P-256 with SHA-384", p256, plain("1.2.840.10045.4.3.3", "sha384")],
  ["ECDSA P-384 with SHA-256", p384, ECDSA_SHA256],
  ["ECDSA P-384 with SHA-384", p384, plain("1.2.840.10045.4.3.3", "sha384")],
  ["ECDSA P-521 with SHA-512", p521, plain("1.2.840.10045.4.3.4", "sha512")],
  ["RSA with SHA-256", rsa, RSA_SHA256],
  ["RSA with SHA-384", rsa, plain("1.2.840.113549.1.1.12", "sha384", NULL)],
  ["RSA with SHA-512, parameters left out", rsa, plain("1.2.840.113549.1.1.13", "sha512")],
  ["RSA-PSS with SHA-256", rsa, pss("sha256", SHA256, 32)],
  ["RSA-PSS with SHA-512 and a short salt", rsa, pss("sha512", SHA512, 20)],
  ["Ed25519", ed25519, plain("1.3.101.112", null)],
];

for (const [what, key, signing] of GOOD) {
  Deno.test(`a signature of ${what} is good, and bad after one bit has changed`, () => {
    assert.equal(check(key, signing), "good");
    const flipped: Signing = {
      ...signing,
      make: (tbs, by) => {
        const signature = Uint8Array.from(signing.make(tbs, by));
        const last = signature.length - 1;
        signature[last] = (signature[last] ?? 0) ^ 1;
        return signature;
      },
    };
    assert.equal(check(key, flipped), "bad");
  });
}

const UNSUPPORTED: [string, KeyPair, Signing][] = [
  ["ECDSA with SHA-1", p256, { ...ECDSA_SHA256, identifier: seq(oid("1.2.840.10045.4.1")) }],
  ["RSA with SHA-1", rsa, { ...RSA_SHA256, identifier: seq(oid("1.2.840.113549.1.1.5"), NULL) }],
  ["RSA with MD5", rsa, { ...RSA_SHA256, identifier: seq(oid("1.2.840.113549.1.1.4"), NULL) }],
  ["RSA of 1024 bits", weakRsa, RSA_SHA256],
  ["PSS whose mask has another hash", rsa, pss("sha256", SHA256, 32, SHA512)],
  ["PSS whose defaults mean SHA-1", rsa, {
    ...RSA_SHA256,
    identifier: seq(oid("1.2.840.113549.1.1.10"), seq()),
  }],
  ["ECDSA with parameters", p256, {
    ...ECDSA_SHA256,
    identifier: seq(oid("1.2.840.10045.4.3.2"), NULL),
  }],
  ["RSA under the name of ECDSA", rsa, ECDSA_SHA256],
];

for (const [what, key, signing] of UNSUPPORTED) {
  Deno.test(`a signature of ${what} is not supported`, () => {
    assert.equal(check(key, signing), "unsupported");
  });
}

Deno.test("a signature made by another key of the same kind is bad", () => {
  assert.equal(check(p256, ECDSA_SHA256, newKey()), "bad");
});

Deno.test("keys that are malformed, compressed or off the curve sign nothing", () => {
  const child = parseCertificate(makeCertificate({ key: p256 }));
  const curve = seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7"));
  const outcome = (publicKey: Uint8Array) =>
    checkSignature(child, parseCertificate(makeCertificate({ key: p256, publicKey })));
  const point = (...content: number[]) => seq(curve, tlv(0x03, bytes(0, ...content)));
  assert.equal(outcome(point(2, ...Array(32).fill(1))), "unsupported");
  assert.equal(outcome(point()), "unsupported");
  assert.equal(outcome(seq()), "unsupported");
  assert.equal(outcome(point(4, ...Array(64).fill(1))), "bad");
});

Deno.test("signatures that are no signatures at all are bad", () => {
  for (const signature of [bytes(), bytes(0x30, 0), bytes(0x30, 0x80, 0, 0), new Uint8Array(500)]) {
    assert.equal(check(p256, { ...ECDSA_SHA256, make: () => signature }), "bad");
    assert.equal(check(rsa, { ...RSA_SHA256, make: () => signature }), "bad");
  }
});

Deno.test("RSA keys too large or with an even or tiny exponent sign nothing", () => {
  const child = parseCertificate(makeCertificate({ key: rsa, signing: RSA_SHA256 }));
  const outcome = (modulusBytes: number, exponent: number) => {
    const modulus = tlv(0x02, bytes(0), new Uint8Array(modulusBytes).fill(0xff));
    const key = seq(modulus, bytes(2, 1, exponent));
    const publicKey = seq(seq(oid("1.2.840.113549.1.1.1"), NULL), tlv(0x03, bytes(0), key));
    return checkSignature(
      child,
      parseCertificate(makeCertificate({ key: rsa, signing: RSA_SHA256, publicKey })),
    );
  };
  assert.equal(outcome(1025, 3), "unsupported");
  assert.equal(outcome(255, 3), "unsupported");
  assert.equal(outcome(256, 1), "unsupported");
  assert.equal(outcome(256, 4), "unsupported");
  assert.equal(outcome(256, 3), "bad");
});
