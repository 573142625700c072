/**
 * The help of every command, as one file to be reviewed as prose. After a change of help, rewrite the file:
 * `WRITE_GOLDEN=1 deno test -A tests/golden/help_test.ts`.
 */
import assert from "node:assert/strict";
import type { Command } from "commander";
import { serverHelp } from "../../lib/config/help.ts";
import { HELP as DEV_HELP } from "../../roles/dev/help.ts";
import { spike } from "../../roles/pilot/fake_nexus.ts";
import { createProgram } from "../../roles/pilot/program.ts";
import { realIo } from "../../roles/pilot/real_io.ts";

const FILE = new URL("help.txt", import.meta.url);

interface Named {
  readonly name: string;
  readonly isHidden: boolean;
}

/** All commands below one, itself first. */
function commandsOf(command: Command, name: string, isHidden = false): Named[] {
  const shown = new Set(command.createHelp().visibleCommands(command));
  return [
    { name, isHidden },
    ...command.commands.flatMap((child) =>
      commandsOf(child, `${name} ${child.name()}`, !shown.has(child))
    ),
  ];
}

async function allHelp(): Promise<string> {
  const parts: string[] = [];
  for (const { name, isHidden } of commandsOf(createProgram(realIo({})), "spike")) {
    const { out } = await spike([...name.split(" ").slice(1), "--help"]);
    parts.push(`$ ${name} --help${isHidden ? "  # hidden" : ""}\n${out}`);
  }
  for (const role of ["nexus", "keeper", "bootstrap"] as const) {
    parts.push(`$ spike ${role} --help\n${serverHelp(role)}`);
  }
  parts.push(`$ spike dev --help\n${DEV_HELP}`);
  return parts.map((part) => `${part.trimEnd()}\n`).join("\n");
}

Deno.test("the help of every command is as the golden file shows it", async () => {
  const help = await allHelp();
  if (Deno.env.get("WRITE_GOLDEN") !== undefined) await Deno.writeTextFile(FILE, help);
  assert.equal(
    help,
    await Deno.readTextFile(FILE),
    "Help has changed. Review it, then run: WRITE_GOLDEN=1 deno test -A tests/golden/help_test.ts",
  );
});
