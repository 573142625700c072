import assert from "node:assert/strict";
import type { Reason } from "../../../lib/error/error.ts";
import { type Answering, refusing, spike } from "../fake_nexus.ts";

const answering = (answer: unknown): Answering => () => answer;
const OK = answering({ version: 2 });

/** Bytes that are no text, and end like a line. */
const BYTES = Uint8Array.of(0xff, 0x00, 0x80, 0x0a);

async function inDirectory(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("bytes that are not text go from a file to Nexus, and from there to a file, as they are", () =>
  inDirectory(async (dir) => {
    await Deno.writeFile(`${dir}/in`, BYTES);
    const put = await spike(["secret", "put", "a", `key=@${dir}/in`], { nexus: OK });
    assert.equal(put.code, 0);
    const { binary } = put.calls[0]?.request as { binary: Record<string, string> };
    const nexus = answering({ data: {}, binary, version: 1 });
    const raw = await spike(["secret", "get", "a", "key", "-o", `${dir}/out`], { nexus });
    assert.deepEqual([raw.code, raw.out, raw.err], [0, "", ""]);
    assert.deepEqual(await Deno.readFile(`${dir}/out`), BYTES);
    assert.equal(((await Deno.stat(`${dir}/out`)).mode ?? 0) & 0o777, 0o600);
    const piped = await spike(["secret", "get", "a", "key"], { nexus });
    assert.deepEqual(piped.outBytes, [...BYTES]);
    const only = await spike(["secret", "get", "a", "--out", "-"], { nexus });
    assert.deepEqual(only.outBytes, [...BYTES]);
  }));

Deno.test("bytes do not go to a terminal unless that is meant", async () => {
  const nexus = answering({ data: {}, binary: { key: BYTES.toBase64() } });
  const shown = await spike(["secret", "get", "a", "key"], { nexus, isOutputTerminal: true });
  assert.equal(shown.code, 1);
  assert.deepEqual(shown.outBytes, []);
  assert.match(
    shown.err,
    /^Error: The output is binary, and standard output is a terminal\nHint: /,
  );
  const meant = await spike(["secret", "get", "a", "key", "-o", "-"], {
    nexus,
    isOutputTerminal: true,
  });
  assert.deepEqual(meant.outBytes, [...BYTES]);
});

Deno.test("a text that goes to a file has no line end added", () =>
  inDirectory(async (dir) => {
    const nexus = answering({ data: { k: "text" } });
    await spike(["secret", "get", "a", "k", "-o", `${dir}/out`], { nexus });
    assert.equal(await Deno.readTextFile(`${dir}/out`), "text");
    await spike(["secret", "get", "a", "-f", "json", "-o", `${dir}/out`], { nexus });
    assert.deepEqual(JSON.parse(await Deno.readTextFile(`${dir}/out`)), { k: "text" });
  }));

Deno.test("one value to write has to be named where there are several", async () => {
  const nexus = answering({ data: { a: "1", b: "2" } });
  const { code, err } = await spike(["secret", "get", "a", "-o", "-"], { nexus });
  assert.equal(code, 1);
  assert.match(
    err,
    /^Error: Secret has 2 keys, expected the name of one\nHint: Name a key/,
  );
});

Deno.test("get tells bytes from texts among all pairs", async () => {
  const nexus = answering({ data: { user: "ada" }, binary: { key: BYTES.toBase64() } });
  const human = await spike(["secret", "get", "a"], { nexus });
  assert.match(human.out, /^key: \(4 bytes that are not text; .*\)\nuser: ada\n$/);
  const json = await spike(["secret", "get", "a", "-f", "json"], { nexus });
  assert.deepEqual(JSON.parse(json.out), { key: { base64: "/wCACg==" }, user: "ada" });
});

Deno.test("get notes that a secret expires within a week, and not before", async () => {
  for (
    const [expiresAt, note] of [["2026-07-07T23:00:00Z", true], ["2026-07-09T00:00:00Z", false]]
  ) {
    const { err } = await spike(["secret", "get", "a"], {
      nexus: answering({ data: {}, expiresAt }),
    });
    assert.equal(err, note ? `Note: this secret expires at ${expiresAt}\n` : "");
  }
});

Deno.test("changes carry the version that they expect", async () => {
  const table: [string[], string, unknown][] = [
    [["put", "a", "k=v"], "/v1/store/secrets", { path: "a", values: { k: "v" } }],
    [["delete", "a"], "/v1/store/secrets?delete", { path: "a", versions: [] }],
    [["undelete", "a"], "/v1/store/secrets?undelete", { path: "a", versions: [] }],
    [["destroy", "a", "-y", "-v", "1,2"], "/v1/store/secrets?destroy", {
      path: "a",
      versions: [1, 2],
      report: true,
    }],
    [["purge", "a", "-y"], "/v1/store/secrets?purge", { path: "a" }],
    [["copy", "a", "b"], "/v1/store/secrets?copy", { from: "a", to: "b", version: 0 }],
    [["move", "a", "b", "-v", "3"], "/v1/store/secrets?move", { from: "a", to: "b", version: 3 }],
    [["metadata", "set", "a", "k=v"], "/v1/store/secrets/metadata?set", {
      path: "a",
      custom: { k: "v" },
    }],
  ];
  for (const [args, to, request] of table) {
    const plain = await spike(["secret", ...args], { nexus: OK });
    assert.deepEqual([plain.code, plain.out, plain.err], [0, "OK\n", ""], args.join(" "));
    assert.deepEqual(plain.calls, [{ to, request }]);
    const expecting = await spike(["secret", ...args, "--cas", "7"], { nexus: OK });
    assert.deepEqual(expecting.calls, [{ to, request: { ...request as object, cas: 7 } }]);
    const wrong = await spike(["secret", ...args, "--cas", "x"], { nexus: OK });
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /^Error: Expected version is "x", not a whole number\n/);
    assert.equal(wrong.calls.length, 0);
  }
});

