import assert from "node:assert/strict";
import {
  bytes,
  extension,
  leafExtensions,
  makeCertificate,
  name,
  newKey,
  seq,
  type Shape,
  signerExtensions,
  tlv,
} from "./_make_certificate.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { validatePath } from "./path.ts";

const NOW = Date.parse("2026-06-01T12:00:00Z");
const rootKey = newKey();
const midKey = newKey();
const leafKey = newKey();

const make = (shape: Shape): Certificate => parseCertificate(makeCertificate(shape));

const root = make({ subject: name("root"), key: rootKey, extensions: signerExtensions() });

function mid(shape: Shape = {}): Certificate {
  const usual = { subject: name("mid"), issuer: name("root"), key: midKey, signer: rootKey };
  return make({ ...usual, extensions: signerExtensions(), ...shape });
}

function leaf(shape: Shape = {}): Certificate {
  const usual = { subject: name("leaf"), issuer: name("mid"), key: leafKey, signer: midKey };
  return make({ ...usual, extensions: leafExtensions("spiffe://example.org/x"), ...shape });
}

function judge(pool: Certificate[], anchors: Certificate[] = [root], end = leaf()) {
  return validatePath({ leaf: end, pool, anchors, instantMs: NOW });
}

function reasonOf(verdict: ReturnType<typeof judge>): string {
  return verdict.ok ? "ok" : verdict.reason;
}

Deno.test("the path is given from leaf to anchor, with its earliest end", () => {
  const short = mid({ notAfter: "260601130000Z" });
  const verdict = judge([short]);
  assert(verdict.ok);
  assert.deepEqual(verdict.path.slice(1), [short, root]);
  assert.equal(verdict.notAfterMs, Date.parse("2026-06-01T13:00:00Z"));
});

Deno.test("of two certificates with one name and key the usable one is found, in either order", () => {
  const old = mid({ notAfter: "260501000000Z" });
  const foreign = mid({ issuer: name("elsewhere") });
  const good = mid();
  for (const pool of [[old, foreign, good], [good, foreign, old]]) assert(judge(pool).ok);
  assert.equal(reasonOf(judge([old, foreign])), "expired");
  assert.equal(reasonOf(judge([foreign])), "unknown-authority");
});

Deno.test("of two certificates with one name and different keys the signer is found", () => {
  const impostor = mid({ key: newKey() });
  for (const pool of [[impostor, mid()], [mid(), impostor]]) assert(judge(pool).ok);
  assert.equal(reasonOf(judge([impostor])), "unknown-authority");
});

Deno.test("names chain without regard to case and kind of string", () => {
  assert(judge([mid({ issuer: name("ROOT", 0x13) })]).ok);
  assert.equal(reasonOf(judge([mid({ issuer: name("root 2") })])), "unknown-authority");
});

Deno.test("an anchor need not be self-signed, and what stands above it does not matter", () => {
  const expiredRoot = make({
    subject: name("root"),
    key: rootKey,
    notAfter: "260501000000Z",
    extensions: signerExtensions(),
  });
  assert(judge([expiredRoot], [mid()]).ok);
});

Deno.test("a leaf is no anchor for itself", () => {
  const end = leaf();
  assert.equal(reasonOf(judge([], [end], end)), "unknown-authority");
  const selfSigned = leaf({ issuer: name("leaf"), signer: leafKey });
  assert.equal(reasonOf(judge([], [selfSigned], selfSigned)), "issuer-not-ca");
});

Deno.test("path lengths count the intermediates below, without self-issued ones", () => {
  const tight = make({ subject: name("root"), key: rootKey, extensions: signerExtensions(0) });
  assert.equal(reasonOf(judge([mid()], [tight])), "path-length");
  const direct = leaf({ issuer: name("root"), signer: rootKey });
  assert(judge([], [tight], direct).ok);
  const renewedKey = newKey();
  const renewed = make({
    subject: name("root"),
    key: renewedKey,
    signer: rootKey,
    extensions: signerExtensions(0),
  });
  const below = leaf({ issuer: name("root"), signer: renewedKey });
  assert(judge([renewed], [tight], below).ok);
});

Deno.test("a critical extension that is not understood stops the path it is on and no other", () => {
  const constraints = (critical: boolean) => extension("2.5.29.30", seq(), critical);
  const withConstraints = (critical: boolean) =>
    mid({ extensions: [...signerExtensions(), constraints(critical)] });
  const refused = judge([withConstraints(true)]);
  assert(!refused.ok && refused.reason === "critical-extension");
  assert.match(refused.message, /2\.5\.29\.30/);
  assert(judge([withConstraints(false)]).ok);
  assert(judge([withConstraints(true), mid()]).ok);
});

Deno.test("a reason is taken only from certificates that did sign", () => {
  const expiredImpostor = mid({ key: newKey(), notAfter: "260501000000Z" });
  assert.equal(reasonOf(judge([expiredImpostor])), "unknown-authority");
});

Deno.test("a hostile pool of alternatives is given up after a bounded number of checks", () => {
  const pool = Array.from({ length: 9 }, (_, i) =>
    make({
      subject: name("mid"),
      key: midKey,
      serial: bytes(2, 1, i + 1),
      extensions: signerExtensions(),
    }));
  assert.equal(reasonOf(judge(pool)), "too-costly");
});

Deno.test("key identifiers lead to the right anchor among more of one name than may be tried", () => {
  const keyId = (id: number) => extension("2.5.29.14", tlv(0x04, bytes(id)));
  const otherKey = newKey();
  const decoys = Array.from({ length: 120 }, (_, i) =>
    make({
      subject: name("root"),
      key: otherKey,
      extensions: [...signerExtensions(), keyId(i)],
    }));
  const right = make({
    subject: name("root"),
    key: rootKey,
    extensions: [...signerExtensions(), keyId(200)],
  });
  const pointing = extension("2.5.29.35", seq(tlv(0x80, bytes(200))));
  const direct = { issuer: name("root"), signer: rootKey };
  const usual = leafExtensions("spiffe://example.org/x");
  const hinted = leaf({ ...direct, extensions: [...usual, pointing] });
  assert(judge([], [...decoys, right], hinted).ok);
  assert.equal(reasonOf(judge([], [...decoys, right], leaf(direct))), "too-costly");
  const misled = leaf({
    ...direct,
    extensions: [...usual, extension("2.5.29.35", seq(tlv(0x80, bytes(5))))],
  });
  assert(judge([], [...decoys.slice(0, 20), right], misled).ok);
});
