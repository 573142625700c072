import assert from "node:assert/strict";
import { parseSecretPath, parseWritablePath, requireReadable, requireValues } from "./name.ts";

const refusal = (message: RegExp) => ({ code: "api_bad_request", message });

Deno.test("every character of the pattern may stand in a path, and paths stay as they are", () => {
  const alphabet = "azAZ09._-/()?+*|[]{}\\";
  for (const path of [alphabet, "/a", "a/", "a//b", "..", "a/../b", "x".repeat(500)]) {
    assert.equal(parseSecretPath(path), path);
  }
});

Deno.test("a path with any other character is refused", () => {
  for (const bad of [" ", "^", "$", ":", "@", "%", "#", "&", ",", "é", "\n", "\0", '"', "<"]) {
    assert.throws(() => parseSecretPath(`a${bad}b`), refusal(/is not allowed$/));
    assert.throws(() => parseSecretPath(`a${bad}`), refusal(/is not allowed$/));
  }
});

Deno.test("an empty path and one of more than 500 bytes are refused", () => {
  assert.throws(() => parseSecretPath(""), refusal(/^Path is empty$/));
  assert.throws(() => parseSecretPath("x".repeat(501)), refusal(/is 501 bytes long, at most 500/));
  assert.throws(() => parseSecretPath("é".repeat(251)), refusal(/is 502 bytes long/));
});

Deno.test("a refusal shows no control character and no endless name", () => {
  assert.throws(() => parseSecretPath(`\x1b[31m${"x".repeat(400)}`), (error: Error) => {
    assert.ok(!error.message.includes("\x1b"));
    return error.message.length < 200;
  });
});

Deno.test("reserved paths can be read and not written", () => {
  for (const path of ["spike/system/acl", "spike/system/", "spike/system/cipher/key/a"]) {
    assert.equal(parseSecretPath(path), path);
    assert.throws(() => parseWritablePath(path), refusal(/is reserved for the system$/));
  }
  for (const path of ["spike/system", "spike/systems/a", "/spike/system/a", "a/spike/system/b"]) {
    assert.equal(parseWritablePath(path), path);
  }
});

Deno.test("key names are letters, digits, hyphen, underscore and blank, 1 to 250 bytes", () => {
  requireValues({ "a Z-0_": "", ["k".repeat(250)]: "" });
  for (const key of ["", "tls.crt", "a/b", "a\tb", "é", "k".repeat(251)]) {
    assert.throws(() => requireValues({ [key]: "v" }), refusal(/^Key /), key);
  }
});

Deno.test("no values, no pairs and awkward keys are accepted", () => {
  requireValues(null);
  requireValues({});
  requireValues(JSON.parse('{"__proto__":"x","constructor":"y"}'));
});

Deno.test("a secret has at most 1,000 keys", () => {
  const pairs = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, ""]));
  requireValues(pairs(1000));
  assert.throws(() => requireValues(pairs(1001)), refusal(/has 1001 keys, at most 1000/));
});

Deno.test("a value is text of at most one MiB and never shown", () => {
  requireValues({ a: "x".repeat(1024 * 1024) });
  const tooLong = "é".repeat(512 * 1024) + "!";
  assert.throws(
    () => requireValues({ a: tooLong }),
    refusal(/^Value of key "a" is 1048577 bytes long, at most 1048576 are allowed$/),
  );
  const values = JSON.parse('{"a":42}');
  assert.throws(() => requireValues(values), refusal(/^Value of key "a" is not text$/));
});

Deno.test("custom metadata that is newly given is text on one line", () => {
  requireReadable({ owner: "équipe web 日本", note: "❤\ufe0f" });
  for (const char of ["\n", "\t", "\u001b", "\u007f", "\u0085", "\u202e", "\u2028", "\ufeff"]) {
    assert.throws(
      () => requireReadable({ ok: "", note: `a${char}b` }),
      refusal(/^Entry "note" holds a control character/),
      JSON.stringify(char),
    );
  }
});

Deno.test("a name in a message is shown in characters that print", () => {
  assert.throws(() => parseSecretPath("a\u202e\u009b"), refusal(/^Path "a\\u202e\\u009b" has a/));
});
