import assert from "node:assert/strict";
import { settingsTable } from "./documentation.ts";
import { SETTINGS } from "./table.ts";

Deno.test("the settings table has one row for each setting, with variables, default and readers", () => {
  const lines = settingsTable().trimEnd().split("\n");
  assert.equal(lines.length, SETTINGS.length + 2);
  for (const line of lines) assert.equal(line.split(/(?<!\\)\|/).length, 7, line);
  assert.ok(lines.some((line) =>
    line.startsWith(
      "| `SPIKE_NEXUS_SHAMIR_SHARES`, `SPIKE_SHAMIR_SHARES` | `--shares` | `3` | nexus, bootstrap |",
    )
  ));
  assert.ok(lines.some((line) => line.includes("| `--data-dir` | `~/.spike/data` |")));
});
