import assert from "node:assert/strict";
import { SpikeError } from "../../lib/error/error.ts";
import { VERSION } from "../../lib/version.ts";
import { refusing, spike } from "./fake_nexus.ts";

const COMMANDS = [
  [],
  ["secret"],
  ["secret", "put"],
  ["secret", "get"],
  ["secret", "list"],
  ["secret", "delete"],
  ["secret", "undelete"],
  ["secret", "destroy"],
  ["secret", "purge"],
  ["secret", "copy"],
  ["secret", "move"],
  ["secret", "history"],
  ["secret", "diff"],
  ["secret", "metadata"],
  ["secret", "metadata", "get"],
  ["secret", "metadata", "set"],
  ["policy"],
  ["policy", "create"],
  ["policy", "apply"],
  ["policy", "list"],
  ["policy", "get"],
  ["policy", "delete"],
  ["policy", "explain"],
  ["policy", "who-can"],
  ["policy", "lint"],
  ["policy", "test"],
  ["cipher"],
  ["cipher", "encrypt"],
  ["cipher", "decrypt"],
  ["cipher", "key"],
  ["cipher", "key", "create"],
  ["cipher", "key", "rotate"],
  ["cipher", "key", "set"],
  ["cipher", "key", "list"],
  ["cipher", "key", "rewrap"],
  ["audit"],
  ["audit", "tail"],
  ["audit", "verify"],
  ["audit", "proof"],
  ["audit", "export"],
  ["operator"],
  ["operator", "recover"],
  ["operator", "restore"],
  ["operator", "drill"],
  ["operator", "keygen"],
  ["operator", "seal"],
  ["operator", "unseal"],
  ["operator", "refresh"],
  ["operator", "reshare"],
  ["operator", "rotate-root"],
  ["operator", "kek"],
  ["operator", "kek", "list"],
  ["operator", "kek", "rotate"],
  ["operator", "verify"],
  ["operator", "backup"],
  ["backup"],
  ["backup", "verify"],
  ["backup", "restore"],
  ["status"],
  ["doctor"],
  ["config"],
  ["config", "show"],
  ["completion"],
  ["version"],
];

const GROUPS = [
  "",
  "secret",
  "secret metadata",
  "policy",
  "cipher",
  "cipher key",
  "audit",
  "operator",
  "operator kek",
  "backup",
  "config",
];

Deno.test("help of every command fits a screen and needs no settings, identity or server", async () => {
  for (const command of COMMANDS) {
    const env = { SPIFFE_ENDPOINT_SOCKET: "nonsense", SPIKE_NEXUS_API_URL: "nonsense" };
    const { code, out, err } = await spike([...command, "--help"], { env });
    assert.deepEqual({ code, err }, { code: 0, err: "" }, command.join(" "));
    assert.match(out, /^Usage: spike /);
    assert.ok(out.split("\n").length <= 30, command.join(" "));
    assert.ok(out.split("\n").every((line) => line.length <= 100), command.join(" "));
  }
});

Deno.test("help of every command that does something ends with an example of it", async () => {
  const doing = COMMANDS.filter((command) => !GROUPS.includes(command.join(" ")));
  for (const command of doing) {
    const { out } = await spike([...command, "--help"]);
    const shown = out.slice(out.lastIndexOf("\nExample:\n"));
    assert.match(shown, new RegExp(`^\nExample:\n  \\$ .*spike ${command.join(" ")}`), shown);
  }
});

