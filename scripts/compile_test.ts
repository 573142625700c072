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

Deno.test("packages keep their code and licences and lose types, sources, maps, prose and other builds", async () => {
  const dir = await Deno.makeTempDir();
  const always = ["index.d.ts", "index.d.mts", "index.js.map", "README.md", "src/index.ts"];
  const builds = ["index.umd.js", "index.min.mjs", "browser/index.js"];
  const required = ["index.cjs", "cjs/index.js"];
  const kept = ["index.js", "only.cjs", "LICENSE.md", "data.ts"];
  try {
    for (const name of ["hono", "other"]) {
      const home = join(dir, name, "1.0.0");
      for (const folder of ["src", "browser", "cjs"]) {
        await Deno.mkdir(join(home, folder), { recursive: true });
      }
      for (const file of [...always, ...builds, ...required, ...kept]) {
        await Deno.writeTextFile(join(home, file), "12");
      }
      const lost = [...always, ...builds, ...(name === "hono" ? required : [])];
      assert.equal(await thinPackages(dir), 2 * lost.length, name);
      for (const file of kept) assert.equal(Deno.readTextFileSync(join(home, file)), "12");
      assert.equal(await thinPackages(dir), 0);
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