Deno.test("a conflict ends with 5", async () => {
  const nexus: Answering = () => ({ err: "entity_conflict" });
  const { code, err } = await spike(["secret", "put", "a", "k=v", "--cas", "0"], { nexus });
  assert.equal(code, 5);
  assert.match(err, /^Error: The secret is not at the expected version; nothing was/);
});

Deno.test("what cannot be undone is asked for at a terminal, and done for --yes or a y only", async () => {
  for (const args of [["destroy", "a/b"], ["purge", "a/b"]]) {
    const agreed = await spike(["secret", ...args], { nexus: OK, typed: "y\n" });
    assert.deepEqual([agreed.code, agreed.out, agreed.calls.length], [0, "OK\n", 1]);
    assert.match(agreed.err, /^Destroy .* of a\/b.* permanently\? \(y\/N\): $/);
    const refused = await spike(["secret", ...args], { nexus: OK, typed: "n\n" });
    assert.deepEqual([refused.code, refused.calls.length], [130, 0]);
    // An answer that is piped was not given to this question.
    const piped = await spike(["secret", ...args], { nexus: OK, stdin: "y\n" });
    assert.deepEqual([piped.code, piped.calls.length], [1, 0]);
    const silent = await spike(["secret", ...args, "--no-input"], { nexus: OK, typed: "y\n" });
    assert.deepEqual([silent.code, silent.calls.length], [1, 0]);
  }
});

Deno.test("metadata set takes entries, and all else that can be set", async () => {
  const set = async (...args: string[]) =>
    await spike(["secret", "metadata", "set", "a", ...args], { nexus: OK, stdin: "from stdin" });
  const all = await set("owner=-", "--unset", "x", "--unset", "y", "--max-versions", "3");
  assert.deepEqual(all.calls[0]?.request, {
    path: "a",
    custom: { owner: "from stdin" },
    unset: ["x", "y"],
    maxVersions: 3,
  });
  const times: [string, string][] = [
    ["never", "never"],
    ["2d", "2026-07-03T00:00:00.000Z"],
    ["90m", "2026-07-01T01:30:00.000Z"],
    ["2027-01-31", "2027-01-31T00:00:00.000Z"],
    ["2027-01-31T12:00:00+02:00", "2027-01-31T10:00:00.000Z"],
  ];
  for (const [given, expiresAt] of times) {
    const { calls } = await set("--expires", given);
    assert.deepEqual(calls[0]?.request, { path: "a", expiresAt });
  }
});

