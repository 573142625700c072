import assert from "node:assert/strict";
import { type Answering, refusing, spike } from "../fake_nexus.ts";

const answering = (answer: unknown): Answering => () => answer;

/** The request of the only call. */
async function putOf(args: string[], stdin: string | Uint8Array = "") {
  const outcome = await spike(["secret", "put", "a/b", ...args], { nexus: answering({}), stdin });
  return { ...outcome, request: outcome.calls[0]?.request };
}

Deno.test("put takes a value from standard input, its bytes kept, with a note about a last newline", async () => {
  const kept = await putOf(["k=-"], "two\nlines\r\n");
  assert.deepEqual(kept.request, { path: "a/b", values: { k: "two\nlines\r\n" } });
  assert.equal(kept.err, 'Note: the value of "k" ends with a newline, which is kept\n');
  const marked = await putOf(["k=-"], "\ufeff\u0000é");
  assert.deepEqual(marked.request, { path: "a/b", values: { k: "\ufeff\u0000é" } });
  assert.equal(marked.err, "");
});

Deno.test("standard streams are taken by their paths, too", async () => {
  const nexus: Answering = (path) => path.startsWith("/v1/cipher") ? Uint8Array.of(1, 2) : {};
  const put = await spike(["secret", "put", "a", "k=@/dev/stdin"], { nexus, stdin: "v" });
  assert.deepEqual(put.calls[0]?.request["values"], { k: "v" });
  const args = ["cipher", "encrypt", "-f", "/dev/stdin", "-o", "/dev/stdout"];
  const encrypted = await spike(args, { nexus, stdin: "v" });
  assert.deepEqual(encrypted.outBytes, [1, 2]);
});

Deno.test("put takes a value from a file", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "from a file");
    const { request } = await putOf([`k=@${path}`, "other=1"]);
    assert.deepEqual(request, { path: "a/b", values: { k: "from a file", other: "1" } });
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("put refuses everything when one pair is wrong, before Nexus is called", async () => {
  const table: [string[], number, RegExp][] = [
    [["good=1", "bad"], 1, /^Error: Pair 2 has no =, expected key=value; nothing was written\n/],
    [["=x"], 1, /^Error: Pair 1 has no key before its =/],
    [["a=-", "b=-"], 1, /^Error: Keys a and b both read standard input/],
    [["a=1", "a=2"], 1, /^Error: Key "a" is given twice/],
    [["tls.crt=1"], 1, /^Error: Key "tls.crt" has a character that is not allowed\nHint: /],
    [
      ["k=@/nowhere/at/all"],
      1,
      /^Error: File "\/nowhere\/at\/all" cannot be read: it does not exist\n/,
    ],
  ];
  for (const [pairs, expected, message] of table) {
    const { code, out, err } = await spike(["secret", "put", "a/b", ...pairs]);
    assert.equal(code, expected, pairs.join(" "));
    assert.equal(out, "");
    assert.match(err, message);
  }
});

Deno.test("a pair without = is not repeated, as it may be a value", async () => {
  const { err } = await spike(["secret", "put", "a/b", "hunter2"]);
  assert.doesNotMatch(err, /hunter2/);
});

Deno.test("put keeps bytes that are not text as they are, and refuses too many of them", async () => {
  const binary = await putOf(["k=-", "user=ada"], Uint8Array.of(0x66, 0xff));
  assert.deepEqual([binary.code, binary.err], [0, ""]);
  assert.deepEqual(binary.request, { path: "a/b", values: { user: "ada" }, binary: { k: "Zv8=" } });
  const large = await putOf(["k=-"], new Uint8Array(1024 * 1024 + 1));
  assert.equal(large.code, 1);
  assert.match(large.err, /^Error: Value of key "k" is longer than 1048576 bytes/);
});

Deno.test("a path that Nexus would refuse is refused here", async () => {
  for (const path of ["a b", "a:b", "", "x".repeat(501)]) {
    for (const command of [["put", path, "k=v"], ["get", path], ["delete", path]]) {
      const { code, err } = await spike(["secret", ...command]);
      assert.equal(code, 1, path);
      assert.match(err, /^Error: Path /);
    }
  }
});

