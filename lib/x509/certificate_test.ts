import assert from "node:assert/strict";
import {
  ascii,
  bytes,
  extension,
  leafExtensions,
  makeCertificate,
  name,
  newKey,
  NULL,
  oid,
  seq,
  type Shape,
  signerExtensions,
  tlv,
} from "./_make_certificate.ts";
import { parseCertificate } from "./certificate.ts";
import { DerError } from "./der.ts";

const key = newKey();
const parse = (shape: Shape = {}) => parseCertificate(makeCertificate({ key, ...shape }));
const withExtension = (...extensions: Uint8Array[]) => parse({ extensions });

function refused(act: () => unknown, why: RegExp): void {
  assert.throws(act, (error) => error instanceof DerError && why.test(error.message), String(why));
}

const SAN = "2.5.29.17";
const BASIC = "2.5.29.19";

Deno.test("a certificate is read into its parts", () => {
  const spki = key.publicKey.export({ format: "der", type: "spki" });
  const certificate = parse({
    subject: name("leaf"),
    issuer: name("root"),
    serial: bytes(2, 2, 0, 0xff),
    extensions: leafExtensions("spiffe://example.org/x"),
  });
  assert.equal(certificate.serial, "ff");
  assert.deepEqual(certificate.subject.der, name("leaf"));
  assert.deepEqual(certificate.issuer.der, name("root"));
  assert.equal(certificate.notBeforeMs, Date.parse("2026-01-01T00:00:00Z"));
  assert.equal(certificate.notAfterMs, Date.parse("2027-01-01T00:00:00Z"));
  assert.deepEqual(certificate.publicKey, new Uint8Array(spki));
  assert.deepEqual(certificate.subjectAltName, {
    uris: ["spiffe://example.org/x"],
    hasOthers: false,
  });
  assert.equal(certificate.basicConstraints, undefined);
  assert.deepEqual(certificate.keyUsage, {
    critical: true,
    digitalSignature: true,
    keyCertSign: false,
    crlSign: false,
  });
});

Deno.test("a signing certificate, its path length and its key identifiers are read", () => {
  const certificate = withExtension(
    ...signerExtensions(3),
    extension("2.5.29.14", tlv(0x04, bytes(1, 2))),
    extension("2.5.29.35", seq(tlv(0x80, bytes(3, 4)), tlv(0x82, bytes(9)))),
    extension("2.5.29.37", seq(oid("1.3.6.1.5.5.7.3.1"))),
  );
  assert.deepEqual(certificate.basicConstraints, { ca: true, pathLength: 3 });
  assert.equal(certificate.keyUsage?.keyCertSign && certificate.keyUsage.crlSign, true);
  assert.equal(certificate.subjectKeyId, "0102");
  assert.equal(certificate.authorityKeyId, "0304");
  assert.deepEqual(certificate.extendedKeyUsage, ["1.3.6.1.5.5.7.3.1"]);
});

Deno.test("only version 3 is taken", () => {
  refused(() => parse({ version: bytes() }), /version is 1, expected 3/);
  refused(() => parse({ version: tlv(0xa0, bytes(2, 1, 0)) }), /version is 1, expected 3/);
  refused(() => parse({ version: tlv(0xa0, bytes(2, 1, 1)) }), /version is 2, expected 3/);
  refused(() => parse({ version: tlv(0xa0, bytes(2, 1, 3)) }), /version is 4, expected 3/);
});

Deno.test("an outer signature algorithm that differs from the signed one is refused", () => {
  const outerIdentifier = seq(oid("1.2.840.10045.4.3.2"), NULL);
  refused(() => parse({ outerIdentifier }), /signature algorithms differ/);
});

Deno.test("bytes around and too many bytes inside of a certificate are refused", () => {
  const der = makeCertificate({ key });
  refused(() => parseCertificate(new Uint8Array([...der, 0])), /left after/);
  refused(() => parseCertificate(der.subarray(0, -1)), /cut short/);
  refused(() => parseCertificate(new Uint8Array(70_000)), /at most 65536/);
  refused(() => parseCertificate(new Uint8Array()), /cut short/);
});

Deno.test("a serial number is positive and of at most twenty bytes", () => {
  assert.equal(parse({ serial: bytes(2, 1, 0) }).serial, "00");
  assert.equal(parse({ serial: bytes(2, 20, ...Array(20).fill(0x7f)) }).serial, "7f".repeat(20));
  refused(() => parse({ serial: bytes(2, 1, 0x80) }), /serialNumber .*negative/);
  refused(() => parse({ serial: bytes(2, 22, ...Array(22).fill(0x7f)) }), /too long/);
});

Deno.test("an extension may not stand there twice, whatever it is and says", () => {
  const [usage = bytes()] = leafExtensions("spiffe://example.org/x");
  refused(() => withExtension(usage, usage), /2.5.29.15 occurs twice/);
  const unknown = extension("1.2.3.4", NULL);
  refused(() => withExtension(unknown, unknown), /1.2.3.4 occurs twice/);
});