Deno.test("metadata set refuses what cannot be set before Nexus is called", async () => {
  const table: [string[], RegExp][] = [
    [[], /^Error: Nothing to set\n/],
    [
      ["--expires", "soon"],
      /^Error: Expiry is "soon", expected a time, date, duration or never\nHint: /,
    ],
    [
      ["--expires", "2130-02-30"],
      /^Error: Expiry is "2130-02-30", expected a time, date, duration or never\nHint: /,
    ],
    [
      ["--expires", "2130-02-29T00:00:00Z"],
      /^Error: Expiry is .*, expected a time, date, duration or never\nHint: /,
    ],
    [
      ["--expires", "2130-04-31T12:00:00+02:00"],
      /^Error: Expiry is .*, expected a time, date, duration or never\nHint: /,
    ],
    [
      ["--expires", "2130-01-01T24:00:00Z"],
      /^Error: Expiry is .*, expected a time, date, duration or never\nHint: /,
    ],
    [
      ["--expires", "2130-01-01T12:00:00+24:00"],
      /^Error: Expiry is .*, expected a time, date, duration or never\nHint: /,
    ],
    [["--expires", "2027-13-01"], /^Error: Expiry is "2027-13-01"/],
    [["--expires", "2020-01-01"], /^Error: Expiry is "2020-01-01", which is in the past\nHint: /],
    [["--expires", "0d"], /^Error: Expiry is "0d", which is in the past/],
    [["--max-versions", "0"], /^Error: Number of versions is "0", expected 1 to 1000\n/],
    [["--max-versions", "1001"], /^Error: Number of versions is "1001", expected 1 to 1000\n/],
    [["a.b=x"], /^Error: Key "a.b" has a character/],
    [["a=" + "x".repeat(513)], /^Error: Entry "a" is 513 bytes long, at most 512/],
  ];
  for (const [args, message] of table) {
    const { code, err, calls } = await spike(["secret", "metadata", "set", "a", ...args]);
    assert.deepEqual([code, calls.length], [1, 0], args.join(" "));
    assert.match(err, message);
  }
});

const ADA = "spiffe://example.org/ada";
const HISTORY = answering({
  versions: {
    "1": {
      createdTime: "2026-01-01T00:00:00Z",
      version: 1,
      deletedTime: "2026-01-02T00:00:00Z",
      createdBy: ADA,
      deletedBy: ADA,
      destroyedTime: "2026-01-03T00:00:00Z",
      destroyedBy: "spiffe://example.org/bob",
    },
    "2": { createdTime: "2026-01-02T00:00:00Z", version: 2, deletedTime: null, createdBy: ADA },
    "3": {
      createdTime: "2026-01-03T00:00:00Z",
      version: 3,
      deletedTime: "2026-01-04T00:00:00Z",
      createdBy: ADA,
      deletedBy: ADA,
    },
  },
  metadata: {
    currentVersion: 2,
    oldestVersion: 2,
    createdTime: "2026-01-01T00:00:00Z",
    updatedTime: "2026-01-02T00:00:00Z",
    maxVersions: 10,
    expiresAt: "2027-01-01T00:00:00Z",
    custom: { owner: "web" },
  },
});