Deno.test("help tells defaults as they are typed, and goes on with a long example", async () => {
  for (const command of COMMANDS) {
    const { out } = await spike([...command, "--help"]);
    assert.doesNotMatch(out, /default: ["[]/, command.join(" "));
    assert.doesNotMatch(out, /\$ {2,}/, command.join(" "));
  }
  const { out } = await spike(["secret", "diff", "--help"]);
  assert.match(out, /\n {2}to +Version; 0 is the current version \(default: 0\)\n/);
});

Deno.test("help names a command at any depth, and what is none is told", async () => {
  for (const command of [["secret"], ["secret", "put"], ["cipher", "key", "list"]]) {
    const { code, out } = await spike(["help", ...command]);
    assert.equal(code, 0);
    assert.equal(out, (await spike([...command, "--help"])).out);
  }
  const { code, err } = await spike(["help", "secret", "x"]);
  assert.equal(code, 1);
  assert.match(err, /^Error: Unknown command 'x'/);
});

Deno.test("without arguments the help is printed", async () => {
  const bare = await spike([]);
  assert.equal(bare.code, 0);
  assert.equal(bare.out, (await spike(["--help"])).out);
  assert.doesNotMatch(bare.out, /^ {2}(put|get|recover|restore)\b/m);
});

Deno.test("a group without a command prints its help as talk and ends with 1", async () => {
  const { code, out, err } = await spike(["secret"]);
  assert.equal(code, 1);
  assert.equal(out, "");
  assert.match(err, /^Usage: spike secret/);
});

Deno.test("usage errors end with 1, once, on standard error", async () => {
  const table: [string[], string][] = [
    [["sercet"], "Error: Unknown command 'sercet'\nHint: Did you mean secret?\n"],
    [["frobnicate"], "Error: Unknown command 'frobnicate'\nHint: See `spike --help`\n"],
    [["secret", "x"], "Error: Unknown command 'x'\nHint: See `spike secret --help`\n"],
    [
      ["secret", "get"],
      "Error: Missing required argument 'path'\nHint: See `spike secret get --help`\n",
    ],
    [
      ["cipher", "key", "list", "-x"],
      "Error: Unknown option '-x'\nHint: See `spike cipher key list --help`\n",
    ],
    [
      ["secret", "get", "a", "-f", "xml"],
      'Error: Format is "xml", expected human, json or yaml\n' +
      "Hint: Short forms are h, plain, p, j and y\n",
    ],
    [
      ["secret", "get", "a", "-v", "two"],
      'Error: Version is "two", expected a whole number\nHint: 0 is the current version\n',
    ],
  ];
  for (const [args, message] of table) {
    const { code, out, err } = await spike(args);
    assert.deepEqual({ code, out, err }, { code: 1, out: "", err: message });
  }
  const tooMany = await spike(["secret", "list", "prefix", "more"]);
  assert.equal(tooMany.code, 1);
  assert.match(tooMany.err, /^Error: Too many arguments/);
});

Deno.test("the version is printed in each of its forms", async () => {
  assert.equal((await spike(["version"])).out, `spike ${VERSION}\n`);
  assert.equal((await spike(["--version"])).out, `spike ${VERSION}\n`);
  assert.deepEqual(JSON.parse((await spike(["version", "-f", "json"])).out), { version: VERSION });
});

Deno.test("a command may have a --version of its own", async () => {
  const nexus = () => ({ data: { k: "v" } });
  const { out, calls } = await spike(["secret", "get", "a", "--version", "3"], { nexus });
  assert.equal(out, "k: v\n");
  assert.deepEqual(calls[0]?.request, { path: "a", version: 3 });
});

Deno.test("no help has colours or other control characters", async () => {
  for (const command of COMMANDS) {
    const { out } = await spike([...command, "--help"], { env: { FORCE_COLOR: "1" } });
    assert.ok([...out].every((character) => character >= " " || character === "\n"));
  }
});

Deno.test("--no-input is taken by every command, before its name or after it", async () => {
  const nexus = () => ({ keys: [] });
  for (const args of [["--no-input", "secret", "list"], ["secret", "list", "--no-input"]]) {
    assert.equal((await spike(args, { nexus })).code, 0);
  }
});

Deno.test("with --no-input nobody is waited for at a terminal", async () => {
  const asking = [
    ["secret", "put", "a", "k=-"],
    ["operator", "restore"],
    ["policy", "delete", "web"],
    ["policy", "apply", "--file", "-"],
    ["cipher", "encrypt"],
    ["cipher", "decrypt"],
  ];
  for (const args of asking) {
    for (const all of [["--no-input", ...args], [...args, "--no-input"]]) {
      const { code, out, err } = await spike(all, { typed: "y\n" });
      assert.deepEqual({ code, out }, { code: 1, out: "" }, all.join(" "));
      assert.match(err, /^Error: (Confirmation required|No )/, all.join(" "));
    }
  }
});

Deno.test("each refusal of Nexus has its exit code and says what to do", async () => {
  const table = [
    ["access_unauthorized", 3, /^Error: Nexus denied access to spiffe:\/\/spike\.ist\/web\nHint: /],
    ["state_not_ready", 6, /^Error: Nexus is not ready: it has no root key yet\nHint: Wait/],
    ["api_bad_request", 2, /^Error: Nexus refused the request as invalid\nHint: /],
  ] as const;
  for (const [code, exit, message] of table) {
    const outcome = await spike(["secret", "list"], {
      nexus: refusing(code),
      id: "spiffe://spike.ist/web",
    });
    assert.equal(outcome.code, exit);
    assert.equal(outcome.out, "");
    assert.match(outcome.err, message);
  }
});

Deno.test("why Nexus is not ready is told where it says so", async () => {
  const table = [
    [
      "sealed",
      /^Error: Nexus is sealed .*\nHint: .*run `spike operator unseal`/,
    ],
    [
      "provisional",
      /^Error: Nexus is not ready: its root key is not verified yet\nHint: .*bootstrap/,
    ],
    ["database_lost", /^Error: Nexus has an empty database, .*\nHint: Restore the database/],
    ["busy", /^Error: Nexus has reached its limit of request bodies .*\nHint: Retry/],
  ] as const;
  for (const [reason, message] of table) {
    for (const args of [["secret", "get", "a"], ["policy", "list"], ["cipher", "encrypt"]]) {
      const { code, err } = await spike(args, { nexus: refusing("state_not_ready", reason) });
      assert.equal(code, 6);
      assert.match(err, message);
    }
  }
});

Deno.test("wrong settings are told before an identity is awaited", async () => {
  const env = { SPIKE_NEXUS_API_URL: "http://nexus", SPIKE_SPIFFE_SOURCE_TIMEOUT: "soon" };
  const { code, err } = await spike(["secret", "list"], { env });
  assert.equal(code, 1);
  assert.match(err, /^Error: 2 settings are invalid:\n/);
});

Deno.test("the short names of old documents still work", async () => {
  const nexus = () => ({ data: { k: "v" } });
  assert.equal((await spike(["put", "a", "k=v"], { nexus })).out, "OK\n");
  assert.equal((await spike(["get", "a", "k"], { nexus })).out, "v\n");
});

Deno.test("a bug is thrown, not told as if it were the caller's mistake", async () => {
  const nexus = () => {
    throw new TypeError("bug");
  };
  await assert.rejects(spike(["secret", "list"], { nexus }), TypeError);
});

Deno.test("a missing identity ends with 6", async () => {
  const { runPilot } = await import("./run.ts");
  const { dataSink, textSink } = await import("./terminal/sink.ts");
  let told = "";
  const code = await runPilot(["secret", "list"], {
    env: {},
    stdin: new Blob().stream(),
    stdout: dataSink(() => {}),
    stderr: textSink((text) => told += text),
    clock: () => 0,
    isTerminal: false,
    isOutputTerminal: false,
    readHidden: () => Promise.resolve(""),
    openSource: () => {
      throw new SpikeError("spiffe_unable_to_fetch_x509_source", "No X.509-SVID within 10 s");
    },
    createTransport: () => Promise.reject(new Error("unreachable")),
  });
  assert.equal(code, 6);
  assert.equal(told, "Error: No X.509-SVID within 10 s\n");
});
