import assert from "node:assert/strict";
import { spike } from "../fake_nexus.ts";

async function scriptFor(shell: string): Promise<string> {
  const { code, out, err } = await spike(["completion", shell]);
  assert.deepEqual({ code, err }, { code: 0, err: "" });
  return out;
}

/** Runs a shell on a text; undefined where it is not installed. */
async function runShell(shell: string, args: string[], input: string): Promise<string | undefined> {
  const directory = await Deno.makeTempDir();
  try {
    const file = `${directory}/script`;
    await Deno.writeTextFile(file, input);
    const command = new Deno.Command(shell, { args: [...args, file], cwd: directory });
    const { code, stdout, stderr } = await command.output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.equal(new TextDecoder().decode(stderr), "");
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** What bash offers for each line, whose last word is the one that is being typed. */
async function offeredByBash(lines: readonly string[][]): Promise<string[][]> {
  const asked = lines.map((words) => {
    const quoted = words.map((word) => `'${word}'`).join(" ");
    return `COMP_WORDS=(${quoted}); COMP_CWORD=${
      words.length - 1
    }; _spike; echo "\${COMPREPLY[*]}"`;
  });
  const out = await runShell("bash", ["--norc"], `${await scriptFor("bash")}\n${asked.join("\n")}`);
  return (out ?? "").split("\n").slice(0, lines.length)
    .map((line) => line.split(" ").filter((word) => word !== ""));
}

Deno.test("bash completes commands, options and values", async () => {
  const table: [string[], string[]][] = [
    [["spike", "se"], ["secret"]],
    [["spike", "co"], ["config", "completion"]],
    [["spike", "secret", "metadata", ""], ["get", "set", "help"]],
    [["spike", "secret", "get", "a/b", "--f"], ["--format"]],
    [["spike", "secret", "get", "a/b", "--format", ""], ["human", "json", "yaml"]],
    [["spike", "secret", "get", "a/b", "-f", "j"], ["json"]],
    [["spike", "secret", "get", "--format", "=", "y"], ["yaml"]],
    [["spike", "secret", "get", "--format", "="], ["human", "json", "yaml"]],
    [["spike", "config", "show", "n"], ["nexus"]],
    [["spike", "completion", ""], ["bash", "zsh", "fish", "powershell"]],
    [["spike", "policy", "get", "--name", ""], []],
    [["spike", "policy", "get", "--name", "list", "--fo"], ["--format"]],
    [["spike", "keeper", "--keeper-l"], ["--keeper-listen"]],
    [["spike", "nexus", "--check"], ["--check-config"]],
    [["spike", "help", "sta"], ["status"]],
    [["spike", "pu"], []],
  ];
  const offered = await offeredByBash(table.map(([words]) => words));
  table.forEach(([words, expected], i) => assert.deepEqual(offered[i], expected, words.join(" ")));
});

Deno.test("bash offers files where an option takes one", async () => {
  const [all] = await offeredByBash([["spike", "cipher", "encrypt", "--file", "scr"]]);
  assert.deepEqual(all, ["script"]);
});

Deno.test("what bash offers first is what the help of the program shows", async () => {
  const [offered] = await offeredByBash([["spike", ""]]);
  const { out } = await spike(["--help"]);
  const shown = out.slice(out.indexOf("\nCommands:\n")).matchAll(/^ {2}([a-z]+) .*$/gm);
  assert.deepEqual(
    offered?.toSorted(),
    [...[...shown].map(([, name]) => name), "nexus", "keeper", "bootstrap", "dev"].sort(),
  );
});

Deno.test("each script is valid where its shell is installed, and holds every command", async () => {
  const checks: [string, string[]][] = [
    ["bash", ["--norc", "-n"]],
    ["zsh", ["-f", "-n"]],
    ["fish", ["--no-config", "--no-execute"]],
  ];
  for (const [shell, args] of checks) {
    const script = await scriptFor(shell);
    assert.match(script, /spike secret metadata get/);
    if (await runShell(shell, args, script) === undefined) {
      console.log(`${shell} is not installed, so its script was not parsed`);
    }
  }
});

Deno.test("texts with quotes stay one word in every script", async () => {
  assert.match(
    await scriptFor("zsh"),
    /'completion:Print a shell'\\''s/,
  );
  assert.match(await scriptFor("fish"), /-d 'Print a shell\\'s/);
  assert.match(
    await scriptFor("powershell"),
    /'completion\|Print a shell''s/,
  );
});

Deno.test("a shell that is not known is refused", async () => {
  const { code, out, err } = await spike(["completion", "tcsh"]);
  assert.deepEqual({ code, out }, { code: 1, out: "" });
  assert.equal(err, 'Error: Shell is "tcsh", expected bash, zsh, fish or powershell\n');
});