Deno.test("history tells who did what, the newest first", async () => {
  const { out, calls } = await spike(["secret", "history", "a"], { nexus: HISTORY });
  assert.equal(
    out,
    `3  deleted
   written 2026-01-03 00:00:00 UTC by ${ADA}
   deleted 2026-01-04 00:00:00 UTC by ${ADA}
2  current
   written 2026-01-02 00:00:00 UTC by ${ADA}
1  destroyed
   written 2026-01-01 00:00:00 UTC by ${ADA}
   destroyed 2026-01-03 00:00:00 UTC by spiffe://example.org/bob
`,
  );
  assert.deepEqual(calls[0]?.request, { path: "a", version: 0, all: true });
  const json = await spike(["secret", "history", "a", "-f", "json"], { nexus: HISTORY });
  const rows = JSON.parse(json.out) as { version: number; state: string }[];
  assert.deepEqual(rows.map(({ version, state }) => [version, state]), [
    [3, "deleted"],
    [2, "current"],
    [1, "destroyed"],
  ]);
});

Deno.test("metadata get tells authors, expiry and custom entries", async () => {
  const { out } = await spike(["secret", "metadata", "get", "a"], { nexus: HISTORY });
  const lines = out.split("\n").map((line) => line.replace(/ +/g, " "));
  assert.ok(lines.includes("Expires : 2027-01-01 00:00:00 UTC"));
  assert.ok(lines.includes("Custom : owner = web"));
  assert.match(
    out,
    /Destroyed: 2026-01-03 00:00:00 UTC\n {2}Destroyed by: spiffe:\/\/example\.org\/bob\n/,
  );
  const json = await spike(["secret", "metadata", "get", "a", "-f", "json"], { nexus: HISTORY });
  assert.deepEqual(JSON.parse(json.out), HISTORY("", "", {}));
});

/** Version 2 differs from version 1 in every way. */
const VERSIONS: Answering = (path, _action, { version }) => {
  if (path.endsWith("metadata")) return HISTORY("", "", {});
  const old = { data: { same: "1", gone: "secret-a", other: "secret-b" }, version: 1 };
  const now = { data: { same: "1", other: "secret-c" }, binary: { added: "/w==" }, version: 3 };
  return version === 1 || version === 2 ? old : now;
};

Deno.test("diff names what differs, and tells no value unless it is asked to", async () => {
  const masked = await spike(["secret", "diff", "a", "1", "3"], { nexus: VERSIONS });
  assert.equal(masked.out, "a: version 1 to version 3\n+ added\n- gone\n~ other\n");
  const shown = await spike(["secret", "diff", "a", "1", "3", "--show"], { nexus: VERSIONS });
  assert.equal(
    shown.out,
    'a: version 1 to version 3\n+ added: base64 /w==\n- gone: "secret-a"\n' +
      '- other: "secret-b"\n+ other: "secret-c"\n',
  );
  for (const format of ["json", "yaml"]) {
    const { out } = await spike(["secret", "diff", "a", "1", "3", "-f", format], {
      nexus: VERSIONS,
    });
    assert.doesNotMatch(out, /secret-|base64/);
    assert.match(out, /removed/);
  }
  const json = await spike(["secret", "diff", "a", "1", "3", "--show", "-f", "json"], {
    nexus: VERSIONS,
  });
  assert.deepEqual(JSON.parse(json.out)[1], { key: "gone", change: "removed", before: "secret-a" });
});

Deno.test("diff compares with the last version before that can be read", async () => {
  const { calls } = await spike(["secret", "diff", "a"], { nexus: VERSIONS });
  assert.deepEqual(calls.map(({ request }) => request["version"]), [0, 0, 2]);
  const same = await spike(["secret", "diff", "a", "1", "2"], { nexus: VERSIONS });
  assert.equal(same.out, "a: version 1 to version 1\nNo difference.\n");
  const none = await spike(["secret", "diff", "a", "5"], { nexus: refusing("api_not_found") });
  assert.equal(none.code, 4);
});