const SECRET = answering({
  data: { b: "2", __proto__: null, a: "line 1\nline 2", "10": "ten", "9": "nine" },
});

Deno.test("get prints the pairs sorted, one value alone, or a document", async () => {
  const human = await spike(["secret", "get", "a/b"], { nexus: SECRET });
  assert.equal(human.out, "10: ten\n9: nine\na: line 1\\nline 2\nb: 2\n");
  assert.deepEqual(human.calls, [{
    to: "/v1/store/secrets?get",
    request: { path: "a/b", version: 0 },
  }]);
  const one = await spike(["secret", "get", "a/b", "b", "-v", "3"], { nexus: SECRET });
  assert.equal(one.out, "2\n");
  assert.deepEqual(one.calls[0]?.request, { path: "a/b", version: 3 });
  const json = await spike(["secret", "get", "a/b", "-f", "j"], { nexus: SECRET });
  assert.equal(
    json.out,
    '{\n    "10": "ten",\n    "9": "nine",\n    "a": "line 1\\nline 2",\n    "b": "2"\n}\n',
  );
  const word = await spike(["secret", "get", "a/b", "b", "--format", "json"], { nexus: SECRET });
  assert.equal(word.out, '"2"\n');
  const yaml = await spike(["secret", "get", "a/b", "-f", "yaml"], { nexus: SECRET });
  assert.equal(yaml.out, '"10": ten\n"9": nine\na: |-\n  line 1\n  line 2\nb: "2"\n');
});

