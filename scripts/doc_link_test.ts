import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";

const ROOT = join(import.meta.dirname ?? ".", "..");

async function markdownBelow(directory: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    const path = join(directory, name);
    if (isDirectory) found.push(...await markdownBelow(path));
    else if (name.endsWith(".md")) found.push(path);
  }
  return found;
}

/** Files that the pages link to, each with the pages that do. */
async function linksOf(pages: readonly string[]): Promise<Map<string, string[]>> {
  const links = new Map<string, string[]>();
  for (const page of pages) {
    const text = await Deno.readTextFile(page);
    for (const [, target = ""] of text.matchAll(/\]\(([^)#\s:]+)(?:#[^)]*)?\)/g)) {
      const file = join(dirname(page), target);
      links.set(file, [...links.get(file) ?? [], relative(ROOT, page)]);
    }
  }
  return links;
}

const pages = [
  ...await markdownBelow(join(ROOT, "docs")),
  join(ROOT, "README.md"),
  join(ROOT, "CONTRIBUTING.md"),
];
const links = await linksOf(pages);

Deno.test("every link of the documentation leads to a file", async () => {
  for (const [file, from] of links) {
    await assert.doesNotReject(Deno.stat(file), `${from.join(", ")} names ${relative(ROOT, file)}`);
  }
});

Deno.test("every decision is in the guide's list, and linked from what rests on it", () => {
  for (const page of pages.filter((page) => dirname(page).endsWith("decisions"))) {
    const name = relative(ROOT, page);
    const text = Deno.readTextFileSync(join(ROOT, "docs/README.md"));
    const list = text.slice(text.indexOf("\n## Decisions\n"));
    assert.ok(list.includes(relative(join(ROOT, "docs"), page)), `${name} is not in the list`);
    const from = (links.get(page) ?? []).filter((other) => !other.includes("decisions/"));
    // The list is one of them.
    assert.ok(from.length > 1, `${name} is linked from nowhere but the list`);
  }
});
