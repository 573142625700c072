/** Whatever file, directory, pipe or limit a command meets, it ends with one error for a person and no stack trace. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { formatKey } from "../../lib/audit/mod.ts";
import { spikeProgram } from "../../scripts/program.ts";

const KEEPERS = "https://k1:1,https://k2:2,https://k3:3";

/** A command line for `sh`, in a directory with the files below; `spike` is the program. */
type Row = readonly [line: string, expected: RegExp, code?: number];

const TABLE: readonly Row[] = [
  // Inputs that are not what they ought to be.
  ["spike secret put a/b k=- < .", /^Error: Standard input cannot be read: it is a directory\n/],
  ["spike policy apply -f - < .", /^Error: Standard input cannot be read: it is a directory\n/],
  ["spike operator restore < .", /^Error: Standard input cannot be read: it is a directory\n/],
  [
    "spike cipher encrypt --out x < .",
    /^Error: Standard input cannot be read: it is a directory\n/,
  ],
  ["spike secret purge a < .", /^Error: /],
  ["spike secret put a/b k=@.", /^Error: File "\." cannot be read: it is a directory\n/],
  ["spike secret put a/b k=@/dev/zero", /^Error: Value of key "k" is longer than 1048576 bytes/],
  ["spike secret put a/b k=@", /^Error: File "" cannot be read: /],
  ["spike policy test deep.yaml", /^Error: deep\.yaml:1: YAML is not valid/],
  ["SPIKE_CONFIG_FILE=deep.yaml spike secret list", /^Error: deep\.yaml:1: YAML is not valid/],
  ["SPIKE_CONFIG_FILE=/dev/zero spike secret list", /^Error: Settings file .* is longer than/],
  ["SPIKE_CONFIG_FILE=. spike secret list", /^Error: Settings file "\." cannot be read/],
  ["SPIKE_CONFIG_FILE=key.pem spike secret list", /^Error: key\.pem:?\d*: (?!.*MC4CAQ)/],
  ["spike audit verify file --key file", /^Error: Line 1 of "file" is not a public key/],
  ["spike audit verify . --key /dev/zero", /^Error: .* is longer than/],
  ["spike audit proof . --key file --check proof.json", /^Error: /],
  ["spike audit export --records file", /^Error: /],
  ["spike audit export --records logs", /^$/, 0],
  ["spike audit verify logs --key key.txt", /^Error: /, 2],
  ["spike audit proof logs --key key.txt --record 0", /^Error: /, 2],
  ["spike audit proof logs --key key.txt --check proof.json", /^Error: File .* is not a proof/],
  [
    "spike backup verify file --manifest /dev/zero",
    /^Error: The backup does not verify: 1 finding\n/,
    2,
  ],
  [
    "spike backup verify . --manifest file",
    /^Error: The backup does not verify/,
    2,
  ],
  ["spike operator drill deep.json --offline", /^Error: /],
  ["spike operator keygen --out .", /^Error: File "\." cannot be written: it is a directory\n/],
  [
    "spike dev kill nexus --dir broken",
    /^Error: File .*supervisor\.json was not written by a supervisor/,
  ],
  // Servers.
  [
    `spike nexus --data-dir "$PWD/file" --keeper-peers ${KEEPERS}`,
    /^Error: Data directory .*file" cannot be made: a part of its path is not a directory\n/,
  ],
  [`spike nexus --data-dir "$PWD/file/x" --keeper-peers ${KEEPERS}`, /^Error: /],
  ["spike nexus --config-file .", /^Error: Settings file "\." cannot be read/],
  ["spike keeper --config-file /dev/zero", /^Error: Settings file .* is longer than/],
  // Text that is not UTF-8.
  [`spike secret put a "k=$(printf 'a\\377')"`, /^Error: Argument 4 is not valid UTF-8/],
  [`spike nexus "$(printf '\\355\\240\\200')"`, /^Error: Argument 2 is not valid UTF-8/],
  [`spike dev "$(printf '\\377')"`, /^Error: Argument 2 is not valid UTF-8/],
  [
    `SPIKE_NEXUS_URL="$(printf '\\377')" spike secret list`,
    /^Error: Variable SPIKE_NEXUS_URL is not valid UTF-8 text\n/,
  ],
  [
    `SPIKE_DATA_DIR="$(printf '\\377')" spike nexus --check-config`,
    /^Error: Variable SPIKE_DATA_DIR is not valid UTF-8 text\n/,
  ],
  [
    `mkdir -p dir && touch "dir/$(printf 'x\\377').yaml" && spike policy lint dir`,
    /^Error: Name of "dir\/.*" is not UTF-8\n/,
  ],
  // Names that every object has.
  ["spike constructor", /^Error: Unknown command 'constructor'\n/],
  ["spike secret __proto__", /^Error: Unknown command '__proto__'\n/],
  ["spike config show toString", /^Error: Role is "toString"/],
  // Output that nobody takes.
  ["spike --help > /dev/full", /^Error: Standard output cannot be written: No space left/],
  ["spike completion bash > /dev/full", /^Error: Standard output cannot be written: No space/],
  ["spike nexus --help > /dev/full", /^Error: Standard output cannot be written: No space/],
  ["spike dev --help > /dev/full", /^Error: Standard output cannot be written: No space/],
  ["spike --help >&-", /^$|^Error: Standard output cannot be written/],
  ["{ spike completion bash; } | head -n 1 > /dev/null", /^$/, 0],
  ["spike secret 2> /dev/full", /^$/],
];

