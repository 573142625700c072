import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import type { SpikeError } from "../error/error.ts";
import { pemEncode } from "./pem.ts";
import { readPrivateKey } from "./private_key.ts";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const ec = (namedCurve: string) => generateKeyPairSync("ec", { namedCurve }).privateKey;
const p256 = ec("P-256");
const pkcs8 = p256.export({ type: "pkcs8", format: "pem" }).toString();
const sec1 = p256.export({ type: "sec1", format: "pem" }).toString();
const P256_PARAMETERS = pemEncode("EC PARAMETERS", Uint8Array.fromHex("06082a8648ce3d030107"));

function isSameKey(text: string, key: typeof p256): boolean {
  const der = readPrivateKey(text, "/run/key.pem");
  const read = createPrivateKey({ key: der, format: "der", type: "pkcs8" } as never);
  const form = { type: "pkcs8", format: "der" } as const;
  return read.export(form).equals(key.export(form));
}

Deno.test("PKCS#8, SEC1 and PKCS#1 give the same key", () => {
  assert(isSameKey(pkcs8, p256));
  assert(isSameKey(sec1, p256));
  for (const curve of ["P-384", "P-521"]) {
    const key = ec(curve);
    assert(isSameKey(key.export({ type: "sec1", format: "pem" }).toString(), key), curve);
  }
  assert(isSameKey(rsa.export({ type: "pkcs1", format: "pem" }).toString(), rsa));
});

Deno.test("marks, line ends, text around, certificates and parameters beside the key do not matter", () => {
  const beside = pemEncode("CERTIFICATE", new Uint8Array([1, 2, 3]));
  for (
    const text of [
      `\ufeff${pkcs8}`,
      pkcs8.replaceAll("\n", "\r\n"),
      pkcs8.replaceAll("\n", "\r"),
      `Bag Attributes\n    friendlyName: x\n${pkcs8}\nmore`,
      beside + pkcs8 + beside,
      P256_PARAMETERS + sec1,
      pkcs8.trimEnd(),
    ]
  ) assert(isSameKey(text, p256), text.slice(0, 20));
});

Deno.test("a SEC1 key that does not name its curve takes it from the block beside it", () => {
  const form = { type: "sec1", format: "der" } as const;
  const der = new Uint8Array(p256.export(form));
  // SEQUENCE { 1, OCTET STRING of 32 bytes }, as some tools write it.
  const bare = new Uint8Array([
    0x30,
    0x25,
    ...der.subarray(der.indexOf(0x02), der.indexOf(0x02) + 37),
  ]);
  assert(isSameKey(P256_PARAMETERS + pemEncode("EC PRIVATE KEY", bare), p256));
  assert.throws(
    () => readPrivateKey(pemEncode("EC PRIVATE KEY", bare), "/k"),
    /has EC PRIVATE KEY/,
  );
});

const COMMAND = "openssl pkcs8 -topk8 -nocrypt -in /run/key.pem -out /run/key.pem.pkcs8";

/** A line of the key, which no message may have. */
const SECRET = pkcs8.split("\n")[1] ?? "";
const legacy = sec1.replace(
  "KEY-----\n",
  "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n",
);

const HOSTILE: readonly (readonly [string, string, RegExp, RegExp?])[] = [
  ["empty", "", /has no PEM block, expected PRIVATE KEY/, new RegExp(COMMAND)],
  ["the bare base64", SECRET, /has no PEM block/],
  [
    "encrypted PKCS#8",
    pkcs8.replaceAll("PRIVATE", "ENCRYPTED PRIVATE"),
    /is encrypted/,
    new RegExp(COMMAND),
  ],
  ["encrypted in the legacy form", legacy, /is encrypted/, new RegExp(COMMAND)],
  ["two keys", pkcs8 + sec1, /has 2 private keys, expected one/],
  ["a certificate", pemEncode("CERTIFICATE", new Uint8Array([1])), /has CERTIFICATE, expected/],
  [
    "a label of its own",
    pkcs8.replaceAll("PRIVATE KEY", SECRET.toUpperCase().replace(/[^A-Z0-9]/g, "")),
    /has of another kind/,
  ],
  [
    "OpenSSH",
    pkcs8.replaceAll("PRIVATE", "OPENSSH PRIVATE"),
    /has OPENSSH PRIVATE KEY/,
    new RegExp(COMMAND),
  ],
  ["PKCS#8 as SEC1", pkcs8.replaceAll("PRIVATE", "EC PRIVATE"), /has EC PRIVATE KEY, expected/],
  ["SEC1 as PKCS#1", sec1.replaceAll("EC PRIVATE", "RSA PRIVATE"), /has RSA PRIVATE KEY, expected/],
  ["garbage as PKCS#1", pemEncode("RSA PRIVATE KEY", new Uint8Array(300)), /has RSA PRIVATE KEY/],
  ["cut off", pkcs8.slice(0, -40), /malformed at line 1: block PRIVATE KEY is not ended/],
  ["one character off", pkcs8.replace(SECRET, `${SECRET.slice(0, -1)}*`), /is not base64/],
  ["header lines", pkcs8.replace("KEY-----\n", "KEY-----\nComment: x\n"), /has header lines/],
];

for (const [name, text, message, hint] of HOSTILE) {
  Deno.test(`a key file that is ${name} is refused without its content`, () => {
    assert.throws(() => readPrivateKey(text, "/run/key.pem"), (error: SpikeError) => {
      const shown = `${error.message} ${error.hint} ${error.cause ?? ""}`;
      assert.equal(error.code, "data_invalid_input");
      assert.match(error.message, message);
      assert.match(error.message, /\/run\/key\.pem/);
      if (hint) assert.match(error.hint ?? "", hint);
      for (let at = 0; at + 12 <= SECRET.length; at++) {
        const part = SECRET.slice(at, at + 12);
        assert(!shown.includes(part) && !shown.includes(part.toUpperCase()), shown);
      }
      return true;
    });
  });
}

Deno.test("the command quotes a path that a shell would take apart", () => {
  assert.throws(() => readPrivateKey("", "/run/it's here"), (error: SpikeError) => {
    assert.match(
      error.hint ?? "",
      /-in '\/run\/it'\\''s here' -out '\/run\/it'\\''s here\.pkcs8'$/,
    );
    return true;
  });
});

Deno.test("sixty thousand blocks are read in one pass", () => {
  const text = pemEncode("CERTIFICATE", new Uint8Array([1])).repeat(60_000) + pkcs8;
  const before = performance.now();
  assert(isSameKey(text, p256));
  assert(performance.now() - before < 5_000);
});

Deno.test("two million blank lines before a key are passed over in one pass", () => {
  const text = " \n".repeat(2_000_000) + pkcs8;
  const before = performance.now();
  assert(isSameKey(text, p256));
  assert(performance.now() - before < 5_000);
});
