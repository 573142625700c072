/** Every command, given hostile text by everybody: what it prints for people stays on its lines and shows itself. */
import assert from "node:assert/strict";
import type { Command } from "commander";
import { SpikeError } from "../../lib/error/error.ts";
import { isPrintable } from "../../lib/text/printable.ts";
import { type Answering, type Outcome, spike } from "./fake_nexus.ts";
import { createProgram } from "./program.ts";
import { dataSink, textSink } from "./terminal/sink.ts";

/** Ends a line, clears a screen, sets a title, turns text around, hides: in all the ways there are. */
const EVIL =
  "evil\nFORGED\r\nFORGED\u0085FORGED\u2028FORGED\u2029FORGED\u000b\u000c\t\b\u0000\u001b[2J\u001b]0;x\u0007" +
  "\u009b31m\u007f\u061c\u200b\u200e\u200f\u202a\u202e\u2060\u2066\u2069\ufeff\u{e0041}";

const E = EVIL;
const version = { createdTime: E, version: 1, deletedTime: E, createdBy: E, deletedBy: E };
const decision = { allowed: false, by: E, role: E, policy: E };
const cipherKey = { key: E, id: E, version: 1, createdTime: E, updatedTime: E, encryptions: 1 };
const request = {
  n: E,
  time: E,
  kind: "request",
  operation: E,
  path: E,
  version: E,
  caller: { id: E },
  decision: E,
  by: E,
  name: E,
  status: E,
  code: E,
  us: E,
};
const RECORDS = [
  request,
  { n: 1, time: 1, kind: "change", revision: E, operation: E, caller: { id: E }, changes: [E] },
  { n: 2, time: 1, kind: "notice", event: E, detail: { [E]: E } },
  { kind: E },
].map((record) => JSON.stringify(record));

