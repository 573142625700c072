import assert from "node:assert/strict";
import { askSupervisor } from "./control_client.ts";
import { openHome } from "./home.ts";

function open(dir: string, runtimeBase: string, stack: AsyncDisposableStack) {
  const env = {};
  return openHome({ dir, runtimeBase, keepers: 3, isReset: false, env, say: () => {} }, stack);
}

Deno.test("a file in place of the directory is refused in plain words, by supervisor and commands", async () => {
  const base = await Deno.makeTempDir();
  const file = `${base}/file`;
  await Deno.writeTextFile(file, "");
  for (const dir of [file, `${file}/below`]) {
    await using stack = new AsyncDisposableStack();
    await assert.rejects(open(dir, base, stack), {
      code: "fs_directory_creation_failed",
      message: /^Cannot use --dir /,
    });
    await assert.rejects(askSupervisor(dir, "kill", { name: "nexus" }), {
      code: "fs_file_open_failed",
      message: /^Cannot use --dir /,
    });
  }
  await Deno.remove(base, { recursive: true });
});

Deno.test("what a former supervisor told shells is gone before a new one does anything else", async () => {
  const base = await Deno.makeTempDir();
  await Deno.writeTextFile(`${base}/env`, "export STALE=1");
  // Not a directory, so that the very next step fails.
  await Deno.writeTextFile(`${base}/data`, "");
  await using stack = new AsyncDisposableStack();
  await assert.rejects(open(base, base, stack));
  await assert.rejects(Deno.stat(`${base}/env`), Deno.errors.NotFound);
  await stack.disposeAsync();
  await Deno.remove(base, { recursive: true });
});
