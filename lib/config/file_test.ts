import assert from "node:assert/strict";
import { parseSettingsFile } from "./file.ts";
import { loadSettings } from "./load.ts";
import { readSettingsFile } from "./read_file.ts";

function values(text: string): Record<string, string> {
  return { ...parseSettingsFile("spike.yaml", text).values };
}

Deno.test("a settings file maps names to texts, and lists are joined", () => {
  assert.deepEqual(
    values(`# a store of its own
workers: 0
accept-empty-store: true
data-dir: ~/store
keeper-peers:
  - https://k1:8554
  - https://k2:8554
trust-root: [a.org, b.org]
`),
    {
      "workers": "0",
      "accept-empty-store": "true",
      "data-dir": "~/store",
      "keeper-peers": "https://k1:8554,https://k2:8554",
      "trust-root": "a.org,b.org",
    },
  );
  for (const text of ["", "# nothing\n", "{}", "---\n"]) assert.deepEqual(values(text), {}, text);
});

Deno.test("what is wrong in a settings file is told with its line", () => {
  const table: [string, RegExp][] = [
    ["workers: 1\nworkers: 2\n", /^spike\.yaml:2: YAML is not valid: Map keys must be unique/],
    ["a: b\nworkers: {n: 1}\n", /^spike\.yaml:2: workers is neither text nor a list of texts$/],
    ["keeper-peers: [[a]]\n", /^spike\.yaml:1: keeper-peers is neither/],
    ["- workers\n", /^spike\.yaml: File is not a mapping/],
    ["a: 'b\n", /^spike\.yaml:\d: YAML is not valid/],
  ];
  for (const [text, message] of table) {
    assert.throws(() => values(text), { code: "config_invalid", message }, text);
  }
});

Deno.test("a flag or a variable names the file, and its values are weaker than both", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "log-level: debug\nkeeper-listen: 9000\n");
    const byFlag = { env: {}, flags: { "config-file": path } };
    const byVariable = { env: { SPIKE_CONFIG_FILE: path, SPIKE_SYSTEM_LOG_LEVEL: "error" } };
    assert.equal(await readSettingsFile("keeper", { env: {} }), undefined);
    for (const [sources, logLevel] of [[byFlag, "debug"], [byVariable, "error"]] as const) {
      const file = await readSettingsFile("keeper", sources);
      assert.ok(file !== undefined);
      const settings = loadSettings({ role: "keeper", ...sources, file });
      assert.equal(settings.logLevel, logLevel);
      assert.equal(settings.listen.port, 9000);
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a settings file that cannot be read is named", async () => {
  await assert.rejects(
    readSettingsFile("pilot", { env: { SPIKE_CONFIG_FILE: "/nowhere/s.yaml" } }),
    {
      code: "config_invalid",
      message: 'Settings file "/nowhere/s.yaml" cannot be read: it does not exist',
    },
  );
});

Deno.test("a settings file that is a private key is refused without a piece of it", () => {
  const files = [
    "# public key: age1x\nAGE-SECRET-KEY-1QQSECRETX\n",
    "-----BEGIN PRIVATE KEY-----\nMHcSECRETx:\n y\n-----END PRIVATE KEY-----\n",
    "a: 1\nAGE-SECRET-KEY-1QQSECRETX: {x: y}\n",
    'a: "\\QSECRET"\n',
    "a: *SECRET\n",
    "a: [b] SECRET\n",
  ];
  for (const text of files) {
    assert.throws(() => values(text), (error) => {
      assert.ok(error instanceof Error);
      assert.doesNotMatch(error.message, /SECRET[^-]/);
      return /^spike\.yaml/.test(error.message);
    }, text);
  }
});