/** What Nexus answers at each place, in every text that an answer has. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  "/v1/store/secrets?get": { path: E, data: { [E]: E, b: E }, version: 1, expiresAt: E },
  "/v1/store/secrets?list": { keys: [E, E], expired: [E] },
  "/v1/store/secrets/metadata?get": {
    versions: { 1: version, 2: { ...version, version: 2, destroyedTime: E, destroyedBy: E } },
    metadata: {
      currentVersion: 1,
      oldestVersion: 1,
      createdTime: E,
      updatedTime: E,
      maxVersions: 1,
      expiresAt: E,
      custom: { [E]: E },
    },
  },
  "/v1/acl/policy?get": {
    id: E,
    name: E,
    spiffiedPattern: E,
    pathPattern: E,
    permissions: ["read"],
    createdAt: E,
    updatedAt: E,
  },
  "/v1/acl/policy?list": { policies: [{ id: E, name: E }] },
  "/v1/acl/policy?explain": {
    ...decision,
    policies: [E],
    missing: [E],
    misses: [{ policy: E, lacks: E, missing: [E] }, {
      policy: E,
      lacks: "permissions",
      missing: [E],
    }],
    omitted: 1,
    reason: E,
  },
  "/v1/acl/policy?who-can": {
    policies: [{ policy: E, spiffeidPattern: E, pathPattern: E, permissions: [E] }],
    roles: [{ role: E, spiffeids: [E] }],
    spiffeids: [{ spiffeid: E, ...decision }, { spiffeid: E, allowed: true, by: "id" }],
  },
  "/v1/cipher/keys?list": { keys: [cipherKey] },
  "/v1/cipher/keys?create": cipherKey,
  "/v1/cipher/keys?rotate": cipherKey,
  "/v1/cipher/keys?set": cipherKey,
  "/v1/status?": {
    version: E,
    state: "sealed",
    backend: "sqlite",
    storeId: E,
    keepers: [{ index: 1, url: E, state: "wrong", detail: E, lastSeen: E }],
    threshold: 2,
    shares: 3,
    generation: 1,
    recovery: { exported: true, exportedAt: E },
    sealed: { reason: E, by: E, since: E },
    backup: { at: E, revision: 1, bytes: 1, sha256: E },
    restored: { at: E, from: E, revision: 1, restores: 1, sha256: E },
    since: E,
    peers: [{ id: E, side: "made", protocol: E, cipher: E, lastSeen: E }],
  },
  "/v1/operator/keks?list": { keks: [{ generation: 1, createdTime: E, sealings: 1 }] },
  "/v1/operator/keks?rotate": { keks: [{ generation: 1, createdTime: E, sealings: 1 }] },
  "/v1/operator/verify?": {
    logs: [{ log: E, missing: true }, { log: E, findings: [{ record: 1, what: E, file: E }] }],
    rows: [{ kind: E, name: E, what: E }],
    findings: 2,
  },
  "/v1/operator/shards?refresh": { generation: 1, threshold: 1, shares: 2, promoted: [] },
  "/v1/operator/shards?reshare": { generation: 1, threshold: 1, shares: 2, promoted: [] },
  "/v1/operator/shards?rotate-root": { generation: 1, threshold: 1, shares: 2, keks: 1 },
  "/v1/audit?tail": { log: E, records: RECORDS },
  "/v1/audit?export": { log: E, keys: [E], checkpoint: E },
  "/v1/operator/recover?": {
    shards: { 1: [...E].map((_, i) => i) },
    manifest: { storeId: E, scheme: E, setId: E, commitments: { [E]: E }, exportedAt: E },
  },
  "/v1/operator/manifest?": { manifest: { storeId: E, scheme: E, setId: E }, past: [{ setId: E }] },
};

/** Arguments with which each command asks Nexus, or reads what it is given. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  "secret put": ["a/b", `k=${E}`],
  "secret get": ["a/b"],
  "secret list": [E],
  "secret delete": ["a/b"],
  "secret undelete": ["a/b"],
  "secret destroy": ["a/b", "--yes"],
  "secret purge": ["a/b", "--yes"],
  "secret copy": ["a/b", "a/c"],
  "secret move": ["a/b", "a/c"],
  "secret history": ["a/b"],
  "secret diff": ["a/b", "1", "2", "--show"],
  "secret metadata get": ["a/b"],
  "secret metadata set": ["a/b", "k=v"],
  "policy create": [
    ...["--name", "a", "--path-pattern", "^a$", "--spiffeid-pattern", "^spiffe://a.b/c$"],
    ...["--permissions", "read"],
  ],
  "policy apply": ["--file", E],
  "policy get": ["a"],
  "policy list": [],
  "policy delete": ["a", "--yes"],
  "policy explain": ["spiffe://a.b/c", "a/b"],
  "policy who-can": ["read", "a/b"],
  "policy lint": [],
  "policy test": [E],
  "cipher encrypt": ["--file", E],
  "cipher decrypt": ["--file", E],
  "cipher key create": ["a"],
  "cipher key rotate": ["a"],
  "cipher key set": ["a", "--retired", "true"],
  "cipher key list": [],
  "cipher key rewrap": ["a", "--file", E, "--out", "-"],
  "audit tail": [],
  "audit export": [],
  "audit verify": [E, "--key", E],
  "audit proof": [E, "--key", E, "--record", "1"],
  "operator recover": ["--plaintext", "--force"],
  "operator restore": [E],
  "operator drill": [E],
  "operator keygen": ["--out", `/nowhere/${E}`],
  "operator seal": ["--reason", "drill"],
  "operator unseal": [],
  "operator refresh": [],
  "operator reshare": ["--shares", "3"],
  "operator rotate-root": [],
  "operator verify": [],
  "operator kek list": [],
  "operator kek rotate": [],
  "operator backup": [`/nowhere/${E}`],
  "backup verify": [E],
  "backup restore": [E, `/nowhere/${E}`],
  "status": ["--verbose"],
  "doctor": [],
  "config show": [E],
  "completion": [E],
  "version": [],
  "put": ["a/b", "k=v"],
  "get": ["a/b"],
  "recover": [],
  "restore": [E],
};

function leaves(command: Command, name: readonly string[] = []): string[] {
  if (command.commands.length === 0) return [name.join(" ")];
  return command.commands.flatMap((child) => leaves(child, [...name, child.name()]));
}

const COMMANDS = leaves(createProgram({
  env: {},
  stdin: new Blob().stream(),
  stdout: dataSink(() => {}),
  stderr: textSink(() => {}),
  clock: () => 0,
  isTerminal: false,
  isOutputTerminal: false,
  readHidden: () => Promise.resolve(""),
  openSource: () => Promise.reject(new Error("unreachable")),
  createTransport: () => Promise.reject(new Error("unreachable")),
}));

/** Everything that one run printed is lines of this program, in characters that print. */
function assertPeaceful({ out, err }: Outcome, what: string): void {
  for (const line of `${out}\n${err}`.split("\n")) {
    assert.equal(isPrintable(line), true, `${what}: ${JSON.stringify(line)}`);
    assert.equal(line.startsWith("FORGED"), false, `${what}: ${line}`);
  }
}

