import assert from "node:assert/strict";
import { type ErrorCode, type Reason } from "../../../lib/error/error.ts";
import { type Answering, type Message, refusing, spike } from "../fake_nexus.ts";

const PAY = {
  key: "pay",
  id: "0a".repeat(16),
  version: 2,
  minVersion: 1,
  createdTime: "2026-01-02T03:04:05Z",
  updatedTime: "2026-01-03T03:04:05Z",
  encryptions: 16384,
};
const HEADER = Uint8Array.of(0, 0x53, 0x50, 0x4b, 1, 9, 9);

/** A Nexus that answers what it was asked about, and encrypts by turning bytes round. */
const NEXUS: Answering = (path, action, request) => {
  if (action === "list") return { keys: [{ ...PAY, key: "default", id: "" }, PAY] };
  if (action === "rewrap") return { version: 2, nonce: "", ciphertext: request["ciphertext"] };
  if (action !== "") {
    return { ...PAY, ...(action === "set" ? { minVersion: 2, retired: true } : {}) };
  }
  const bytes = (request as Message & { bytes?: number[] }).bytes;
  if (bytes) return Uint8Array.from(bytes.toReversed());
  return path.endsWith("encrypt")
    ? { version: 2, ciphertext: "AFNQSw==" }
    : { plaintext: "aGVsbG8=" };
};

const key = (...args: string[]) => ["cipher", "key", ...args];

Deno.test("create, rotate and set say what a key is now, in each format", async () => {
  for (const action of ["create", "rotate"]) {
    const { code, out, calls } = await spike(key(action, "pay"), { nexus: NEXUS });
    assert.deepEqual({ code, out }, {
      code: 0,
      out: "pay: version 2, changed 2026-01-03T03:04:05Z\n",
    });
    assert.deepEqual(calls, [{ to: `/v1/cipher/keys?${action}`, request: { key: "pay" } }]);
  }
  const set = await spike(key("set", "pay", "--min-version", "2", "--retired", "true"), {
    nexus: NEXUS,
  });
  assert.equal(
    set.out,
    "pay: version 2, decrypts from 2, retired, changed 2026-01-03T03:04:05Z\n",
  );
  assert.deepEqual(set.calls[0]?.request, { key: "pay", minVersion: 2, retired: true });
  const json = await spike(key("create", "pay", "-f", "json"), { nexus: NEXUS });
  assert.deepEqual(JSON.parse(json.out), { ...PAY, retired: false });
});

Deno.test("list prints a line for each key, or JSON and YAML", async () => {
  const human = await spike(key("list"), { nexus: NEXUS });
  assert.equal(human.out.split("\n").length, 3);
  assert.match(human.out, /^default: version 2, changed /);
  const json = await spike(key("list", "pay", "-f", "json"), { nexus: NEXUS });
  assert.deepEqual(json.calls[0]?.request, { key: "pay" });
  assert.equal(JSON.parse(json.out).length, 2);
  assert.match((await spike(key("list", "-f", "yaml"), { nexus: NEXUS })).out, /^- key: default\n/);
});

Deno.test("rewrap carries a ciphertext there and back, of the default key in its parts", async () => {
  const blob = Uint8Array.of(...HEADER, 5, 6);
  const named = await spike(key("rewrap", "pay", "--aad", "place"), { nexus: NEXUS, stdin: blob });
  assert.deepEqual(named.outBytes, [...blob]);
  assert.deepEqual(named.calls[0]?.request, {
    key: "pay",
    ciphertext: blob.toBase64(),
    aad: "cGxhY2U=",
  });
  const old = Uint8Array.of(1, ...new Uint8Array(12).fill(7), 8, 9);
  const unnamed = await spike(key("rewrap", "default"), { nexus: NEXUS, stdin: old });
  assert.deepEqual(unnamed.calls[0]?.request, {
    version: 1,
    nonce: "BwcHBwcHBwcHBwcH",
    ciphertext: "CAk=",
  });
  assert.deepEqual(unnamed.outBytes, [2, 8, 9]);
});

Deno.test("encrypt and decrypt name a key and what they bind to", async () => {
  const bytes = await spike(["cipher", "encrypt", "--key", "pay", "--aad", "place"], {
    nexus: NEXUS,
    stdin: "ab",
  });
  assert.deepEqual(bytes.outBytes, [0x62, 0x61]);
  assert.equal(bytes.calls[0]?.to, "/v1/cipher/encrypt?key=pay");
  const json = await spike(["cipher", "encrypt", "--key", "pay", "--plaintext", "aGk="], {
    nexus: NEXUS,
  });
  assert.deepEqual(JSON.parse(json.out), { version: 2, key: "pay", ciphertext: "AFNQSw==" });
  const back = await spike(["cipher", "decrypt", "--key", "pay"], {
    nexus: NEXUS,
    stdin: json.out,
  });
  assert.equal(back.out, "hello");
  assert.deepEqual(back.calls[0]?.request, { ciphertext: "AFNQSw==", algorithm: "", key: "pay" });
  const flags = ["cipher", "decrypt", "--key", "pay", "--ciphertext", "AFNQSw==", "--aad", "-"];
  const bound = await spike(flags, { nexus: NEXUS, stdin: "place" });
  assert.equal(bound.calls[0]?.request["aad"], "cGxhY2U=");
});

