import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { settingsTable } from "../lib/config/mod.ts";
import { ROOT } from "./source_files.ts";
import { CONFIGURATION, GENERATED, withTable } from "./write_docs.ts";

for (const [path, table] of Object.entries(GENERATED)) {
  Deno.test(`the generated part of ${relative(ROOT, path)} is what is generated now`, () => {
    const page = Deno.readTextFileSync(path);
    const hint = "run: deno run --allow-read --allow-write scripts/write_docs.ts";
    assert.equal(page, withTable(page, table()), hint);
  });
}

Deno.test("a generated part is replaced whole, and a page without marks is refused", () => {
  const page = Deno.readTextFileSync(CONFIGURATION);
  const changed = withTable(page, "| other |\n");
  assert(changed.includes("\n\n| other |\n\n<!--") && !changed.includes("SPIKE_NEXUS_TLS_PORT"));
  assert.equal(withTable(changed, settingsTable()), page);
  assert.throws(() => withTable("# Settings\n", ""), /no marks/);
});

Deno.test("every link of README, CONTRIBUTING and the docs leads to a file", () => {
  const pages = ["README.md", "CONTRIBUTING.md", ...markdown("docs")];
  for (const page of pages) {
    const text = Deno.readTextFileSync(join(ROOT, page));
    for (const [, target = ""] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      assert(exists(join(ROOT, dirname(page), target)), `${page}: ${target}`);
    }
  }
});

function exists(path: string): boolean {
  try {
    return Deno.statSync(path) !== undefined;
  } catch {
    return false;
  }
}

function markdown(dir: string): string[] {
  return [...Deno.readDirSync(join(ROOT, dir))].flatMap((entry) => {
    const path = `${dir}/${entry.name}`;
    if (entry.isDirectory) return markdown(path);
    return path.endsWith(".md") ? [path] : [];
  });
}