const answering: Answering = (path, action) =>
  action === "stream"
    ? new Blob([EVIL.repeat(100)]).stream()
    : ANSWERS[`${path}?${action}`] ?? { version: 1 };

function argumentsOf(name: string): string[] {
  const given = ARGUMENTS[name];
  assert.ok(given, `Command ${name} has no arguments here: give some that make it print most`);
  return [...name.split(" "), ...given];
}

const DIRECTORY = Deno.makeTempDirSync();
globalThis.addEventListener("unload", () => Deno.removeSync(DIRECTORY, { recursive: true }));
const ENV = { SPIKE_PILOT_RECOVERY_DIR: `${DIRECTORY}/recover` };
/** `doctor` looks at the machine itself and has a test of its own. */
const RUN = COMMANDS.filter((name) => name !== "doctor");

Deno.test("no answer of Nexus leaves its lines, whatever the command", async () => {
  for (const name of RUN) {
    for (const isOutputTerminal of [true, false]) {
      const around = { nexus: answering, env: ENV, stdin: E, isOutputTerminal };
      // One value in a pipe is exact; everything else is for people.
      const outcome = await spike(argumentsOf(name), around);
      assertPeaceful(outcome, name);
      assert.doesNotMatch(outcome.err, /^Error: (Unknown|Too many|Missing|Flags)/, name);
    }
  }
});

Deno.test("no refusal of Nexus leaves its lines, whatever the command", async () => {
  const nexus = () => {
    throw new SpikeError("api_bad_request", E, { hint: E });
  };
  for (const name of RUN) {
    assertPeaceful(await spike(argumentsOf(name), { nexus, env: ENV, stdin: "" }), name);
  }
});

const ODD = [null, [], {}, "x", -1, 1e300, 0.5, true, [null], [[]], [{}], { 1: null }, { 1: {} }];
/** Bytes that are no answer at all. */
const NO_JSON = ["", "{", "[".repeat(50_000), '{"a":1}{"a":1}', "\ufeff{}", "\0"].map((text) =>
  new TextEncoder().encode(text)
);

/** Every member of a good answer in turn, holding what it cannot hold. */
function* spoilt(answer: unknown): Generator<unknown> {
  yield* [...ODD, ...NO_JSON, Uint8Array.of(0x22, 0xff, 0x22)];
  if (typeof answer !== "object" || answer === null) return;
  for (const member of Object.keys(answer)) {
    for (const odd of ODD) yield { ...answer, [member]: odd };
  }
}

Deno.test("no malformed answer of Nexus is more than an error with a code", async () => {
  for (const name of RUN) {
    const places = new Set<string>();
    await spike(argumentsOf(name), {
      nexus: (path, action, request) => {
        places.add(`${path}?${action}`);
        return answering(path, action, request);
      },
      env: ENV,
      stdin: "",
    });
    for (const place of places) {
      if (place.endsWith("?stream")) continue;
      for (const answer of spoilt(ANSWERS[place])) {
        const nexus: Answering = (path, action, request) =>
          `${path}?${action}` === place ? answer : answering(path, action, request);
        const outcome = await spike(argumentsOf(name), { nexus, env: ENV, stdin: "" });
        assert.ok(outcome.code >= 0 && outcome.code <= 6, name);
        assertPeaceful(outcome, name);
      }
    }
  }
});

Deno.test("no argument and no name of an option leaves its lines, whatever the command", async () => {
  for (const name of RUN) {
    const words = name.split(" ");
    for (const rest of [[E], [E, E, E], [`--${E}`], ["--format", E], [`-${E}`, E]]) {
      assertPeaceful(await spike([...words, ...rest], { nexus: answering, env: ENV }), name);
    }
  }
  for (const args of [[E], ["secret", E], ["help", E], ["--no-input", E], [`--${E}`]]) {
    assertPeaceful(await spike(args), "spike");
  }
});