Deno.test("list takes a prefix, one level, and all pages; it marks what has expired", async () => {
  const pages: Answering = (_path, _action, { after }) =>
    after === undefined
      ? { keys: ["t/a/", "t/b"], expired: ["t/b"], next: "t/b" }
      : { keys: ["t/c"] };
  const { out, calls } = await spike(["secret", "list", "t/", "--level"], { nexus: pages });
  assert.equal(out, "- t/a/\n- t/b (expired)\n- t/c\n");
  const json = await spike(["secret", "list", "-f", "json"], { nexus: pages });
  assert.deepEqual(JSON.parse(json.out), ["t/a/", "t/b", "t/c"]);
  const long = await spike(["secret", "list", "--long", "-f", "json"], { nexus: pages });
  assert.deepEqual(JSON.parse(long.out), [
    { path: "t/a/", expired: false },
    { path: "t/b", expired: true },
    { path: "t/c", expired: false },
  ]);
  assert.deepEqual(calls.map(({ request }) => request), [
    { prefix: "t/", recursive: false },
    { prefix: "t/", recursive: false, after: "t/b" },
  ]);
});

Deno.test("a move onto the same path is refused before anything is asked of Nexus", async () => {
  const { code, err, calls } = await spike(["secret", "move", "a/b", "a/b"]);
  assert.equal(code, 1);
  assert.match(
    err,
    /^Error: A secret cannot be moved to its own path\nHint: To make an older version current again, run `spike secret copy` to/,
  );
  assert.deepEqual(calls, []);
});

Deno.test("versions that never were are named, with what became of the others, and end with 4", async () => {
  const nexus = answering({ version: 2, missing: [9, 77] });
  const table: [string[], RegExp][] = [
    [["delete", "a/b", "-v", "9,77"], /^Error: Secret "a\/b" has no version 9, 77; nothing was/],
    [["delete", "a/b", "-v", "1,9,0,77"], /77; deleted: version 1, the current version\n/],
    [
      ["destroy", "a/b", "-y", "-v", "1,9,77"],
      /77; destroyed: version 1\nHint: .*history a\/b`\n$/,
    ],
    [["undelete", "a/b", "-v", "1,9,77"], /77; brought back: version 1\n/],
  ];
  for (const [args, message] of table) {
    const { code, out, err, calls } = await spike(["secret", ...args], { nexus });
    assert.deepEqual([code, out], [4, ""], args.join(" "));
    assert.match(err, message);
    assert.equal(calls[0]?.request["report"], true);
  }
});

Deno.test("what cannot be read says why, and how it comes back", async () => {
  const table: [Reason, string[], RegExp][] = [
    [
      "expired",
      [],
      /^Error: Secret "a" has expired and cannot be read again\nHint: Store a .*`spike secret put a`\n/,
    ],
    [
      "deleted",
      [],
      /^Error: Secret "a" is deleted\nHint: Run `spike secret undelete a` to restore it/,
    ],
    ["deleted", ["-v", "2"], /^Error: Version 2 of secret "a" is deleted\nHint: .*a --versions 2`/],
    [
      "destroyed",
      ["-v", "2"],
      /^Error: Version 2 of secret "a" was destroyed and cannot be restored\nHint: .*hist/,
    ],
  ];
  for (const [reason, args, message] of table) {
    const nexus = refusing("api_not_found", reason);
    const { code, err } = await spike(["secret", "get", "a", ...args], { nexus });
    assert.equal(code, 4);
    assert.match(err, message);
  }
});

Deno.test("a path that looks like another is written as it stands, with a note; a reserved one is not", async () => {
  for (const path of ["/a/b", "a//b", "a/./b", "a/b/"]) {
    const { code, err, calls } = await spike(["secret", "put", path, "k=v"], { nexus: OK });
    assert.equal(code, 0);
    assert.equal(err, `Note: the path is ${JSON.stringify(path)}, which is not "a/b"\n`);
    assert.equal(calls[0]?.request["path"], path);
  }
  for (const args of [["put", "spike/system/acl", "k=v"], ["copy", "a", "spike/system/x"]]) {
    const { code, err, calls } = await spike(["secret", ...args]);
    assert.deepEqual([code, calls.length], [1, 0]);
    assert.match(err, /^Error: Path "spike\/system\/\w+" is reserved for the system\nHint: /);
  }
});