Deno.test("what is not found ends with 4 and says what was asked for", async () => {
  const key = await spike(["secret", "get", "a/b", "nope"], { nexus: SECRET });
  assert.equal(key.code, 4);
  assert.equal(key.out, "");
  assert.match(key.err, /^Error: Key not found\.\nHint: Secret "a\/b" has no key "nope"\n$/);
  const nexus = refusing("api_not_found");
  const secret = await spike(["secret", "get", "a/b", "-v", "7"], { nexus });
  assert.equal(secret.code, 4);
  assert.match(secret.err, /^Error: Version not found: 7 of secret "a\/b"\nHint: .*history a\/b`/);
  assert.equal((await spike(["secret", "undelete", "a/b"], { nexus })).code, 4);
  assert.equal((await spike(["secret", "delete", "a/b"], { nexus })).code, 4);
});

Deno.test("delete and undelete take versions with blanks around them, and none by default", async () => {
  const nexus = answering({});
  const some = await spike(["secret", "delete", "a", "-v", "1, 2,0"], { nexus });
  assert.equal(some.out, "OK\n");
  assert.deepEqual(some.calls, [{
    to: "/v1/store/secrets?delete",
    request: { path: "a", versions: [1, 2, 0], report: true },
  }]);
  const none = await spike(["secret", "undelete", "a"], { nexus });
  assert.deepEqual(none.calls, [{
    to: "/v1/store/secrets?undelete",
    request: { path: "a", versions: [] },
  }]);
  for (const wrong of ["-1", "x", "1,,2", "1.0"]) {
    const { code, err } = await spike(["secret", "delete", "a", `--versions=${wrong}`]);
    assert.equal(code, 1);
    assert.match(err, /^Error: Version is /);
  }
});

const METADATA = answering({
  versions: {
    "1": {
      createdTime: "2026-01-02T03:04:05.123Z",
      version: 1,
      deletedTime: "2026-01-03T00:00:00Z",
    },
    "2": { createdTime: "2026-01-03T00:00:01Z", version: 2, deletedTime: null },
  },
  metadata: {
    currentVersion: 2,
    oldestVersion: 1,
    createdTime: "2026-01-02T03:04:05Z",
    updatedTime: "2026-01-03T00:00:01Z",
    maxVersions: 10,
  },
});

Deno.test("metadata prints the secret and its versions", async () => {
  const { out } = await spike(["secret", "metadata", "get", "a"], { nexus: METADATA });
  const rule = "-".repeat(50);
  assert.equal(
    out,
    `
Metadata:
${rule}
Current Version : 2
Oldest Version  : 1
Created Time    : 2026-01-02 03:04:05 UTC
Last Updated    : 2026-01-03 00:00:01 UTC
Max Versions    : 10
${rule}

Secret Versions:
${rule}
Version 1:
  Created: 2026-01-02 03:04:05 UTC
  Deleted: 2026-01-03 00:00:00 UTC
${rule}
Version 2:
  Created: 2026-01-03 00:00:01 UTC
${rule}
`,
  );
});

Deno.test("metadata as a document has the wire's names, in YAML in lower case", async () => {
  const json = await spike(["secret", "metadata", "get", "a", "-f", "json"], { nexus: METADATA });
  assert.deepEqual(JSON.parse(json.out), METADATA("", "", {}));
  const yaml = await spike(["secret", "metadata", "get", "a", "-f", "yaml"], { nexus: METADATA });
  assert.match(yaml.out, /^versions:\n {2}1:\n {4}createdtime: "2026-01-02T03:04:05\.123Z"\n/);
  assert.match(yaml.out, /\nmetadata:\n {2}currentversion: 2\n/);
});

Deno.test("a value from an empty input is stored, and said to be empty", async () => {
  const piped = await spike(["secret", "put", "a/b", "token=-"], { nexus: () => ({}) });
  assert.deepEqual(piped.calls[0]?.request["values"], { token: "" });
  assert.equal(piped.out, "OK\n");
  assert.equal(piped.err, 'Note: stored key "token": 0 bytes (standard input was empty)\n');
  const file = await Deno.makeTempFile();
  try {
    const { err } = await spike(["secret", "put", "a/b", `k=@${file}`], { nexus: () => ({}) });
    assert.equal(err, 'Note: stored key "k": 0 bytes (the file was empty)\n');
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a value at a terminal is asked for and hidden, and what was stored is said", async () => {
  const nexus = () => ({});
  const { err, calls, out } = await spike(["secret", "put", "a/b", "pin=-"], {
    nexus,
    typed: "s\u00e9cret",
  });
  assert.deepEqual(calls[0]?.request["values"], { pin: "s\u00e9cret" });
  assert.equal(out, "OK\n");
  assert.equal(
    err,
    'Enter value of "pin" (hidden): \nNote: stored key "pin": 7 bytes, as typed\n',
  );
  const none = await spike(["secret", "put", "a/b", "pin=-"], { nexus, typed: "" });
  assert.match(none.err, /\nNote: stored key "pin": 0 bytes, as typed\n$/);
  const forbidden = await spike(["--no-input", "secret", "put", "a/b", "pin=-"], { typed: "x" });
  assert.equal(forbidden.code, 1);
});

Deno.test("nothing is said to be stored where Nexus refused it", async () => {
  const { code, err } = await spike(["secret", "put", "a/b", "k=-"], {
    nexus: refusing("access_unauthorized"),
  });
  assert.equal(code, 3);
  assert.doesNotMatch(err, /stored/);
});

Deno.test("an argument that is not UTF-8 is refused before anything is sent, wherever it stands", async () => {
  for (
    const [args, position] of [
      [["secret", "put", "a/b", "k=x\ufffd"], 4],
      [["secret", "put", "a\ufffd", "k=v"], 3],
      [["secret", "put", "a", "k\ufffd=v"], 4],
      [["secret", "get", "a", "--out", "f\ufffd"], 5],
      [["policy", "get", "\ufffd"], 3],
      [["\ufffd"], 1],
    ] as const
  ) {
    const { code, err, calls } = await spike(args);
    assert.equal(code, 1);
    assert.deepEqual(calls, []);
    assert.match(err, new RegExp(`^Error: Argument ${position} is not valid UTF-8, or contains U`));
    assert.match(err, /\nHint: .*key=@file or key=-\n$/);
    assert.doesNotMatch(err, /\ufffd/);
  }
});