Deno.test("no setting leaves its lines", async () => {
  const names = ["SPIKE_NEXUS_URL", "SPIKE_NEXUS_API_URL", "SPIKE_TRUST_ROOT", "SPIKE_CONFIG_FILE"];
  for (const name of [...names, "SPIFFE_ENDPOINT_SOCKET", "SPIKE_PILOT_RECOVERY_DIR", "HOME"]) {
    for (const args of [["config", "show"], ["config", "show", "nexus"], ["secret", "list"]]) {
      const outcome = await spike(args, { nexus: answering, env: { [name]: `/${E}` } });
      assertPeaceful(outcome, name);
    }
  }
});

Deno.test("no identity leaves its lines, and a question shows what it asks about", async () => {
  const typed = "n\n";
  for (
    const args of [["secret", "purge", "a/b"], ["policy", "delete", "a"], [
      "operator",
      "recover",
    ]]
  ) {
    assertPeaceful(await spike(args, { nexus: answering, env: ENV, typed }), args.join(" "));
  }
});

Deno.test("no file of policies leaves its lines", async () => {
  const document = (name: string) =>
    `name: ${JSON.stringify(name)}\nspiffeidPattern: ${JSON.stringify(E)}\n` +
    `pathPattern: ${JSON.stringify(E)}\npermissions: [${JSON.stringify(E)}]\n`;
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    for (
      const text of [
        document(E),
        `${document("a")}---\n${document("b")}`,
        `${JSON.stringify(E)}: 1\n`,
        E,
        `a: [\n${E}`,
        `cases:\n- id: ${JSON.stringify(E)}\n  path: a\n  permission: read\n  allowed: true\n`,
      ]
    ) {
      await Deno.writeTextFile(file, text);
      for (
        const args of [
          ["policy", "apply", "-f", file],
          ["policy", "apply", "-f", file, "--dry-run"],
          ["policy", "lint", file],
          ["policy", "test", file],
          ["operator", "drill", file],
          ["audit", "verify", ".", "--key", file],
        ]
      ) {
        assertPeaceful(await spike(args, { nexus: answering, env: ENV }), args.join(" "));
      }
    }
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("documents and pipes stay exact", async () => {
  const nexus: Answering = () => ({ data: { k: E }, version: 1 });
  const piped = await spike(["secret", "get", "a/b", "k"], { nexus });
  assert.equal(piped.out, `${E}\n`);
  const json = await spike(["secret", "get", "a/b", "-f", "json"], { nexus });
  assert.deepEqual(JSON.parse(json.out), { k: E });
  const { parse } = await import("yaml");
  const yaml = await spike(["secret", "get", "a/b", "-f", "yaml"], { nexus });
  assert.deepEqual(parse(yaml.out), { k: E });
  const forced = await spike(["secret", "get", "a/b", "k", "--out", "-"], {
    nexus,
    isOutputTerminal: true,
  });
  assert.equal(forced.out, E);
});

Deno.test("a value at a terminal is shown on one line, with a word on how to get its bytes", async () => {
  const nexus: Answering = () => ({ data: { k: "a\nb" }, version: 1 });
  const shown = await spike(["secret", "get", "a/b", "k"], { nexus, isOutputTerminal: true });
  assert.equal(shown.out, "a\\nb\n");
  assert.match(shown.err, /^Note: non-printable characters are escaped/);
});

Deno.test("an audit record is one line, whatever its path; a field with a comma stands in quotes", async () => {
  const nexus: Answering = () => ({
    records: [{ ...request, path: "x, superuser, granted" }, request].map((record) =>
      JSON.stringify({ ...record, n: 1, time: 0 })
    ),
  });
  const { out } = await spike(["audit", "tail"], { nexus });
  assert.equal(out.trimEnd().split("\n").length, 2);
  assert.match(out, /, "x, superuser, granted" version /);
});

Deno.test("an audit record that is not one object on one line is refused", async () => {
  for (const record of ["", "{", "7", "null", "[]", '{"a":1,\n"b":2}', "{}\n{}"]) {
    for (const format of ["human", "json", "yaml"]) {
      const nexus: Answering = () => ({ records: [record] });
      const { code, err } = await spike(["audit", "tail", "-f", format], { nexus });
      assert.equal(code, 2, record);
      assert.match(err, /^Error: Audit record 1 cannot be read/);
    }
  }
});
