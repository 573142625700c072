/** Readers of YAML in other languages give back what this program wrote; each runs where it is installed. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { SAME } from "../../roles/pilot/terminal/_yaml_sample.ts";
import { toYaml } from "../../roles/pilot/terminal/yaml.ts";

const HERE = fileURLToPath(new URL("./yaml_readers", import.meta.url));

/** What a program made of its input; undefined where it cannot be run. */
async function run(
  [command = "", ...args]: readonly string[],
  input: string,
): Promise<string | undefined> {
  const options = {
    args,
    cwd: HERE,
    // Nothing is fetched: a reader that is not here is passed over.
    env: { GOPROXY: "off", GOFLAGS: "-mod=readonly" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  } as const;
  try {
    const process = new Deno.Command(command, options).spawn();
    const output = process.output();
    await new Blob([input]).stream().pipeTo(process.stdin);
    const { success, stdout, stderr } = await output;
    if (success) return new TextDecoder().decode(stdout);
    throw new Error(new TextDecoder().decode(stderr));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function isInstalled(command: readonly string[]): Promise<boolean> {
  try {
    return await run(command, "a: b\n") !== undefined;
  } catch {
    return false;
  }
}

const READERS = {
  "PyYAML": ["python3", "pyyaml.py"],
  "Go's yaml.v2": ["go", "run", ".", "v2"],
  "Go's yaml.v3": ["go", "run", ".", "v3"],
};

for (const [name, command] of Object.entries(READERS)) {
  Deno.test(`${name} reads back every text and key`, async () => {
    if (!await isInstalled(command)) return console.log(`${name} is not installed`);
    const data = {
      texts: SAME,
      keys: Object.fromEntries(SAME.map((text) => [text, text])),
      pairs: SAME.map((text) => ({ [text]: [text, { [text]: text }] })),
    };
    const read = JSON.parse(await run(command, `${toYaml(data)}\n`) ?? "");
    for (const [i, text] of SAME.entries()) assert.equal(read.texts[i], text);
    assert.deepEqual(read, data);
  });
}