Deno.test("unknown critical extensions are listed, and policy constraints are among them", () => {
  const certificate = withExtension(
    extension("1.2.3.4", NULL, true),
    extension("1.2.3.5", NULL),
    extension("2.5.29.36", seq(), true),
  );
  assert.deepEqual(certificate.unknownCritical, ["1.2.3.4", "2.5.29.36"]);
});

Deno.test("names of other kinds are no URIs, whatever text they hold", () => {
  const tricky = tlv(0x82, ascii("a, URI:spiffe://example.org/admin"));
  const { subjectAltName } = withExtension(extension(SAN, seq(tricky)));
  assert.deepEqual(subjectAltName, { uris: [], hasOthers: true });
});

Deno.test("a malformed subjectAltName is refused", () => {
  refused(() => withExtension(extension(SAN, seq())), /is empty/);
  refused(() => withExtension(extension(SAN, seq(bytes(0x86, 1, 0xe4)))), /not ASCII/);
  refused(() => withExtension(extension(SAN, seq(bytes(0x06, 1, 1)))), /unknown kind of name/);
  refused(() => withExtension(extension(SAN, bytes(0x30, 0, 0))), /left after/);
});

Deno.test("a URI keeps every byte, so that no two IDs become one", () => {
  const text = "spiffe://example.org/a\0b\x7f ";
  assert.deepEqual(withExtension(...leafExtensions(text)).subjectAltName?.uris, [text]);
});

Deno.test("cA may be left out or be an explicit FALSE, but nothing else", () => {
  assert.equal(withExtension(extension(BASIC, seq())).basicConstraints?.ca, false);
  const explicit = extension(BASIC, seq(bytes(1, 1, 0)));
  assert.equal(withExtension(explicit).basicConstraints?.ca, false);
  refused(() => withExtension(extension(BASIC, seq(bytes(1, 1, 1)))), /neither true nor false/);
  refused(() => withExtension(extension(BASIC, seq(NULL))), /element too many/);
  refused(() => withExtension(extension(BASIC, seq(bytes(2, 1, 0xff)))), /negative/);
});

Deno.test("names are the same when they differ in case, spaces and kind of string only", () => {
  const comparable = (der: Uint8Array) => parse({ subject: der }).subject.comparable;
  const reference = comparable(name("Test Root"));
  for (const same of [name("test ROOT"), name(" Test   Root "), name("Test Root", 0x13)]) {
    assert.equal(comparable(same), reference);
  }
  for (const other of [name("TestRoot"), name("Test Root 2"), name("Test Root", 0x14), seq()]) {
    assert.notEqual(comparable(other), reference);
  }
});

Deno.test("the order of the attributes in one part of a name does not count, that of the parts does", () => {
  const attribute = (type: string, text: string) => seq(oid(type), tlv(0x0c, ascii(text)));
  const a = attribute("2.5.4.3", "a");
  const b = attribute("2.5.4.10", "b");
  const comparable = (...parts: Uint8Array[]) =>
    parse({ subject: seq(...parts) }).subject.comparable;
  assert.equal(comparable(tlv(0x31, a, b)), comparable(tlv(0x31, b, a)));
  assert.notEqual(comparable(tlv(0x31, a), tlv(0x31, b)), comparable(tlv(0x31, b), tlv(0x31, a)));
  assert.notEqual(comparable(tlv(0x31, a), tlv(0x31, b)), comparable(tlv(0x31, a, b)));
});

Deno.test("text that its kind of string does not allow is refused", () => {
  const raw = (tag: number, ...content: number[]) =>
    seq(tlv(0x31, seq(oid("2.5.4.3"), tlv(tag, bytes(...content)))));
  refused(() => parse({ subject: raw(0x0c, 0xff) }), /not UTF-8/);
  refused(() => parse({ subject: raw(0x13, 0x40) }), /bad text/);
  refused(() => parse({ subject: raw(0x16, 0x80) }), /bad text/);
  refused(() => parse({ subject: seq(tlv(0x31)) }), /empty part/);
});

Deno.test("a name has at most 64 attributes, and a list in a certificate at most 1,024 elements", () => {
  const part = tlv(0x31, seq(oid("2.5.4.3"), tlv(0x0c, ascii("a"))));
  const subject = (parts: number) => seq(...Array.from({ length: parts }, () => part));
  assert(parse({ subject: subject(64) }));
  refused(() => parse({ subject: subject(65) }), /has more than 64 parts/);
  const names = (count: number) => seq(...Array.from({ length: count }, () => bytes(0x82, 1, 97)));
  assert(withExtension(extension(SAN, names(1024))));
  refused(() => withExtension(extension(SAN, names(1025))), /too many elements/);
});
