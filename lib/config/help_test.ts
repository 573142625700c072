import assert from "node:assert/strict";
import { serverHelp } from "./help.ts";
import { SETTINGS } from "./table.ts";

Deno.test("the help of a server role names each of its flags once and ends with an example", () => {
  for (const role of ["nexus", "keeper", "bootstrap"] as const) {
    const lines = serverHelp(role).trimEnd().split("\n");
    assert.equal(lines[0], `Usage: spike ${role} [flags]`);
    assert.match(lines.at(-1) ?? "", new RegExp(`^  \\$ .*spike ${role}`));
    for (const { name, roles } of SETTINGS) {
      const count = lines.filter((line) => line.startsWith(`  --${name} `)).length;
      assert.equal(count, roles.includes(role) ? 1 : 0, `${role} ${name}`);
    }
    assert.ok(lines.every((line) => line.length <= 120), role);
  }
});

Deno.test("the help shows variables and defaults", () => {
  const help = serverHelp("nexus");
  assert.match(help, /--workers +SPIKE_NEXUS_WORKERS +2\n/);
  assert.match(help, /--accept-empty-store +SPIKE_NEXUS_ACCEPT_EMPTY_STORE +false\n/);
});