Deno.test("a ciphertext of a named key is not sent without its name", async () => {
  const { code, err } = await spike(["cipher", "decrypt"], { stdin: HEADER });
  assert.equal(code, 1);
  assert.match(err, /^Error: The ciphertext was encrypted with a named key\nHint: Pass --key NAME/);
});

Deno.test("wrong flags are told before Nexus is called", async () => {
  const table: [string[], RegExp][] = [
    [key("set", "pay"), /^Error: Neither --min-version nor --retired is given/],
    [key("set", "pay", "--min-version", "0"), /^Error: Flag --min-version is "0", expected/],
    [key("set", "pay", "--retired", "yes"), /^Error: Flag --retired is "yes", expected true or/],
    [key("create"), /^Error: Missing required argument 'name'/],
    [key("list", "-f", "xml"), /^Error: Format is "xml"/],
    [["cipher", "encrypt", "--key", ""], /^Error: Flag --key is empty/],
    [["cipher", "encrypt", "--aad", "-"], /^Error: Input and --aad both read standard input/],
    [["cipher", "encrypt", "--aad", "x".repeat(4097)], /^Error: Additional data is 4097 bytes/],
    [["cipher", "encrypt", "--aad", "@/nowhere"], /^Error: File "\/nowhere" cannot be read/],
  ];
  for (const [args, message] of table) {
    const { code, err } = await spike(args);
    assert.equal(code, 1, args.join(" "));
    assert.match(err, message);
  }
});

Deno.test("what Nexus refuses is told in the words of these commands", async () => {
  const refusal = async (args: string[], code: ErrorCode) =>
    await spike(args, { nexus: refusing(code), stdin: HEADER });
  const missing = await refusal(key("rotate", "none"), "api_not_found");
  assert.equal(missing.code, 4);
  assert.match(missing.err, /^Error: Cipher key not found: "none"\n/);
  const decrypt = ["cipher", "decrypt", "--key", "none"];
  assert.match((await refusal(decrypt, "api_not_found")).err, /^Error: Cipher key not found: /);
  assert.match((await refusal(decrypt, "api_bad_request")).err, /did not accept the ciphertext/);
  const other = await refusal(decrypt, "cipher_not_authentic");
  assert.match(other.err, /^Error: Nexus could not decrypt the ciphertext with this key\n/);
  const retired = await refusal(decrypt, "cipher_key_retired");
  assert.match(retired.err, /is retired\nHint: .*`spike cipher key set none --retired false`/);
  for (const more of [[], ["--stream"], ["--plaintext", "aGk="]]) {
    const encrypt = await refusal(["cipher", "encrypt", "--key", "none", ...more], "api_not_found");
    assert.equal(encrypt.code, 4);
    assert.match(encrypt.err, /^Error: Cipher key not found: "none"\n/);
  }
  for (const args of [decrypt, key("rewrap", "none")]) {
    const old = await refusal(args, "crypto_unsupported_version");
    assert.equal(old.code, 2);
    assert.match(old.err, /^Error: Cipher key "none" does not decrypt the version of this cipher/);
    assert.match(old.err, /`spike cipher key set none --min-version N`/);
  }
});

Deno.test("a refusal with a reason is told by the reason", async () => {
  const table: [string[], ErrorCode, Reason, number, RegExp][] = [
    [
      key("create", "pay"),
      "entity_conflict",
      "key_exists",
      5,
      /A cipher key of this name already exists/,
    ],
    [
      key("create", "pay"),
      "entity_conflict",
      "keys_full",
      5,
      /has reached its limit of cipher keys/,
    ],
    [key("rotate", "pay"), "entity_conflict", "versions_full", 5, /reached its limit of versions/],
    [key("set", "pay", "--min-version", "9"), "api_bad_request", "lowest_version", 2, /newest ver/],
    [key("rewrap", "pay"), "api_bad_request", "too_long", 2, /longer than Nexus accepts/],
    [["cipher", "decrypt", "--key", "pay"], "api_bad_request", "too_long", 2, /longer than Nexus/],
    [
      ["cipher", "encrypt", "--key", "pay"],
      "state_not_ready",
      "key_used_up",
      6,
      /reached its limit of encryptions/,
    ],
  ];
  for (const [args, code, reason, exit, message] of table) {
    const ran = await spike(args, { nexus: refusing(code, reason), stdin: HEADER });
    assert.equal(ran.code, exit, args.join(" "));
    assert.match(ran.err, message);
  }
});

Deno.test("what can be the name of no key is told before Nexus is called", async () => {
  for (
    const args of [
      key("create", "a/b"),
      key("create", "default"),
      key("set", "-".repeat(3), "--retired", "true"),
      key("rotate", ""),
      key("list", "x".repeat(65)),
      key("rewrap", "ü"),
      ["cipher", "encrypt", "--key", "a b"],
      ["cipher", "decrypt", "--key", "default"],
    ]
  ) {
    const { code, err, calls } = await spike(args);
    assert.equal(code, 1, args.join(" "));
    assert.match(err, /^Error: (Key|Name|Unknown option)/, args.join(" "));
    assert.deepEqual(calls, []);
  }
});
