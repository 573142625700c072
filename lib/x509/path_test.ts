import assert from "node:assert/strict";
import {
  bytes,
  extension,
  type KeyPair,
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
  const policies = (critical: boolean) => extension("2.5.29.36", seq(), critical);
  const withPolicies = (critical: boolean) =>
    mid({ extensions: [...signerExtensions(), policies(critical)] });
  const refused = judge([withPolicies(true)]);
  assert(!refused.ok && refused.reason === "critical-extension");
  assert.match(refused.message, /2\.5\.29\.36/);
  assert(judge([withPolicies(false)]).ok);
  assert(judge([withPolicies(true), mid()]).ok);
});

Deno.test("a reason is taken only from certificates that did sign", () => {
  const expiredImpostor = mid({ key: newKey(), notAfter: "260501000000Z" });
  assert.equal(reasonOf(judge([expiredImpostor])), "unknown-authority");
});

/** Nine authorities of one name that vouch for one another. */
function kin(subject: string, key: KeyPair, shape: Shape = {}): Certificate[] {
  const extensions = signerExtensions();
  return Array.from(
    { length: 9 },
    (_, i) =>
      make({ subject: name(subject), key, serial: bytes(2, 1, i + 1), extensions, ...shape }),
  );
}

Deno.test("no key of a stranger checks a signature", () => {
  const verdict = judge(kin("mid", midKey));
  assert.deepEqual([reasonOf(verdict), verdict.checks], ["unknown-authority", 0]);
});

Deno.test("ten certificates of a stranger that are named like the anchor cost ten checks", () => {
  const stranger = newKey();
  const verdict = judge(kin("root", stranger), [root], leaf({ issuer: name("root") }));
  assert.deepEqual([reasonOf(verdict), verdict.checks], ["unknown-authority", 10]);
});

Deno.test("with more anchors of that name a stranger gets twelve checks", () => {
  const others = [1, 2, 3].map(() =>
    make({ subject: name("root"), key: newKey(), extensions: signerExtensions() })
  );
  const verdict = judge(kin("root", newKey()), others, leaf({ issuer: name("root") }));
  assert.deepEqual([reasonOf(verdict), verdict.checks], ["too-costly", 12]);
});

Deno.test("authorities under an anchor that sign one another in a circle end the search", () => {
  const shape = { issuer: name("mid"), signer: midKey };
  const pool = [...kin("mid", midKey, shape).slice(0, 8), mid()];
  const verdict = judge(pool, [root], leaf({ signer: newKey() }));
  assert.deepEqual([reasonOf(verdict), verdict.checks <= 12], ["too-costly", true]);
  assert(judge(pool).ok);
});

Deno.test("a caller may bound how many checks fail, and an honest chain needs none that does", () => {
  const stranger = { pool: kin("root", newKey()), leaf: leaf({ issuer: name("root") }) };
  const common = { anchors: [root], instantMs: NOW, mostFailures: 2 };
  const refused = validatePath({ ...stranger, ...common });
  assert.deepEqual([reasonOf(refused), refused.checks], ["too-costly", 2]);
  assert(validatePath({ leaf: leaf(), pool: [mid()], ...common }).ok);
});

const keyId = (id: number) => extension("2.5.29.14", tlv(0x04, bytes(id)));
const pointing = (id: number) => extension("2.5.29.35", seq(tlv(0x80, bytes(id))));
const usual = leafExtensions("spiffe://example.org/x");

/** That many other anchors of the same name, with or without key identifiers, the first of which is 0. */
function decoys(count: number, hasKeyIds: boolean): Certificate[] {
  return Array.from({ length: count }, (_, i) =>
    make({
      subject: name("root"),
      key: newKey(),
      extensions: [...signerExtensions(), ...(hasKeyIds ? [keyId(i)] : [])],
    }));
}

for (const hasKeyIds of [true, false]) {
  const what = hasKeyIds ? "with" : "without";
  Deno.test(`of thirty anchors of one name ${what} key identifiers the right one is found`, () => {
    const own = hasKeyIds ? [keyId(200)] : [];
    const right = make({
      subject: name("root"),
      key: rootKey,
      extensions: [...signerExtensions(), ...own],
    });
    const anchors = [...decoys(29, hasKeyIds), right];
    const below = hasKeyIds ? [pointing(200)] : [];
    const ends = { issuer: name("root"), extensions: [...usual, ...below] };
    assert(judge([], anchors, leaf({ ...ends, signer: rootKey })).ok, "leaf of the anchor");
    const middle = mid({ extensions: [...signerExtensions(), ...below] });
    assert(judge([middle], anchors).ok, "leaf of an intermediate");
    const alike = mid({
      subject: name("root"),
      extensions: [...signerExtensions(), ...below, ...(hasKeyIds ? [keyId(201)] : [])],
    });
    const aim = hasKeyIds ? [pointing(201)] : [];
    const lowest = leaf({ issuer: name("root"), extensions: [...usual, ...aim] });
    assert(judge([alike], anchors, lowest).ok, "leaf of an intermediate of the anchor's name");
    const stranger = judge(kin("root", newKey()), anchors, leaf({ ...ends, signer: newKey() }));
    assert(!stranger.ok && stranger.checks <= 39, String(stranger.checks));
  });
}

Deno.test("key identifiers lead to the right anchor among more of one name than may be tried", () => {
  const many = decoys(120, true);
  const right = make({
    subject: name("root"),
    key: rootKey,
    extensions: [...signerExtensions(), keyId(200)],
  });
  const direct = { issuer: name("root"), signer: rootKey };
  const hinted = leaf({ ...direct, extensions: [...usual, pointing(200)] });
  const verdict = judge([], [...many, right], hinted);
  assert.deepEqual([verdict.ok, verdict.checks], [true, 1]);
  assert.equal(reasonOf(judge([], [...many, right], leaf(direct))), "too-costly");
  const misled = leaf({ ...direct, extensions: [...usual, pointing(5)] });
  assert(judge([], [...many.slice(0, 10), right], misled).ok);
});

Deno.test("a renewed anchor with the key of an old one costs no check of its own", () => {
  const old = make({
    subject: name("root"),
    key: rootKey,
    notAfter: "260501000000Z",
    extensions: signerExtensions(),
  });
  const direct = leaf({ issuer: name("root"), signer: rootKey });
  const verdict = judge([], [old, root], direct);
  assert.deepEqual([verdict.ok, verdict.checks], [true, 1]);
  assert.equal(reasonOf(judge([], [old], direct)), "expired");
});
