/** The runbook does what it says: its commands are executed as they stand, in one shell, from top to bottom. */
import assert from "node:assert/strict";
import { spikeProgram } from "../../scripts/program.ts";
import { temporaryDirectory } from "../e2e/harness.ts";

const PAGE = new URL("../../docs/runbook.md", import.meta.url);

/** A block of shell commands and the section it stands in. */
interface Block {
  readonly section: string;
  readonly commands: string;
}

/** The fenced blocks of a page that are shell. */
function blocksOf(page: string): Block[] {
  let section = "";
  const blocks: Block[] = [];
  for (const [, title, commands] of page.matchAll(/^## (.+)$|^```sh\n([\s\S]*?)^```$/gm)) {
    if (title !== undefined) section = title;
    else if (commands !== undefined) blocks.push({ section, commands });
  }
  return blocks;
}

/** Puts the program under its name into a directory, for a PATH. */
async function installSpike(directory: string): Promise<void> {
  const { command, env } = spikeProgram();
  const exports = Object.entries(env).map(([name, value]) => `export ${name}='${value}'\n`);
  const script = `#!/bin/sh\n${exports.join("")}exec '${command}' "$@"\n`;
  await Deno.writeTextFile(`${directory}/spike`, script, { mode: 0o755 });
}

Deno.test("every section of the runbook has commands", async () => {
  const page = await Deno.readTextFile(PAGE);
  const sections = [...page.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
  assert.deepEqual([...new Set(blocksOf(page).map(({ section }) => section))], sections);
  assert.ok(sections.length >= 9);
});

Deno.test("the runbook works as it stands, and leaves no shard on the disk in plain text", async () => {
  await using tmp = await temporaryDirectory();
  await Deno.mkdir(`${tmp.path}/bin`);
  await Deno.mkdir(`${tmp.path}/work`);
  await installSpike(`${tmp.path}/bin`);
  const blocks = blocksOf(await Deno.readTextFile(PAGE));
  const script = blocks.map(({ section, commands }) => `echo "## ${section}"\n${commands}`);
  // A command that fails ends it all, and whatever happens the system is taken down.
  const head = "set -eu\ntrap 'kill $(jobs -p) 2> /dev/null || true; wait' EXIT\n";
  await Deno.writeTextFile(`${tmp.path}/runbook.sh`, head + script.join("\n"));
  const passed = ["HOME", "USER", "TMPDIR", "DENO_DIR", "XDG_CACHE_HOME"]
    .map((name) => [name, Deno.env.get(name)] as const)
    .filter((entry): entry is [string, string] => entry[1] !== undefined);
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: [`${tmp.path}/runbook.sh`],
    cwd: `${tmp.path}/work`,
    env: {
      ...Object.fromEntries(passed),
      NO_COLOR: "1",
      PATH: `${tmp.path}/bin:${Deno.env.get("PATH")}`,
    },
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const told = new TextDecoder().decode(stdout);
  assert.equal(code, 0, `${told}\n${new TextDecoder().decode(stderr)}`);
  assert.match(told, /## Afterwards\n[\s\S]*State +: ready/);
  for (const path of filesBelow(`${tmp.path}/work`)) {
    const text = new TextDecoder("latin1").decode(await Deno.readFile(path));
    assert.doesNotMatch(text, /spike:\d+:[0-9a-f]{64}/i, path);
  }
});

function* filesBelow(dir: string): Generator<string> {
  for (const entry of Deno.readDirSync(dir)) {
    const path = `${dir}/${entry.name}`;
    if (entry.isDirectory) yield* filesBelow(path);
    else if (entry.isFile) yield path;
  }
}
