import assert from "node:assert/strict";
import { SpikeError } from "../error/error.ts";
import { looksLikeKey, quoteValue, withoutKeys } from "./quote.ts";

/** The secret part of each text, and the text. */
const SECRETS = [
  ["1QQPZRY9X8", "AGE-SECRET-KEY-1QQPZRY9X8"],
  ["1qqpzry9x8", "age-secret-key-1qqpzry9x8"],
  ["1QQPZRY9X8", "AGE-PLUGIN-YUBIKEY-1QQPZRY9X8"],
  ["MHcCAQEE", "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----"],
  ["MHcCAQEE", "-----BEGIN PRIVATE KEY-----\\nMHcCAQEE"],
  ["MHcCAQEE", "-----BEGIN OPENSSH PRIVATE KEY----- MHcCAQEE -----END OPENSSH PRIVATE KEY-----"],
  ["00ff00ff", "spike:3:00ff00ff"],
  ["00FF00FF", "SPIKE:12:00FF00FF"],
  ["c2lnbmF0dXJl", "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"],
  ["c2VjcmV0", "eyJhbGciOiJSU0EtT0FFUCJ9.a2V5.aXY.c2VjcmV0.dGFn"],
] as const;

Deno.test("no error has a private key, a shard or a token in its message or its hint", () => {
  for (const [secret, text] of SECRETS) {
    for (const around of [text, `Line is "${text}", expected another`, `x=${text}; y`]) {
      const error = new SpikeError("usage", around, { hint: around });
      assert.doesNotMatch(error.message, new RegExp(secret), around);
      assert.doesNotMatch(error.hint ?? "", new RegExp(secret), around);
      assert.match(error.message, /\[private key, not shown\]/);
    }
  }
});

Deno.test("a message goes on after what is not shown", () => {
  assert.equal(
    withoutKeys("A is spike:1:abcdef01, expected b"),
    "A is [private key, not shown], expected b",
  );
});

Deno.test("a bad value that looks like a private key is described by its length", () => {
  const values = [
    ...SECRETS.map(([, text]) => text),
    // Parts that lost their beginning: of an age identity, a shard, a line of PEM.
    "1QL3Z7HJY54PW3HYWW5AYYFG7ZQGVC7W3J2ELW8ZMRJ2KG5SFN9AQMCAC8J",
    "00ff".repeat(16),
    "MHcCAQEEIDBAFB1vGJBpQtE0yTe9Ac7t1xBMG5lcDYZ5l7sTAoGCCqG",
    '{"kty":"EC","crv":"P-256","d":"c2VjcmV0"}',
  ];
  for (const value of values) {
    const quoted = quoteValue(value);
    assert.match(quoted, /^a text of \d+ characters that looks like a private key$/);
    assert.match(quoteValue({ value }), /looks like a private key/);
  }
});

Deno.test("other bad values are shown in quotes", () => {
  const shown = [
    "8553x",
    "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
    "/var/lib/spike/data-directory/with/a/long/name/2026/01/02/backup.db",
    "spiffe://example.org/spike/pilot/role/superuser/with/a/long/path",
    "spike:<index>:<64 hexadecimal characters>",
    "x".repeat(100),
  ];
  for (const value of shown) {
    assert.equal(quoteValue(value), JSON.stringify(value));
    assert.equal(looksLikeKey(value), false);
    assert.equal(withoutKeys(value), value);
  }
  assert.equal(quoteValue(undefined), "undefined");
  assert.equal(quoteValue(7), "7");
});

Deno.test("no text costs the square of its length", () => {
  const parts = ["\\", '"', "-", "eyJ", "eyJaaaaaa", "spike:1", "-----BEGIN ", "AGE-", "A+_=", "1"];
  for (const part of parts) {
    for (const end of ["", ". ", " eyJ"]) {
      const text = part.repeat(200_000 / part.length) + end;
      const before = performance.now();
      quoteValue(text);
      withoutKeys(text);
      assert(performance.now() - before < 1_500, `${part} and ${end}`);
    }
  }
});

Deno.test("a token is hidden with the word that it is joined to", () => {
  const told = withoutKeys("see a_eyJhbGciOiJ.eyJzdWIiOiJ.c2ln and eyJ alone, eyJshort.");
  assert.equal(told, "see [private key, not shown] and eyJ alone, eyJshort.");
});
