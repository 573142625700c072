import assert from "node:assert/strict";
import { join } from "node:path";
import { compileArguments } from "./compile.ts";
import { thinPackages } from "./thin_packages.ts";

Deno.test("the binary gets exactly the flags of the release, the workers, and no code cache", () => {
  const args = compileArguments(["roles/a/worker.ts"], ["--no-prompt", "--allow-net"]);
  const granted = args.filter((arg) => arg.startsWith("--allow") || arg === "-A");
  assert.deepEqual(granted, ["--allow-net"]);
  for (const arg of ["--no-prompt", "--include=roles/a/worker.ts", "--no-code-cache"]) {
    assert(args.includes(arg), arg);
  }
  assert.equal(args.at(-1), "main.ts");
});

Deno.test("packages keep their code and licences and lose types, sources, maps and prose", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(dir, "a/b/src"), { recursive: true });
    const kept = ["index.js", "index.cjs", "package.json", "LICENSE.md", "data.ts"];
    const lost = ["index.d.ts", "index.d.mts", "index.js.map", "README.md", "src/index.ts"];
    for (const name of [...kept, ...lost]) await Deno.writeTextFile(join(dir, "a/b", name), "12");
    assert.equal(await thinPackages(dir), 2 * lost.length);
    const left = [...Deno.readDirSync(join(dir, "a/b"))].map(({ name }) => name);
    assert.deepEqual(left.sort(), [...kept, "src"].sort());
    assert.equal(await thinPackages(dir), 0);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
