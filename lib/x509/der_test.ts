import assert from "node:assert/strict";
import {
  Der,
  DerError,
  readBits,
  readBoolean,
  readOid,
  readSmallInteger,
  readTime,
  readUnsigned,
  readWholeBits,
  TAG,
} from "./der.ts";

const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""));
const der = (text: string) => Der.parse(hex(text));

function refused(act: () => unknown, why: RegExp): void {
  assert.throws(act, (error) => error instanceof DerError && why.test(error.message), String(why));
}

Deno.test("an element is read with its tag, header and content", () => {
  const element = der("04 03 010203");
  assert.equal(element.tag, TAG.octetString);
  assert.deepEqual(element.content, hex("010203"));
  assert.deepEqual(element.raw, hex("0403010203"));
  assert.equal(Der.first(hex("0500 0500")).raw.length, 2);
});

Deno.test("long lengths are read in their shortest form only", () => {
  assert.equal(Der.parse(hex(`0481 80 ${"00".repeat(128)}`)).content.length, 128);
  assert.equal(Der.parse(hex(`0482 0100 ${"00".repeat(256)}`)).content.length, 256);
  refused(() => der(`0481 7f ${"00".repeat(127)}`), /shortest/);
  refused(() => der(`0482 0080 ${"00".repeat(128)}`), /shortest/);
  refused(() => der("0484 00000001 00"), /more than three/);
  refused(() => der("04ff"), /more than three/);
});

Deno.test("indefinite lengths, long tags, cut and trailing bytes are refused", () => {
  refused(() => der("3080 0000"), /indefinite/);
  refused(() => der("1f01 00"), /tag/);
  refused(() => der("0403 0102"), /cut short/);
  refused(() => der("04"), /cut short/);
  refused(() => der("0482 01"), /cut short/);
  refused(() => der(""), /cut short/);
  refused(() => der("0500 00"), /left after/);
});

Deno.test("items are taken in order and none may be left", () => {
  const items = der("3006 0101ff 020105").items(TAG.sequence, "pair");
  assert.equal(items.takeIf(TAG.integer), undefined);
  assert.equal(items.take().tag, TAG.boolean);
  refused(() => items.end(), /pair has an element too many/);
  assert.equal(items.takeIf(TAG.integer)?.content[0], 5);
  items.end();
  refused(() => items.take(), /pair ends early/);
  refused(() => der("3103 020105").items(TAG.sequence, "pair"), /pair has tag 0x31/);
  refused(() => der("3003 0202 05").items(TAG.sequence, "pair"), /cut short/);
});

Deno.test("nesting is bounded", () => {
  let bytes = hex("0500");
  for (let i = 0; i < 20; i++) bytes = new Uint8Array([0x30, bytes.length, ...bytes]);
  const descend = (element: Der): void => {
    for (const item of element.items(0x30, "nest").all) if (item.tag === 0x30) descend(item);
  };
  refused(() => descend(Der.parse(bytes)), /nested too deeply/);
});

Deno.test("booleans are 00 or ff", () => {
  assert.equal(readBoolean(der("0101ff"), "flag"), true);
  assert.equal(readBoolean(der("010100"), "flag"), false);
  for (const bad of ["010101", "0100", "0102ffff", "0201ff"]) {
    refused(() => readBoolean(der(bad), "flag"), /flag/);
  }
});

Deno.test("integers are not negative and in their shortest form", () => {
  assert.equal(readSmallInteger(der("020100"), "n"), 0);
  assert.equal(readSmallInteger(der("02020080"), "n"), 128);
  assert.deepEqual(readUnsigned(der("02020080"), "n"), hex("0080"));
  for (const bad of ["0200", "020180", "02020001", "02020000", "0401 00"]) {
    refused(() => readUnsigned(der(bad), "n"), /n /);
  }
  refused(() => readSmallInteger(der("02050100000000"), "n"), /too large/);
});

Deno.test("unused bits are counted and have to be zero", () => {
  assert.deepEqual(readBits(der("03020780"), "bits"), { bytes: hex("80"), unused: 7 });
  assert.deepEqual(readWholeBits(der("030200ff"), "bits"), hex("ff"));
  assert.deepEqual(readBits(der("030100"), "bits"), { bytes: hex(""), unused: 0 });
  for (const bad of ["0300", "030101", "03020880", "03020781"]) {
    refused(() => readBits(der(bad), "bits"), /bits/);
  }
  refused(() => readWholeBits(der("03020780"), "bits"), /whole byte/);
});

Deno.test("object identifiers are read in dotted form", () => {
  assert.equal(readOid(der("0603551d11"), "oid"), "2.5.29.17");
  assert.equal(readOid(der("06082a8648ce3d040302"), "oid"), "1.2.840.10045.4.3.2");
  assert.equal(readOid(der("0603883703"), "oid"), "2.999.3");
  for (const bad of ["0600", "060188", "0603550180", "06035580 01"]) {
    refused(() => readOid(der(bad), "oid"), /oid/);
  }
  refused(() => readOid(der(`060a55${"ff".repeat(8)}7f`), "oid"), /too large/);
});

const time = (tag: number, text: string) =>
  readTime(Der.parse(new Uint8Array([tag, text.length, ...new TextEncoder().encode(text)])), "end");

Deno.test("both forms of time are read, and the century of the short one follows RFC 5280", () => {
  assert.equal(time(TAG.utcTime, "260601120000Z"), Date.parse("2026-06-01T12:00:00Z"));
  assert.equal(time(TAG.utcTime, "491231235959Z"), Date.parse("2049-12-31T23:59:59Z"));
  assert.equal(time(TAG.utcTime, "500101000000Z"), Date.parse("1950-01-01T00:00:00Z"));
  assert.equal(time(TAG.generalizedTime, "99991231235959Z"), Date.parse("9999-12-31T23:59:59Z"));
  assert.equal(time(TAG.generalizedTime, "20240229000000Z"), Date.parse("2024-02-29T00:00:00Z"));
  assert.equal(time(TAG.generalizedTime, "00500101000000Z"), Date.parse("0050-01-01T00:00:00Z"));
});

Deno.test("times without seconds, with zones or fractions, or that do not exist are refused", () => {
  for (const text of ["2606011200Z", "260601120000+0000", "260601120000", "26060112000 Z"]) {
    refused(() => time(TAG.utcTime, text), /malformed/);
  }
  for (const text of ["202606011200Z", "20260601120000", "260601120000Z", "20260601120000Z0"]) {
    refused(() => time(TAG.generalizedTime, text), /malformed/);
  }
  for (const text of ["20260601120000.5Z", "20260601120000.000Z", "20260601120000,5Z"]) {
    refused(() => time(TAG.generalizedTime, text), /malformed: it has fractional seconds/);
  }
  refused(() => time(TAG.utcTime, "260601120000.0Z"), /malformed: it has fractional seconds/);
  for (const text of ["260229000000Z", "260001000000Z", "261301000000Z", "260100000000Z"]) {
    refused(() => time(TAG.utcTime, text), /does not exist/);
  }
  for (const text of ["260601240000Z", "260601126000Z", "260601120060Z"]) {
    refused(() => time(TAG.utcTime, text), /does not exist/);
  }
  refused(() => time(TAG.octetString, "20260601120000Z"), /tag/);
});