const LOG = "0".repeat(32);
const KEY = formatKey({ log: LOG, publicKey: new Uint8Array(32).fill(1) });

const FILES: Readonly<Record<string, string>> = {
  "file": "text\n",
  "deep.yaml": "[".repeat(100_000),
  "deep.json": `{"a":${"[".repeat(50_000)}`,
  "key.pem": "-----BEGIN PRIVATE KEY-----\nMC4CAQ: x\n-----END PRIVATE KEY-----\n",
  "proof.json": '{"kind":"inclusion","proof":[1,null,"!!"],"checkpoint":"x","record":-1}',
  "key.txt": `${KEY}\n`,
  [`logs/${LOG}/000000000000.log`]:
    'r \nr zz {"n":\nh {\nc {bad\n\u0000\nr 00000000 {"n":0,"time":"x"}\n{',
  "broken/supervisor.json": "{bad",
};

async function run(line: string, cwd: string) {
  const { command, env } = spikeProgram();
  const process = new Deno.Command("sh", {
    args: ["-c", `spike() { "${command}" "$@"; }\n${line}`],
    env: { ...env, SPIFFE_ENDPOINT_SOCKET: "unix:///nowhere", SPIKE_SPIFFE_SOURCE_TIMEOUT: "1s" },
    cwd,
    stdin: "null",
  });
  const { code, stdout, stderr } = await process.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: decode(stdout), err: decode(stderr) };
}

/**
 * The base of a compiled program ends at an argument that is not UTF-8, with a report of its own, before a line of this
 * program runs. It is refused all the same, and nothing is stored.
 */
function isRefusedByRuntime(expected: RegExp): boolean {
  return Deno.env.get("SPIKE_BIN") !== undefined &&
    /Argument \d is not valid/.test(expected.source);
}

Deno.test("no file, directory, pipe, limit or argument brings a stack trace", async (test) => {
  const directory = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(FILES)) {
      await Deno.mkdir(dirname(`${directory}/${name}`), { recursive: true });
      await Deno.writeTextFile(`${directory}/${name}`, text);
    }
    for (const [line, expected, code = 1] of TABLE) {
      if (isRefusedByRuntime(expected)) {
        await test.step(`${line}: refused by the runtime`, async () => {
          const { code, out } = await run(line, directory);
          assert.equal(out, "");
          assert.notEqual(code, 0);
        });
        continue;
      }
      await test.step(line, async () => {
        const ended = await run(line, directory);
        const told = ended.err;
        assert.match(told, expected);
        assert.doesNotMatch(told, /^ {4}at |Uncaught|\[31m|file:\/\/\//m);
        if (!line.includes(">&-")) assert.equal(ended.code, code, told);
      });
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
